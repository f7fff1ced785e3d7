/* tests/sim/judge.c -- what must never happen, asked at every row, act, execution and turn. */
#include <stdio.h>

#include "sim/sim.h"

int sim_job_of(const char *id)
{
	return (id[1] - '0') * 10 + (id[2] - '0');
}

static bool is_live(const struct sim_job *j)
{
	return j->stored && (j->row.state == JOB_PENDING || j->row.state == JOB_RUNNING);
}

static int wanted(const struct sim *s, const struct job *j)
{
	return j->gpus >= 0 ? j->gpus : s->server.devices > 0;
}

/* A reservation that is about to become durable. */
static void judge_reservation(struct sim *s, const struct job *new, const struct sim_job *of)
{
	int live = 1;
	if (new->attempt != (of->stored ? of->row.attempt : 0) + 1)
		sim_violation(s, "job %s goes from attempt %u to %u", of->id, of->row.attempt,
			new->attempt);
	if (__builtin_popcountll(new->devices) != wanted(s, new))
		sim_violation(s, "job %s wants %d devices and has the bits %llx", of->id,
			wanted(s, new), (unsigned long long)new->devices);
	if (s->server.devices < 64 && new->devices >> s->server.devices)
		sim_violation(s, "job %s has a device that does not exist", of->id);
	for (int i = 0; i < s->job_count; i++) {
		const struct sim_job *other = &s->job[i];
		if (other == of || !is_live(other))
			continue;
		live++;
		if (other->row.devices & new->devices)
			sim_violation(s, "jobs %s and %s have the same device", of->id, other->id);
	}
	if (live > s->server.slots)
		sim_violation(s, "%d jobs hold %d slots", live, s->server.slots);
	for (int i = 0; i < s->job_count; i++) {
		const struct sim_job *other = &s->job[i];
		if (other == of || !other->stored || other->row.state != JOB_QUEUED)
			continue;
		if (other->row.priority > new->priority ||
			(other->row.priority == new->priority && other->row.arrival < new->arrival))
			sim_violation(s, "job %s starts before %s, which is ahead of it", of->id,
				other->id);
	}
}

static bool end_is_true(const struct sim_job *j, const struct job *end)
{
	const struct sim_attempt *a = &j->attempt[end->attempt];
	bool recorded = end->attempt > 0 && end->attempt <= j->attempts && a->run == RUN_ENDED;
	bool same = recorded && end->end.exit_code == a->exit_code &&
		end->end.exit_signal == a->exit_signal && end->ended_wall_ms == a->ended_wall_ms;
	switch (end->end.reason) {
	case END_COMPLETED:
		return same && a->exit_code == 0;
	case END_EXIT_CODE:
		return same && a->exit_code > 0;
	case END_SIGNAL:
		return same && a->exit_signal > 0;
	case END_PROCESS_LOST:
		return a->run == RUN_LOST;
	case END_HOST_REBOOT:
		return a->run == RUN_REBOOTED;
	case END_START_FAILED:
		return a->run == RUN_START_FAILED || a->run == RUN_VOID;
	case END_STUCK_PENDING:
		return a->run >= RUN_ENDED && !(recorded && a->exit_code == 0);
	case END_CANCELLED:
		return j->cancel_asked && (!recorded || same);
	default:
		return false;
	}
}

static void judge_ending(struct sim *s, const struct job *end, const struct sim_job *j)
{
	if (j->alive > 0)
		sim_violation(s, "job %s is %s while it lives", j->id, job_state_name(end->state));
	for (uint32_t i = 1; i <= j->attempts; i++) {
		if (j->attempt[i].run == RUN_LAUNCHED)
			sim_violation(s, "job %s is %s while attempt %u may still start", j->id,
				job_state_name(end->state), i);
	}
	if ((end->state == JOB_COMPLETED) != (end->end.reason == END_COMPLETED) ||
		(end->state == JOB_CANCELLED) != (end->end.reason == END_CANCELLED) ||
		!end_is_true(j, end))
		sim_violation(s,
			"job %s is said to be %s (%s, code %d, signal %d), which is not true",
			j->id, job_state_name(end->state), end_reason_name(end->end.reason),
			end->end.exit_code, end->end.exit_signal);
	if (end->devices || end->stop.phase != STOP_NONE)
		sim_violation(s, "job %s has ended and still holds something", j->id);
}

/* What no event of a job's day may change. */
static void judge_fixed_fields(struct sim *s, const struct job *new, const struct sim_job *j)
{
	if (new->arrival != j->row.arrival || new->priority != j->row.priority ||
		new->gpus != j->row.gpus || new->created_wall_ms != j->row.created_wall_ms)
		sim_violation(s, "job %s has lost its place or its wishes", j->id);
	if (j->row.started_wall_ms && new->started_wall_ms != j->row.started_wall_ms)
		sim_violation(s, "job %s has started once more", j->id);
}

