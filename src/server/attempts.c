/* server/attempts.c -- what exec tells of attempts, turned into events for the core.
 *
 * An end is fed to the core only when all that the job wrote to its metrics file is durable, or
 * after DRAIN_MS: an end state is the last word about a job. exec repeats an end until it is
 * acknowledged, so an end that could not be kept comes again by itself. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "server/server.h"

#define DRAIN_MS 2000

struct end {
	struct server *server;
	struct event event;
	char id[JOB_ID_BYTES];
	char text[256];
	bool settling; /* the server does not serve before this end is kept */
};

static void on_started(void *context, const char *id, uint32_t attempt, int64_t pid,
	int64_t pid_start_ticks, int64_t wall_ms)
{
	struct server *s = context;
	struct live_job *live = live_find(s, id);
	if (!live || !live->attempt || live->attempt->number != attempt)
		return;
	live->attempt->pid = pid;
	live->attempt->pid_start_ticks = pid_start_ticks;
	live->attempt->started_wall_ms = wall_ms;
	live->started = true;
	turn_event(s,
		&(struct event){ .kind = EV_STARTED,
			.id = id,
			.attempt = attempt,
			.started_wall_ms = wall_ms },
		NULL, NULL);
}

static void settled_one(struct server *s)
{
	if (--s->unsettled == 0)
		server_settled(s);
}

/* Whether the end is kept or not, it may be told again from now on. */
static void on_end_decided(void *context, enum job_state previous, const struct err *e)
{
	struct end *end = context;
	struct live_job *live = live_find(end->server, end->id);
	(void)previous;
	if (live)
		live->ending = false;
	if (e)
		log_warn("job %s: its end could not be kept yet: %s", end->id, e->text);
	if (end->settling)
		settled_one(end->server);
	free(end);
}

static void on_drained(void *context)
{
	struct end *end = context;
	turn_event(end->server, &end->event, on_end_decided, end);
}

static void take_end(struct server *s, const struct event *event)
{
	struct live_job *live = live_find(s, event->id);
	struct err e;
	if (live && live->ending)
		return;
	struct end *end = mem_alloc(sizeof(*end));
	end->server = s;
	end->event = *event;
	str_copy_cut(end->id, sizeof(end->id), event->id);
	str_copy_cut(end->text, sizeof(end->text), event->text ? event->text : "");
	end->event.id = end->id;
	end->event.text = event->text ? end->text : NULL;
	if (live)
		live->ending = true;
	end->settling = s->settling;
	s->unsettled += end->settling;
	if (live && launch_follow_metrics(s, live, &e) < 0)
		log_warn("job %s: its last metrics cannot be read: %s", live->id, e.text);
	/* A job without metrics ends in the turn in which it was told, together with its start. */
	if (live && live->source && !ingest_is_drained(live->source))
		ingest_drain(live->source, DRAIN_MS, on_drained, end);
	else
		on_drained(end);
}

static void on_start_failed(void *context, const char *id, uint32_t attempt, const char *sentence)
{
	take_end(context,
		&(struct event){ .kind = EV_START_FAILED,
			.id = id,
			.attempt = attempt,
			.text = sentence });
}

static void on_exited(void *context, const char *id, uint32_t attempt, const struct exec_exit *x)
{
	take_end(context,
		&(struct event){
			.kind = EV_EXITED,
			.id = id,
			.attempt = attempt,
			.exit_code = x->known ? x->code : -1,
			.exit_signal = x->known ? x->signal : 0,
			.out_of_memory = x->out_of_memory,
			.started_wall_ms = x->started_wall_ms,
			.ended_wall_ms = x->ended_wall_ms,
		});
}

static void on_gone(void *context, const char *id, uint32_t attempt, enum gone_kind kind,
	const char *sentence)
{
	static const enum attempt_gone kinds[] = {
		[GONE_NEVER_STARTED] = ATTEMPT_NEVER_STARTED,
		[GONE_LOST] = ATTEMPT_LOST,
		[GONE_REBOOT] = ATTEMPT_REBOOT,
	};
	take_end(context,
		&(struct event){ .kind = EV_GONE,
			.id = id,
			.attempt = attempt,
			.gone = kinds[kind],
			.text = sentence });
}

static void on_unkillable(void *context, const char *id, uint32_t attempt, const char *what)
{
	turn_event(context,
		&(struct event){ .kind = EV_UNKILLABLE,
			.id = id,
			.attempt = attempt,
			.text = what },
		NULL, NULL);
}

const struct exec_events attempts_events = {
	.started = on_started,
	.start_failed = on_start_failed,
	.exited = on_exited,
	.gone = on_gone,
	.unkillable = on_unkillable,
};

static void on_settled(void *context, const char *id, uint32_t attempt, enum exec_found found)
{
	static const char *const words[] = {
		[FOUND_LIVE] = "goes on",
		[FOUND_ENDED] = "has ended meanwhile",
		[FOUND_SILENT] = "has a runner that does not answer yet",
	};
	log_info("job %s: attempt %u %s", id, attempt, words[found]);
	settled_one(context);
}

void attempts_adopt(struct server *s)
{
	size_t at = 0;
	const struct job *job;
	s->unsettled = 1;
	while ((job = yard_each(s->yard, &at))) {
		struct live_job *live = live_find(s, job->id);
		struct err e;
		bool had = job->state == JOB_PENDING || job->state == JOB_RUNNING ||
			job->pause == PAUSE_FROZEN;
		if (!had || !live || !live->attempt)
			continue;
		if (launch_follow_metrics(s, live, &e) < 0)
			log_warn("job %s: %s", job->id, e.text);
		s->unsettled++;
		exec_adopt(s->exec, live->attempt, on_settled);
	}
	settled_one(s);
}
