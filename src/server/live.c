/* server/live.c -- see live.h. */
#include "server/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/server.h"

/* Every text of a specification, so that copying and measuring name each once. */
#define SPEC_TEXTS(X)   \
	X(name)         \
	X(owner)        \
	X(command_json) \
	X(cwd) X(env_json) X(config_json) X(tags_json) X(group) X(notes) X(git_commit) X(host)

static size_t text_bytes(const struct job_spec *spec)
{
	size_t bytes = 0;
#define X(field) bytes += spec->field ? strlen(spec->field) + 1 : 0;
	SPEC_TEXTS(X)
#undef X
	return bytes;
}

static const char *put_text(char **to, const char *text)
{
	if (!text)
		return NULL;
	size_t bytes = strlen(text) + 1;
	char *at = memcpy(*to, text, bytes);
	*to += bytes;
	return at;
}

static void copy_spec(struct live_job *live, const struct job_spec *from)
{
	struct job_spec spec = *from;
	if (text_bytes(&spec) > LIVE_TEXT_BYTES_MAX && (spec.env_json || spec.config_json)) {
		live->cold = true;
		spec.env_json = spec.config_json = NULL;
	}
	char *at = live->text = mem_alloc(text_bytes(&spec));
#define X(field) spec.field = put_text(&at, spec.field);
	SPEC_TEXTS(X)
#undef X
	live->spec = spec;
}

struct live_job *live_find(struct server *s, const char *id)
{
	return map_get(&s->live, id);
}

struct live_job *live_add(struct server *s, const struct job_record *record)
{
	struct live_job *live = mem_alloc(sizeof(*live));
	memcpy(live->id, record->job.id, sizeof(live->id));
	live->progress = record->progress;
	list_init(&live->waiters);
	copy_spec(live, &record->spec);
	map_put(&s->live, live->id, live);
	return live;
}

static void destroy(struct live_job *live)
{
	ingest_forget(live->source);
	free(live->pace);
	free(live->attempt);
	free(live->text);
	free(live->refused);
	free(live);
}

void live_remove(struct server *s, struct live_job *live)
{
	map_remove(&s->live, live->id);
	destroy(live);
}

void live_remove_all(struct server *s)
{
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(&s->live, &at))) {
		/* Their clients were sent away: this frees what was kept for them. */
		jobs_tell_waiters(s, entry->value, CANCEL_REQUESTED, NULL);
		destroy(entry->value);
	}
	map_finish(&s->live);
}

void live_new_attempt(struct live_job *live, const struct attempt_record *attempt)
{
	if (!live->attempt)
		live->attempt = mem_alloc(sizeof(*live->attempt));
	if (!live->pace)
		live->pace = mem_alloc(sizeof(*live->pace));
	*live->attempt = *attempt;
	*live->pace = (struct progress_pace){ 0 };
	live->ending = live->started = live->no_room = false;
	free(live->refused);
	live->refused = NULL;
}