static void judge_queued(struct sim *s, const struct job *new, const struct sim_job *j)
{
	if (new->stop.phase != STOP_NONE || new->devices)
		sim_violation(s, "job %s is queued and holds devices or a stop", j->id);
	if (j->stored && j->row.stop.phase != STOP_NONE)
		sim_violation(s, "job %s is queued again though it was to be stopped", j->id);
	if (j->stored && j->attempt[new->attempt].run != RUN_VOID)
		sim_violation(s, "job %s is queued again though it may have started", j->id);
}

void judge_row(struct sim *s, const struct command *c)
{
	struct sim_job *j = &s->job[sim_job_of(c->job.id)];
	const struct job *new = &c->job;
	if ((c->kind == CMD_INSERT) == j->stored)
		sim_violation(s, "job %s is inserted twice or updated before", j->id);
	if (new->state != c->to)
		sim_violation(s, "job %s is %s in a row that says %s", j->id,
			job_state_name(new->state), job_state_name(c->to));
	if (c->kind == CMD_UPDATE && c->from != j->row.state)
		sim_violation(s, "job %s is %s on disk, not %s", j->id,
			job_state_name(j->row.state), job_state_name(c->from));
	if (j->stored && job_state_in(j->row.state, JOB_SET_TERMINAL))
		sim_violation(s, "job %s has ended and is written again", j->id);
	if (c->kind == CMD_UPDATE && c->from != c->to && !job_may_become(c->from, c->to))
		sim_violation(s, "job %s went from %s to %s", j->id, job_state_name(c->from),
			job_state_name(c->to));
	if (new->state == JOB_PENDING && (!j->stored || j->row.state == JOB_QUEUED))
		judge_reservation(s, new, j);
	if (j->stored)
		judge_fixed_fields(s, new, j);
	if (new->state == JOB_QUEUED)
		judge_queued(s, new, j);
	int64_t kill_at_ms = s->now_ms + new->stop.grace_ms;
	if (new->stop.phase == STOP_TERMINATING &&
		(j->kill_at_ms == 0 || kill_at_ms < j->kill_at_ms))
		j->kill_at_ms = kill_at_ms;
	if (job_state_in(new->state, JOB_SET_TERMINAL))
		judge_ending(s, new, j);
}

void judge_execution(struct sim *s, int job, uint32_t attempt)
{
	const struct sim_job *j = &s->job[job];
	if (j->executions > 0)
		sim_violation(s, "job %s is executed twice", j->id);
	if (!j->stored || j->row.attempt != attempt || j->row.state != JOB_PENDING)
		sim_violation(s, "job %s executes attempt %u while its row says %s, attempt %u",
			j->id, attempt, job_state_name(j->row.state), j->row.attempt);
	for (int i = 0; i < s->job_count; i++) {
		const struct sim_job *other = &s->job[i];
		if (i != job && other->alive > 0 &&
			(other->attempt[other->attempts].devices & j->attempt[attempt].devices))
			sim_violation(s, "jobs %s and %s execute on the same device", j->id,
				other->id);
	}
}

static void judge_acknowledgement(struct sim *s, const struct command *c, const struct sim_job *j)
{
	bool live = is_live(j) && j->row.attempt == c->attempt;
	if (live || c->attempt > j->row.attempt)
		sim_violation(s, "the end of %s, attempt %u, is acknowledged and not durable",
			j->id, c->attempt);
}

/* A kill comes when the grace is over, or after it was of no use. */
static void judge_stop(struct sim *s, const struct command *c, struct sim_job *j)
{
	if (is_live(j) && j->row.stop.phase == STOP_NONE)
		sim_violation(s, "job %s is stopped and nobody asked", j->id);
	j->kill_sent |= c->kind == CMD_KILL;
	if (c->kind == CMD_KILL && s->now_ms < j->kill_at_ms &&
		!j->attempt[c->attempt].unkillable_told)
		sim_violation(s, "job %s is killed before its grace is over", j->id);
}

void judge_act(struct sim *s, const struct command *c)
{
	struct sim_job *j = &s->job[sim_job_of(c->job.id)];
	if (!j->stored)
		sim_violation(s, "job %s is acted upon and not durable", j->id);
	if (c->kind == CMD_ACK)
		judge_acknowledgement(s, c, j);
	if (c->kind == CMD_START && (j->row.attempt != c->attempt || !is_live(j)))
		sim_violation(s, "job %s is launched and its row says %s", j->id,
			job_state_name(j->row.state));
	if (c->kind == CMD_STOP || c->kind == CMD_KILL)
		judge_stop(s, c, j);
	if (c->kind == CMD_OVERDUE) {
		s->overdue++;
		if (!j->kill_sent && !j->attempt[c->attempt].unkillable_told)
			sim_violation(s, "job %s is said to survive a kill that was never sent",
				j->id);
	}
	if (c->kind == CMD_PUBLISH && c->job.state == JOB_CANCELLED && j->cancel_waits) {
		j->cancel_waits = false;
		s->answered++;
		if (j->alive > 0)
			sim_violation(s, "cancel of %s is answered while it lives", j->id);
	}
}

