/* server/turn.c -- see turn.h. */
#include "server/turn.h"

#include <string.h>

#include "base/log.h"
#include "server/persist.h"
#include "server/server.h"

#define REOPEN_MS 1000 /* doubled each time in a row, up to: */
#define PAUSE_MS_MAX 4000

struct turn_entry {
	struct turn_entry *next;
	struct event event;
	enum job_state previous;
	struct err err; /* kind NONE = accepted */
	turn_done *done;
	void *context;
	const struct submit_ask *ask; /* a submission, else NULL */
	submit_answer *answer;
	struct job job;      /* the submission's, completed */
	const char *repeats; /* the id of the job that had the key before */
	bool is_twin;        /* ... in this very turn, which must be kept first */
};

static void turn_run(void *context);

static struct turn_entry *append(struct server *s)
{
	struct turn *t = &s->turn;
	struct turn_entry *entry = arena_new(&t->memory, struct turn_entry);
	if (t->last)
		t->last->next = entry;
	else
		t->first = entry;
	t->last = entry;
	if (!t->due) {
		t->due = true;
		loop_defer(s->loop, turn_run, s);
	}
	return entry;
}

void turn_event(struct server *s, const struct event *event, turn_done *done, void *context)
{
	struct turn_entry *entry = append(s);
	entry->event = *event;
	entry->event.id = arena_string(&s->turn.memory, event->id);
	entry->event.by = arena_string(&s->turn.memory, event->by);
	entry->event.text = arena_string(&s->turn.memory, event->text);
	entry->done = done;
	entry->context = context;
}

void turn_submit(struct server *s, const struct submit_ask *ask, submit_answer *answer,
	void *context)
{
	struct turn_entry *entry = append(s);
	entry->ask = ask;
	entry->answer = answer;
	entry->context = context;
}

/* The same key earlier in this turn, by the one that made its job: it is not in the store yet. */
static const struct turn_entry *twin_of(const struct turn_entry *first,
	const struct turn_entry *entry)
{
	for (const struct turn_entry *at = first; at != entry; at = at->next) {
		if (at->ask && at->err.kind == ERR_NONE && !at->repeats &&
			at->ask->idempotency_key &&
			strcmp(at->ask->idempotency_key, entry->ask->idempotency_key) == 0 &&
			strcmp(at->ask->record->spec.owner, entry->ask->record->spec.owner) == 0)
			return at;
	}
	return NULL;
}

/* 1: the key was used for this very body before, entry->repeats says by whom. 0: go on. */
static int look_up_key(struct server *s, const struct turn_entry *first, struct turn_entry *entry)
{
	const struct submit_ask *ask = entry->ask;
	struct store_idempotency before;
	struct err e;
	const uint8_t *hash = before.body_hash;
	const char *id = before.job_id;
	const struct turn_entry *twin = twin_of(first, entry);
	if (twin) {
		hash = twin->ask->body_hash;
		id = twin->job.id;
	} else if (store_idempotency_get(s->store, ask->record->spec.owner, ask->idempotency_key,
			   loop_now().wall_ms, &before, &e) < 0) {
		if (e.kind == ERR_NOT_FOUND)
			return 0;
		entry->err = e;
		return -1;
	}
	if (memcmp(hash, ask->body_hash, AUTH_HASH_BYTES) != 0)
		return err_set(&entry->err, ERR_CONFLICT,
			"the Idempotency-Key \"%.100s\" was used for another request",
			ask->idempotency_key);
	entry->repeats = arena_string(&s->turn.memory, id);
	entry->is_twin = twin != NULL;
	return 1;
}

/* Beginning is when the store looks whether there is room again. New work is refused before it is
 * decided: it must not take the ends of this turn down with it. */
static int need_room(struct server *s, struct err *e)
{
	if (!store_disk_is_full(s->store))
		return 0;
	if (store_begin(s->store, e) == 0)
		store_rollback(s->store);
	return store_disk_is_full(s->store)
		? err_set(e, ERR_DISK_FULL,
			  "the disk that holds the server's state is full: "
			  "no new job can be kept until there is room")
		: 0;
}

static int prepare_submission(struct server *s, const struct turn_entry *first,
	struct turn_entry *entry)
{
	const struct submit_ask *ask = entry->ask;
	struct arena a = { 0 };
	struct job_record *taken;
	struct err e;
	if (ask->idempotency_key) {
		int found = look_up_key(s, first, entry);
		if (found != 0)
			return found;
	}
	int status = store_job_get(s->store, ask->record->job.id, &a, &taken, &e);
	arena_finish(&a);
	if (status == 0)
		return err_set(&entry->err, ERR_CONFLICT, "there is a job %s already",
			ask->record->job.id);
	if (e.kind != ERR_NOT_FOUND) {
		entry->err = e;
		return -1;
	}
	entry->job = ask->record->job;
	entry->job.arrival = store_arrival_next(s->store);
	entry->job.created_wall_ms = loop_now().wall_ms;
	if (entry->job.grace_ms < 0)
		entry->job.grace_ms = s->config->number[CONFIG_grace_seconds] * 1000;
	entry->event = (struct event){ .kind = EV_SUBMIT,
		.id = entry->job.id,
		.job = &entry->job,
		.by = ask->record->spec.owner };
	return 0;
}

static void decide(struct server *s, const struct turn_entry *first, struct turn_entry *entry)
{
	if (!s->yard) {
		err_set(&entry->err, ERR_UNAVAILABLE,
			"the server cannot read its state just now and tries again every second");
		return;
	}
	if (entry->ask &&
		(need_room(s, &entry->err) < 0 || prepare_submission(s, first, entry) != 0))
		return;
	const struct job *job = entry->event.id ? yard_find(s->yard, entry->event.id) : NULL;
	entry->previous = job ? job->state : JOB_QUEUED;
	yard_step(s->yard, &entry->event, loop_now(), &s->turn.commands, &entry->err);
}

