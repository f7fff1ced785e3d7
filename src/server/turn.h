/* server/turn.h -- a turn of the loop: its events are decided together and committed together.
 *
 * Events are only queued when they come. At the end of the turn, in one go: the core decides each,
 * the rows of all of them become one transaction, and after its commit the acts are carried out and
 * the answers given. So readers never see what is not on disk, and a group of submissions shares
 * one sync. If the commit fails nobody's event happened: each is told so, and the yard is made anew
 * from the store. */
#ifndef SERVER_TURN_H
#define SERVER_TURN_H

#include "api/ports.h"
#include "base/arena.h"
#include "core/yard.h"

struct server;

/* previous: the job's state before its event (for an event about a job that the yard held). e is
 * NULL when the event was accepted and is durable. */
typedef void turn_done(void *context, enum job_state previous, const struct err *e);

struct turn_entry;

struct turn {
	struct turn_entry *first, *last;
	struct arena memory; /* of the entries and their texts */
	struct commands commands;
	bool due; /* turn_run is deferred */
};

/* What the event borrows is copied; `job` is not for turn_event. done may be NULL. */
void turn_event(struct server *s, const struct event *event, turn_done *done, void *context);

/* A submission: its idempotency key and its id are looked at when its turn comes. */
void turn_submit(struct server *s, const struct submit_ask *ask, submit_answer *answer,
	void *context);

/* A while after a commit failed: opens the yard that was made anew. A loop_fn. */
void turn_reopen(void *server);

void turn_finish(struct turn *t);

#endif
