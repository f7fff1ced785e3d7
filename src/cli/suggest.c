/* cli/suggest.c -- see suggest.h. */
#include "cli/suggest.h"

#include <string.h>

#define WORD_MAX 40

int edit_distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	int cost[WORD_MAX + 1][WORD_MAX + 1];
	if (m > WORD_MAX || n > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= m; i++)
		cost[i][0] = (int)i;
	for (size_t j = 0; j <= n; j++)
		cost[0][j] = (int)j;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 1; j <= n; j++) {
			int best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (cost[i - 1][j] + 1 < best)
				best = cost[i - 1][j] + 1;
			if (cost[i][j - 1] + 1 < best)
				best = cost[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				cost[i - 2][j - 2] + 1 < best)
				best = cost[i - 2][j - 2] + 1;
			cost[i][j] = best;
		}
	}
	return cost[m][n];
}

/* A third of a word may be wrong; less than that is another word. */
struct suggestion suggestion_for(const char *typed)
{
	return (struct suggestion){ .typed = typed, .distance = (int)(strlen(typed) + 5) / 3 };
}

void suggestion_try(struct suggestion *s, const char *word)
{
	int distance = edit_distance(s->typed, word);
	/* "subm" is not near "submit" by letters, but it is its beginning. */
	if (strlen(s->typed) >= 2 && strncmp(s->typed, word, strlen(s->typed)) == 0)
		distance = 1;
	if (distance < s->distance) {
		s->distance = distance;
		s->word = word;
	}
}
