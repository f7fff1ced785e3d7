/* server/jobs.c -- reads of jobs (incomplete ones from memory, the others from the store), and the
 * two acts upon them: submit and cancel. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/server.h"

struct end_waiter {
	struct list node;
	enum job_state previous;
	cancel_answer *answer;
	void *context;
};

static int need_yard(const struct server *s, struct err *e)
{
	return s->yard
		? 0
		: err_set(e, ERR_UNAVAILABLE,
			  "the server cannot read its state just now and tries again every second");
}

static void record_of(const struct live_job *live, const struct job *job, struct job_record *record)
{
	record->job = *job;
	record->spec = live->spec;
	record->progress = live->progress;
}

static int job_get(void *server, const char *id, struct arena *a, struct job_record *record,
	struct err *e)
{
	struct server *s = server;
	struct live_job *live = live_find(s, id);
	const struct job *job = s->yard ? yard_find(s->yard, id) : NULL;
	struct job_record *stored;
	if (live && job) {
		record_of(live, job, record);
		return 0;
	}
	if (store_job_get(s->store, id, a, &stored, e) < 0)
		return e->kind == ERR_NOT_FOUND
			? err_set(e, ERR_NOT_FOUND, "there is no job %s", id)
			: -1;
	*record = *stored;
	return 0;
}

static int job_inputs(void *server, struct job_record *record, struct arena *a, struct err *e)
{
	struct server *s = server;
	const struct live_job *live = live_find(s, record->job.id);
	struct job_record *stored;
	if (!live || !live->cold)
		return 0;
	if (store_job_get(s->store, record->job.id, a, &stored, e) < 0)
		return -1;
	record->spec.env_json = stored->spec.env_json;
	record->spec.config_json = stored->spec.config_json;
	return 0;
}

static int job_list(void *server, const struct job_query *query, struct arena *a,
	struct job_page *page, struct err *e)
{
	struct server *s = server;
	return store_job_list(s->store, query, a, page, e);
}

static void job_live_read(void *server, const char *id, struct arena *a, struct job_live *view)
{
	struct server *s = server;
	const struct live_job *live = live_find(s, id);
	const struct job *job = s->yard ? yard_find(s->yard, id) : NULL;
	char reason[256];
	*view = (struct job_live){ 0 };
	if (!live || !job)
		return;
	view->queue_position = yard_position(s->yard, job);
	if (yard_waiting_reason(s->yard, job, reason, sizeof(reason)))
		view->waiting_reason = arena_string(a, reason);
	if (live->attempt && job->state == JOB_RUNNING)
		view->process_pid = live->attempt->pid;
}

static int by_arrival(const void *left, const void *right)
{
	const struct job_record *a = left, *b = right;
	return (a->job.arrival > b->job.arrival) - (a->job.arrival < b->job.arrival);
}

static int queue_read(void *server, int limit, struct arena *a, struct queue_view *queue,
	struct err *e)
{
	struct server *s = server;
	struct yard_counts counts;
	const struct job *job;
	if (need_yard(s, e) < 0)
		return -1;
	yard_count(s->yard, &counts);
	int waiting = yard_queue_length(s->yard);
	int shown = waiting < limit ? waiting : limit;
	int busy = counts.jobs[JOB_RUNNING] + counts.jobs[JOB_PENDING];
	struct job_record *running = arena_array(a, struct job_record, busy);
	struct job_record *queued = arena_array(a, struct job_record, shown);
	int used = 0;
	size_t at = 0;
	while ((job = yard_each(s->yard, &at))) {
		bool has_slot = job->state == JOB_RUNNING || job->state == JOB_PENDING;
		if (has_slot && live_find(s, job->id))
			record_of(live_find(s, job->id), job, &running[used++]);
	}
	qsort(running, (size_t)used, sizeof(*running), by_arrival);
	for (int i = 0; i < shown; i++) {
		job = yard_queued_at(s->yard, i + 1);
		record_of(live_find(s, job->id), job, &queued[i]);
	}
	*queue = (struct queue_view){ .running = running,
		.running_count = used,
		.queued = queued,
		.queued_count = waiting,
		.queued_shown = shown,
		.slots = counts.slots };
	return 0;
}

static void submit(void *server, const struct submit_ask *ask, submit_answer *answer, void *context)
{
	turn_submit(server, ask, answer, context);
}

/* A cancellation under way: who asked gets its answer now, or when the job has ended. */
struct cancelling {
	struct server *server;
	char id[JOB_ID_BYTES];
	bool wait;
	cancel_answer *answer;
	void *context;
};

static void reply(cancel_answer *answer, void *context, enum cancel_outcome outcome,
	enum job_state previous, const char *detail)
{
	struct cancel_result result = { outcome, previous, detail };
	answer(context, &result, NULL);
}