void judge_refusal(struct sim *s, const struct sim_event *ev, const struct err *e)
{
	const struct sim_job *j = ev->job >= 0 ? &s->job[ev->job] : NULL;
	bool held = j && yard_find(s->server.yard, j->id);
	bool fine = (ev->kind == EV_CANCEL && e->kind == ERR_NOT_FOUND && !held) ||
		(ev->kind == EV_SUBMIT && e->kind == ERR_CONFLICT && held) ||
		(ev->kind == EV_SUBMIT && e->kind == ERR_BUSY && !held);
	if (!fine)
		sim_violation(s, "an event was refused: %s", e->text);
}

static void judge_queue(struct sim *s, int queued)
{
	const struct yard *y = s->server.yard;
	const struct job *ahead = NULL;
	if (yard_queue_length(y) != queued)
		sim_violation(s, "%d jobs are queued, the queue holds %d", queued,
			yard_queue_length(y));
	for (int i = 1; i <= queued && !s->violated; i++) {
		const struct job *j = yard_queued_at(y, i);
		if (!j || j->state != JOB_QUEUED || yard_position(y, j) != i)
			sim_violation(s, "position %d of the queue is a gap", i);
		else if (ahead &&
			(ahead->priority < j->priority ||
				(ahead->priority == j->priority && ahead->arrival >= j->arrival)))
			sim_violation(s, "jobs %s and %s wait in the wrong order", ahead->id,
				j->id);
		ahead = j;
	}
	if (queued > 0 && s->events % 64 == 0) {
		char why[200];
		if (!yard_waiting_reason(y, yard_queued_at(y, 1), why, sizeof(why)))
			sim_violation(s, "a queued job does not say why it waits");
	}
}

static void judge_idleness(struct sim *s, const struct yard_counts *c)
{
	const struct job *first = yard_queued_at(s->server.yard, 1);
	if (first && s->server.open && c->slots_used < c->slots &&
		wanted(s, first) <= c->devices - c->devices_used)
		sim_violation(s, "job %s fits and is not started", first->id);
}

void judge_turn(struct sim *s)
{
	const struct yard *y = s->server.yard;
	int queued = 0, incomplete = 0, live = 0, held = 0;
	for (int i = 0; i < s->job_count; i++) {
		const struct sim_job *j = &s->job[i];
		if (!j->stored) {
			if (j->acknowledged)
				sim_violation(s, "job %s was acknowledged and is lost", j->id);
			continue;
		}
		queued += j->row.state == JOB_QUEUED;
		incomplete += job_state_in(j->row.state, JOB_SET_INCOMPLETE);
		live += is_live(j);
		if (j->alive > 0 && !is_live(j))
			sim_violation(s, "job %s lives and its row says %s", j->id,
				job_state_name(j->row.state));
	}
	size_t at = 0;
	for (const struct job *h; (h = yard_each(y, &at)); held++) {
		const struct job *row = &s->job[sim_job_of(h->id)].row;
		if (h->state != row->state || h->attempt != row->attempt ||
			h->devices != row->devices || h->stop.phase != row->stop.phase)
			sim_violation(s, "job %s is not what its row says", h->id);
	}
	struct yard_counts c;
	yard_count(y, &c);
	if (held != incomplete)
		sim_violation(s, "the yard holds %d jobs, %d are incomplete", held, incomplete);
	if (c.slots_used != live || c.jobs[JOB_QUEUED] != queued)
		sim_violation(s, "the yard counts %d live and %d queued, not %d and %d",
			c.slots_used, c.jobs[JOB_QUEUED], live, queued);
	judge_queue(s, queued);
	judge_idleness(s, &c);
}

void judge_end(struct sim *s)
{
	for (int i = 0; i < s->job_count; i++) {
		const struct sim_job *j = &s->job[i];
		if (!j->stored || !job_state_in(j->row.state, JOB_SET_TERMINAL))
			sim_violation(s, "faults stopped long ago and job %s is %s", j->id,
				j->stored ? job_state_name(j->row.state) : "not stored");
	}
	if (!executor_done(s))
		sim_violation(s, "faults stopped long ago and an end is not acknowledged");
}
