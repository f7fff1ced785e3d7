/* core/yard.c -- the yard's tables, and events taken apart. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/inside.h"

struct yard *yard_create(const struct yard_limits *limits)
{
	assert(limits->devices >= 0 && limits->devices <= JOB_DEVICES_MAX);
	struct yard *y = mem_alloc(sizeof(*y));
	y->limits = *limits;
	if (y->limits.pending_limit_ms <= 0)
		y->limits.pending_limit_ms = YARD_PENDING_LIMIT_MS;
	if (y->limits.kill_limit_ms <= 0)
		y->limits.kill_limit_ms = YARD_KILL_LIMIT_MS;
	return y;
}

void yard_destroy(struct yard *y)
{
	if (!y)
		return;
	for (size_t i = 0; i < y->chunk_count; i++)
		free(y->chunks[i]);
	free(y->chunks);
	free(y->active);
	queue_finish(&y->queue);
	map_finish(&y->by_id);
	free(y);
}

int64_t boot_after(struct moment now, int64_t ms)
{
	int64_t sum;
	return __builtin_add_overflow(now.boot_ms, ms, &sum) ? NEVER : sum;
}

int64_t wall_after(struct moment now, int64_t ms)
{
	int64_t sum;
	return __builtin_add_overflow(now.wall_ms, ms, &sum) ? INT64_MAX : sum;
}

bool job_is_live(const struct job *j)
{
	return j->state == JOB_PENDING || j->state == JOB_RUNNING ||
		(j->state == JOB_PAUSED && j->pause == PAUSE_FROZEN);
}

struct place *yard_place(const struct yard *y, const char *id)
{
	return map_get(&y->by_id, id);
}

static struct place *place_take(struct yard *y, const struct job *j)
{
	struct place *p = y->free;
	if (p) {
		y->free = p->next_free;
	} else {
		if (y->places_used == y->chunk_count * PLACES_PER_CHUNK) {
			y->chunks = mem_resize(y->chunks,
				(y->chunk_count + 1) * sizeof(struct place *));
			y->chunks[y->chunk_count++] = mem_array(PLACES_PER_CHUNK,
				sizeof(struct place));
		}
		p = &y->chunks[y->places_used / PLACES_PER_CHUNK]
			      [y->places_used % PLACES_PER_CHUNK];
		y->places_used++;
	}
	p->job = *j;
	p->due_boot_ms = NEVER;
	p->never_started = 0;
	map_put(&y->by_id, p->job.id, p);
	y->counts[j->state]++;
	return p;
}

static void place_free(struct yard *y, struct place *p)
{
	map_remove(&y->by_id, p->job.id);
	y->counts[p->job.state]--;
	p->next_free = y->free;
	y->free = p;
}

static void active_add(struct yard *y, struct place *p)
{
	if (y->active_count == y->active_room) {
		y->active_room = y->active_room ? y->active_room * 2 : 8;
		y->active = mem_resize(y->active, y->active_room * sizeof(*y->active));
	}
	p->active_at = y->active_count;
	y->active[y->active_count++] = p;
}

static void active_remove(struct yard *y, struct place *p)
{
	struct place *last = y->active[--y->active_count];
	y->active[p->active_at] = last;
	last->active_at = p->active_at;
}

/* Queue and active list follow the job's state. */
static void place_enter(struct yard *y, struct place *p)
{
	if (p->job.state == JOB_QUEUED)
		queue_add(&y->queue, &p->job);
	else if (job_is_live(&p->job))
		active_add(y, p);
}

static void place_leave(struct yard *y, struct place *p, bool was_live)
{
	if (p->job.state == JOB_QUEUED)
		queue_remove(&y->queue, &p->job);
	else if (was_live)
		active_remove(y, p);
}

static void row(struct step *s, struct place *p, enum job_state from, const char *by,
	const char *why)
{
	if (p == s->yard->fresh) {
		/* Its INSERT of this very step takes the new state along: one row write. */
		struct command *insert = &s->out->list[s->yard->fresh_at];
		insert->from = insert->to = p->job.state;
		insert->attempt = p->job.attempt;
		insert->job = p->job;
		return;
	}
	struct command *update = command_add(s->out, CMD_UPDATE, &p->job);
	update->from = from;
	str_copy_cut(update->by, sizeof(update->by), by);
	str_copy_cut(update->why, sizeof(update->why), why);
	command_add(s->out, CMD_PUBLISH, &p->job);
}

void place_become(struct step *s, struct place *p, enum job_state to, const char *by,
	const char *why)
{
	struct yard *y = s->yard;
	enum job_state from = p->job.state;
	assert(job_may_become(from, to));
	/* Every live job is in the active list, whatever was done to its fields meanwhile. */
	bool was_live = p->active_at < y->active_count && y->active[p->active_at] == p;
	place_leave(y, p, was_live);
	y->counts[from]--;
	y->counts[to]++;
	p->job.state = to;
	place_enter(y, p);
	row(s, p, from, by, why);
	if (job_state_in(to, JOB_SET_TERMINAL))
		place_free(y, p);
}

