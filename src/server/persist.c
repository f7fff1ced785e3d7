/* server/persist.c -- see persist.h.
 *
 * The turn's changes of memory are put off in server.changes until the commit has held. */
#include "server/persist.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/server.h"

struct persist_change {
	struct persist_change *next;
	char id[JOB_ID_BYTES];
	const struct submit_ask *insert; /* a new job; its job row is in `job` */
	struct job job;
	bool new_attempt;
	bool attempt_changed;
	struct attempt_record attempt;
	char token[AUTH_TOKEN_BYTES];
};

static struct persist_change *change_of(struct server *s, const char *id)
{
	for (struct persist_change *c = s->changes; c; c = c->next) {
		if (strcmp(c->id, id) == 0)
			return c;
	}
	struct persist_change *c = mem_alloc(sizeof(*c));
	str_copy_cut(c->id, sizeof(c->id), id);
	if (s->last_change)
		s->last_change->next = c;
	else
		s->changes = c;
	s->last_change = c;
	return c;
}

static int put_event(struct server *s, const struct command *c, const char *kind, const char *from,
	struct err *e)
{
	struct store_event event = {
		.at_wall_ms = loop_now().wall_ms,
		.job_id = c->job.id,
		.kind = kind,
		.who = c->by[0] ? c->by : NULL,
		.from = from,
		.to = job_state_name(c->job.state),
		.why = c->why[0] ? c->why : NULL,
	};
	return store_event_append(s->store, &event, e);
}

static int put_token(struct server *s, const struct job *job, const char *owner,
	struct persist_change *change, struct err *e)
{
	struct store_token token = { .created_wall_ms = loop_now().wall_ms };
	auth_token_make(change->token, token.hash);
	str_to_hex(token.id, token.hash, 16);
	str_copy_cut(token.user, sizeof(token.user), owner);
	str_copy_cut(token.role, sizeof(token.role), auth_role_name(AUTH_USER));
	str_copy_cut(token.label, sizeof(token.label), "job");
	str_copy_cut(token.job_id, sizeof(token.job_id), job->id);
	return store_token_put(s->store, &token, e);
}

/* The core chose the job: a runner is reserved and its nonce goes into the attempt's row, so that
 * whoever reads the row later knows where to look. */
static int begin_attempt(struct server *s, const struct job *job, const char *owner, struct err *e)
{
	struct persist_change *change = change_of(s, job->id);
	struct attempt_record *a = &change->attempt;
	*a = (struct attempt_record){
		.number = job->attempt,
		.state = JOB_PENDING,
		.devices = job->devices,
		.pending_wall_ms = job->pending_wall_ms,
		.end.exit_code = -1,
	};
	memcpy(a->job_id, job->id, sizeof(a->job_id));
	str_copy_cut(a->boot_id, sizeof(a->boot_id), exec_boot_id(s->exec));
	if (exec_reserve(s->exec, a->nonce, e) < 0)
		return -1;
	change->new_attempt = true;
	if (put_token(s, job, owner, change, e) < 0)
		return -1;
	return store_attempt_put(s->store, a, e);
}

int persist_insert(struct server *s, const struct command *c, const struct submit_ask *ask,
	struct err *e)
{
	struct job_record record = *ask->record;
	record.job = c->job;
	change_of(s, c->job.id)->insert = ask;
	change_of(s, c->job.id)->job = c->job;
	if (store_job_insert(s->store, &record, e) < 0 || put_event(s, c, "submitted", NULL, e) < 0)
		return -1;
	if (ask->idempotency_key) {
		struct store_idempotency key = { .created_wall_ms = c->job.created_wall_ms };
		str_copy_cut(key.owner, sizeof(key.owner), record.spec.owner);
		str_copy_cut(key.key, sizeof(key.key), ask->idempotency_key);
		str_copy_cut(key.job_id, sizeof(key.job_id), c->job.id);
		memcpy(key.body_hash, ask->body_hash, sizeof(key.body_hash));
		if (store_idempotency_expire(s->store, key.created_wall_ms, e) < 0 ||
			store_idempotency_put(s->store, &key, e) < 0)
			return -1;
	}
	return c->job.state == JOB_PENDING ? begin_attempt(s, &c->job, record.spec.owner, e) : 0;
}

/* The attempt's own row follows the job's, and keeps its own end. */
static int follow_attempt(struct server *s, const struct command *c, struct err *e)
{
	struct live_job *live = live_find(s, c->job.id);
	struct persist_change *change = change_of(s, c->job.id);
	if (!change->new_attempt && !change->attempt_changed) {
		if (!live || !live->attempt)
			return 0;
		change->attempt = *live->attempt;
	}
	struct attempt_record *a = &change->attempt;
	a->state = c->to;
	if (c->to == JOB_RUNNING) {
		if (a->started_wall_ms == 0)
			a->started_wall_ms = c->job.started_wall_ms;
	} else {
		a->end = c->job.end;
		a->ended_wall_ms = c->job.ended_wall_ms ? c->job.ended_wall_ms : loop_now().wall_ms;
	}
	change->attempt_changed = true;
	return store_attempt_put(s->store, a, e);
}

int persist_update(struct server *s, const struct command *c, struct err *e)
{
	if (store_job_update(s->store, &c->job, e) < 0)
		return -1;
	if (put_event(s, c, c->from == c->to ? "stop" : "state", job_state_name(c->from), e) < 0)
		return -1;
	if (c->from == c->to)
		return 0;
	if (c->to == JOB_PENDING) {
		struct live_job *live = live_find(s, c->job.id);
		const struct persist_change *change = change_of(s, c->job.id);
		const char *owner = live ? live->spec.owner : change->insert->record->spec.owner;
		return begin_attempt(s, &c->job, owner, e);
	}
	bool had_attempt = c->from == JOB_PENDING || c->from == JOB_RUNNING ||
		(c->from == JOB_PAUSED && c->job.attempt > 0);
	return had_attempt ? follow_attempt(s, c, e) : 0;
}

void persist_keep(struct server *s)
{
	while (s->changes) {
		struct persist_change *c = s->changes;
		struct live_job *live = live_find(s, c->id);
		s->changes = c->next;
		if (c->insert) {
			struct job_record record = *c->insert->record;
			record.job = c->job;
			live = live_add(s, &record);
		}
		if (live && c->new_attempt) {
			live_new_attempt(live, &c->attempt);
			memcpy(live->token, c->token, sizeof(live->token));
		} else if (live && c->attempt_changed) {
			*live->attempt = c->attempt;
		}
		free(c);
	}
	s->last_change = NULL;
}

void persist_forget(struct server *s)
{
	while (s->changes) {
		struct persist_change *c = s->changes;
		s->changes = c->next;
		if (c->new_attempt)
			exec_unreserve(s->exec, c->attempt.nonce);
		free(c);
	}
	s->last_change = NULL;
}