static void wait_for_end(struct live_job *live, const struct cancelling *c, enum job_state previous)
{
	struct end_waiter *waiter = mem_alloc(sizeof(*waiter));
	*waiter = (struct end_waiter){ .previous = previous,
		.answer = c->answer,
		.context = c->context };
	list_append(&live->waiters, &waiter->node);
}

/* The yard did not hold it: it had ended before, or nobody ever submitted it. */
static void answer_from_store(struct cancelling *c)
{
	struct arena a = { 0 };
	struct job_record *record;
	struct err e;
	if (store_job_get(c->server->store, c->id, &a, &record, &e) < 0) {
		if (e.kind == ERR_NOT_FOUND)
			err_set(&e, ERR_NOT_FOUND, "there is no job %s", c->id);
		c->answer(c->context, NULL, &e);
	} else {
		reply(c->answer, c->context, CANCEL_WAS_OVER, record->job.state, NULL);
	}
	arena_finish(&a);
}

static void on_cancel_decided(void *context, enum job_state previous, const struct err *e)
{
	struct cancelling *c = context;
	struct live_job *live = live_find(c->server, c->id);
	if (e && e->kind == ERR_NOT_FOUND)
		answer_from_store(c);
	else if (e)
		c->answer(c->context, NULL, e);
	else if (!live)
		reply(c->answer, c->context, CANCEL_ENDED, previous, NULL);
	else if (c->wait)
		wait_for_end(live, c, previous);
	else
		reply(c->answer, c->context, CANCEL_REQUESTED, previous, NULL);
	free(c);
}

static void cancel(void *server, const struct cancel_ask *ask, cancel_answer *answer, void *context)
{
	struct cancelling *c = mem_alloc(sizeof(*c));
	*c = (struct cancelling){ .server = server,
		.wait = ask->wait,
		.answer = answer,
		.context = context };
	str_copy_cut(c->id, sizeof(c->id), ask->id);
	turn_event(server,
		&(struct event){ .kind = EV_CANCEL,
			.id = ask->id,
			.by = ask->by,
			.text = ask->reason,
			.grace_ms = ask->grace_ms },
		on_cancel_decided, c);
}

void jobs_tell_waiters(struct server *s, struct live_job *live, enum cancel_outcome outcome,
	const char *detail)
{
	(void)s;
	LIST_EACH(at, &live->waiters)
	{
		struct end_waiter *waiter = LIST_ITEM(at, struct end_waiter, node);
		list_remove(at);
		reply(waiter->answer, waiter->context, outcome, waiter->previous, detail);
		free(waiter);
	}
}

static bool is_orphan(struct server *s, const struct job *job)
{
	const struct live_job *live = live_find(s, job->id);
	return job->state == JOB_RUNNING && live && live->attempt && !live->ending &&
		!exec_is_live(s->exec, live->attempt);
}

/* Looks at the store, at the locks and at the processes at this very moment. */
static int check_health(struct server *s, struct arena *a, struct health_report *report,
	struct err *e)
{
	const struct job_query running = { .states = TO(RUNNING), .limit = 1 };
	struct moment now = loop_now();
	struct yard_counts counts;
	struct job_page page;
	const struct job *job;
	size_t at = 0;
	if (need_yard(s, e) < 0 || store_job_list(s->store, &running, a, &page, e) < 0)
		return -1;
	yard_count(s->yard, &counts);
	const char **orphaned = arena_array(a, const char *, counts.jobs[JOB_RUNNING]);
	const char **stale = arena_array(a, const char *, counts.jobs[JOB_PENDING]);
	*report = (struct health_report){ .orphaned_jobs = orphaned,
		.stale_pending = stale,
		.running_in_store = page.total,
		.running_in_memory = counts.jobs[JOB_RUNNING],
		.checked_wall_ms = now.wall_ms };
	int64_t limit_ms = s->config->number[CONFIG_pending_limit_seconds] * 1000;
	while ((job = yard_each(s->yard, &at))) {
		if (is_orphan(s, job))
			orphaned[report->orphaned_count++] = job->id;
		if (job->state == JOB_PENDING && now.wall_ms - job->pending_wall_ms > limit_ms)
			stale[report->stale_count++] = job->id;
	}
	return 0;
}

static void health(void *server, health_answer *answer, void *context)
{
	struct arena a = { 0 };
	struct health_report report;
	struct err e;
	if (check_health(server, &a, &report, &e) < 0)
		answer(context, NULL, &e);
	else
		answer(context, &report, NULL);
	arena_finish(&a);
}

void jobs_ports(struct ports *p)
{
	p->job_get = job_get;
	p->job_inputs = job_inputs;
	p->job_list = job_list;
	p->job_live = job_live_read;
	p->queue_read = queue_read;
	p->submit = submit;
	p->cancel = cancel;
	p->health = health;
}
