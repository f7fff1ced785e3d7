/* client/find.c -- see client_find: a job by id, by name, or by the beginning of its id. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define LISTED_MAX 5 /* candidates that an error tells */

/* What was found so far. An id that only begins with the word counts less than a name. */
struct search {
	const char *word;
	int by_name, by_prefix;
	char *name_id, *prefix_id;  /* of the newest one */
	struct buf names, prefixes; /* the candidates, for the error */
};

static void add_candidate(struct buf *list, int count, const struct job_facts *f)
{
	if (count <= LISTED_MAX)
		buf_format(list, "%s%.36s (%s, %s)", count > 1 ? ", " : "", f->id, f->name,
			f->status);
}

static void look_at(void *context, const struct job_facts *f)
{
	struct search *s = context;
	if (strcmp(f->name, s->word) == 0) {
		if (s->by_name++ == 0)
			s->name_id = mem_string(f->id);
		add_candidate(&s->names, s->by_name, f);
	} else if (strncmp(f->id, s->word, strlen(s->word)) == 0) {
		if (s->by_prefix++ == 0)
			s->prefix_id = mem_string(f->id);
		add_candidate(&s->prefixes, s->by_prefix, f);
	}
}

static int ambiguous(const char *word, int count, const struct buf *list, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "'%s' may be any of %d jobs; name one by its id: %s%s",
		word, count, list->bytes, count > LISTED_MAX ? ", ..." : "");
}

static int decide(const struct search *s, const char **id, struct err *e)
{
	if (s->by_name > 1)
		return ambiguous(s->word, s->by_name, &s->names, e);
	if (s->by_name == 0 && s->by_prefix > 1)
		return ambiguous(s->word, s->by_prefix, &s->prefixes, e);
	if (s->by_name == 0 && s->by_prefix == 0)
		return err_set(e, ERR_NOT_FOUND, "no job '%s': `trainyard ls --all` shows them all",
			s->word);
	*id = s->by_name ? s->name_id : s->prefix_id;
	return 0;
}

int client_find(struct client *c, const char *word, struct answer *a, struct job_facts *facts,
	struct err *e)
{
	struct err failure = { 0 };
	if (!*word)
		return err_set(e, ERR_INPUT, "a job's name may not be empty");
	if (str_is_id(str_of(word))) {
		if (client_job(c, word, a, facts, &failure) == 0)
			return 0;
		if (failure.kind != ERR_NOT_FOUND) {
			if (e)
				*e = failure;
			return -1;
		}
	}
	struct search s = { .word = word };
	const char *id = NULL;
	int failed = client_jobs(c, &(struct jobs_ask){ 0 }, look_at, &s, NULL, e);
	if (!failed)
		failed = decide(&s, &id, e);
	if (!failed)
		failed = client_job(c, id, a, facts, e);
	free(s.name_id);
	free(s.prefix_id);
	buf_finish(&s.names);
	buf_finish(&s.prefixes);
	return failed;
}