static const struct submit_ask *ask_of(const struct turn_entry *first, const char *id)
{
	for (const struct turn_entry *at = first; at; at = at->next) {
		if (at->ask && !at->repeats && at->err.kind == ERR_NONE &&
			strcmp(at->job.id, id) == 0)
			return at->ask;
	}
	return NULL;
}

static int persist(struct server *s, const struct turn_entry *first, struct err *e)
{
	const struct commands *commands = &s->turn.commands;
	bool rows = false;
	for (size_t i = 0; i < commands->count; i++)
		rows |= command_is_row(commands->list[i].kind);
	if (!rows)
		return 0;
	if (store_begin(s->store, e) < 0)
		return -1;
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *c = &commands->list[i];
		int status = 0;
		if (c->kind == CMD_INSERT)
			status = persist_insert(s, c, ask_of(first, c->job.id), e);
		else if (c->kind == CMD_UPDATE)
			status = persist_update(s, c, e);
		if (status < 0) {
			store_rollback(s->store);
			return -1;
		}
	}
	return store_commit(s->store, e);
}

/* What exec does not have was never handed to it, and its end not acknowledged: it never
 * started. */
static void stop(struct server *s, const struct command *c)
{
	int64_t grace_ms = c->kind == CMD_KILL ? 0 : c->grace_ms;
	if (!exec_stop(s->exec, c->job.id, c->attempt, grace_ms))
		turn_event(s,
			&(struct event){ .kind = EV_GONE,
				.id = c->job.id,
				.attempt = c->attempt,
				.gone = ATTEMPT_NEVER_STARTED },
			NULL, NULL);
}

static void act(struct server *s, const struct command *c)
{
	struct live_job *live = live_find(s, c->job.id);
	switch (c->kind) {
	case CMD_START:
		launch(s, &c->job);
		break;
	case CMD_STOP:
	case CMD_KILL:
		stop(s, c);
		break;
	case CMD_ACK:
		exec_acknowledge(s->exec, c->job.id, c->attempt);
		break;
	case CMD_OVERDUE:
		if (live)
			jobs_tell_waiters(s, live, CANCEL_STILL_ALIVE, c->why);
		break;
	case CMD_PUBLISH:
		if (!live || !job_state_in(c->job.state, JOB_SET_TERMINAL))
			break;
		jobs_tell_waiters(s, live, CANCEL_ENDED, NULL);
		live_remove(s, live);
		logs_job_ended(s, c->job.id);
		break;
	default:
		break;
	}
}

/* Starts go first: their runners set to work while the rest is told. No other act of a turn is for
 * the attempt that it starts, but a stop, which comes after it in any case. */
static void act_all(struct server *s, const struct commands *commands)
{
	for (int starts = 1; starts >= 0; starts--) {
		for (size_t i = 0; i < commands->count; i++) {
			if ((commands->list[i].kind == CMD_START) == starts)
				act(s, &commands->list[i]);
		}
	}
}

/* Readers and new jobs are served at once; what the core would do by itself (start what waits)
 * waits a little, so that a store that keeps failing is not asked without a pause. */
static void rebuild(struct server *s)
{
	struct err e;
	yard_destroy(s->yard);
	s->yard = NULL;
	if (!server_load_yard(s, &e))
		log_error("cannot read the jobs back: %s; trying again", e.text);
	s->pause_ms = s->pause_ms == 0 ? REOPEN_MS : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MS_MAX)
		s->pause_ms = PAUSE_MS_MAX;
	loop_timer_at(s->reopen, loop_now().boot_ms + s->pause_ms);
}

void turn_reopen(void *context)
{
	struct server *s = context;
	if (s->yard)
		server_open_yard(s);
	else
		rebuild(s);
}

static void answer(const struct turn_entry *entry)
{
	const struct err *e = entry->err.kind == ERR_NONE ? NULL : &entry->err;
	if (entry->answer)
		entry->answer(entry->context, entry->repeats ? entry->repeats : entry->job.id,
			entry->repeats != NULL, e);
	else if (entry->done)
		entry->done(entry->context, entry->previous, e);
}

static void carry_out(struct server *s, struct turn_entry *first)
{
	struct turn *t = &s->turn;
	struct err e;
	for (struct turn_entry *entry = first; entry; entry = entry->next)
		decide(s, first, entry);
	if (persist(s, first, &e) < 0) {
		log_error("nothing of this turn was kept: %s", e.text);
		for (struct turn_entry *entry = first; entry; entry = entry->next) {
			if (entry->err.kind == ERR_NONE && (!entry->repeats || entry->is_twin))
				entry->err = e;
		}
		persist_forget(s);
		rebuild(s);
	} else {
		persist_keep(s);
		act_all(s, &t->commands);
	}
	for (struct turn_entry *entry = first; entry; entry = entry->next)
		answer(entry);
	commands_clear(&t->commands);
	if (s->pause)
		rebuild(s);
	s->pause = false;
}

/* What acts and answers queue comes into the next batch, which is still this turn's. */
static void turn_run(void *context)
{
	struct server *s = context;
	struct turn *t = &s->turn;
	struct turn_entry *first = t->first;
	struct arena memory = t->memory;
	t->first = t->last = NULL;
	t->memory = (struct arena){ 0 };
	t->due = false;
	carry_out(s, first);
	arena_finish(&memory);
	server_arm_deadline(s);
}

void turn_finish(struct turn *t)
{
	arena_finish(&t->memory);
	commands_finish(&t->commands);
	t->first = t->last = NULL;
}
