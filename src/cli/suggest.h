/* cli/suggest.h -- which known word a mistyped one is nearest to. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

struct suggestion {
	const char *typed;
	const char *word; /* the nearest so far; NULL = none is near */
	int distance;
};

struct suggestion suggestion_for(const char *typed);
void suggestion_try(struct suggestion *s, const char *word);

/* Letters to insert, drop, change, or swap with a neighbour. */
int edit_distance(const char *a, const char *b);

#endif