void place_changed(struct step *s, struct place *p, const char *by, const char *why)
{
	row(s, p, p->job.state, by, why);
}

static int on_load(struct step *s, struct err *e)
{
	struct yard *y = s->yard;
	const struct job *j = s->event->job;
	if (y->open)
		return err_set(e, ERR_STATE, "job %s cannot be loaded into an open yard", j->id);
	if (!job_state_in(j->state, JOB_SET_INCOMPLETE))
		return err_set(e, ERR_STATE, "job %s is %s: only incomplete jobs are loaded", j->id,
			job_state_name(j->state));
	if (job_is_live(j) && j->attempt == 0)
		return err_set(e, ERR_STATE, "job %s is %s without an attempt", j->id,
			job_state_name(j->state));
	if (yard_place(y, j->id))
		return err_set(e, ERR_CONFLICT, "job %s is there twice", j->id);
	struct place *p = place_take(y, j);
	place_enter(y, p);
	if (j->arrival > y->arrival_last)
		y->arrival_last = j->arrival;
	if (j->state == JOB_PENDING && j->stop.phase == STOP_NONE)
		p->due_boot_ms = boot_after(s->now, y->limits.pending_limit_ms);
	return 0;
}

static int may_submit(const struct yard *y, const struct job *j, struct err *e)
{
	if (yard_place(y, j->id))
		return err_set(e, ERR_CONFLICT, "job %s exists already", j->id);
	if (y->by_id.count >= (size_t)y->limits.jobs_max)
		return err_set(e, ERR_BUSY, "%zu jobs are waiting or running, the limit is %d",
			y->by_id.count, y->limits.jobs_max);
	if (j->gpus > y->limits.devices)
		return err_set(e, ERR_INVALID, "job %s wants %d GPUs, this machine has %d", j->id,
			j->gpus, y->limits.devices);
	if (j->arrival <= y->arrival_last)
		return err_set(e, ERR_INPUT, "job %s has arrival %llu, which is not above %llu",
			j->id, (unsigned long long)j->arrival, (unsigned long long)y->arrival_last);
	return 0;
}

static int on_submit(struct step *s, struct err *e)
{
	struct yard *y = s->yard;
	const struct job *asked = s->event->job;
	if (may_submit(y, asked, e))
		return -1;
	struct job j = {
		.state = JOB_QUEUED,
		.arrival = asked->arrival,
		.priority = asked->priority,
		.gpus = asked->gpus,
		.grace_ms = asked->grace_ms < 0 ? YARD_GRACE_MS : asked->grace_ms,
		.end.exit_code = -1,
		.created_wall_ms = asked->created_wall_ms,
	};
	str_copy_cut(j.id, sizeof(j.id), asked->id);
	struct place *p = place_take(y, &j);
	place_enter(y, p);
	y->arrival_last = j.arrival;
	y->fresh = p;
	y->fresh_at = s->out->count;
	struct command *insert = command_add(s->out, CMD_INSERT, &j);
	str_copy_cut(insert->by, sizeof(insert->by), s->event->by ? s->event->by : "");
	placement_run(s);
	y->fresh = NULL;
	command_add(s->out, CMD_PUBLISH, &p->job);
	return 0;
}

static void on_open(struct step *s)
{
	if (s->yard->open)
		return;
	s->yard->open = true;
	stops_go_on(s);
}

static int take_apart(struct step *s, struct err *e)
{
	switch (s->event->kind) {
	case EV_LOAD:
		return on_load(s, e);
	case EV_SUBMIT:
		return on_submit(s, e);
	case EV_CANCEL:
		return on_cancel(s, e);
	case EV_OPEN:
		on_open(s);
		return 0;
	case EV_STARTED:
		on_started(s);
		return 0;
	case EV_START_FAILED:
		on_start_failed(s);
		return 0;
	case EV_EXITED:
		on_exited(s);
		return 0;
	case EV_GONE:
		on_gone(s);
		return 0;
	case EV_UNKILLABLE:
		on_unkillable(s);
		return 0;
	case EV_TICK:
		on_tick(s);
		return 0;
	case EV_SLOTS:
		s->yard->limits.slots = s->event->slots;
		return 0;
	case EVENT_KIND_COUNT:
		break;
	}
	assert(!"an event of the list");
	return -1;
}

int yard_step(struct yard *y, const struct event *ev, struct moment now, struct commands *out,
	struct err *e)
{
	struct step s = { .yard = y, .event = ev, .now = now, .out = out };
	if (take_apart(&s, e))
		return -1;
	placement_run(&s);
	return 0;
}
