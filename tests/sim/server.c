/* tests/sim/server.c -- the caller of the core as yard.h asks: steps, one commit, then acts. */
#include <stdio.h>

#include "sim/sim.h"

static void build_yard(struct sim *s)
{
	struct sim_server *v = &s->server;
	struct yard_limits limits = { .slots = v->slots,
		.devices = v->devices,
		.jobs_max = v->jobs_max };
	yard_destroy(v->yard);
	v->yard = yard_create(&limits);
	v->open = false;
	v->batch_count = v->unsettled = 0;
	v->epoch++;
	v->arrival_next = 1;
	v->tick_at_ms = INT64_MAX;
	for (int i = 0; i < s->job_count; i++)
		s->job[i].cancel_waits = false;
}

static bool may_live(const struct job *j)
{
	return j->state == JOB_PENDING || j->state == JOB_RUNNING;
}

static void load_rows(struct sim *s)
{
	struct sim_server *v = &s->server;
	for (int i = 0; i < s->job_count; i++) {
		struct sim_job *j = &s->job[i];
		if (!j->stored)
			continue;
		if (j->row.arrival >= v->arrival_next)
			v->arrival_next = j->row.arrival + 1;
		if (job_state_in(j->row.state, JOB_SET_TERMINAL))
			continue;
		struct err e;
		struct event ev = { .kind = EV_LOAD, .job = &j->row };
		if (yard_step(v->yard, &ev, sim_moment(s), &v->out, &e))
			sim_violation(s, "row of job %s is not loaded: %s", j->id, e.text);
		if (may_live(&j->row)) {
			v->unsettled++;
			sim_later(s, sim_below(s, 200), HAPPEN_ADOPT, i, j->row.attempt,
				(int)(v->epoch & 0xff));
		}
	}
}

void server_start(struct sim *s)
{
	build_yard(s);
	s->server.up = true;
	commands_clear(&s->server.out);
	load_rows(s);
	if (s->server.out.count > 0)
		sim_violation(s, "loading gave commands");
	if (s->server.unsettled == 0)
		server_take(s, (struct sim_event){ EV_OPEN, -1, 0, 0 });
}

void server_adopted(struct sim *s)
{
	if (--s->server.unsettled == 0)
		server_take(s, (struct sim_event){ EV_OPEN, -1, 0, 0 });
}

void server_crash(struct sim *s)
{
	struct sim_server *v = &s->server;
	if (!v->up)
		return;
	sim_trace(s, HAPPEN_CRASH, -1, 0, 0);
	v->up = v->open = false;
	v->batch_count = 0;
	sim_later(s, sim_below(s, 3000), HAPPEN_SERVER_UP, 0, 0, 0);
}

void server_take(struct sim *s, struct sim_event ev)
{
	struct sim_server *v = &s->server;
	if (!v->up)
		return;
	if (v->batch_count == 0)
		v->batch_limit = 1 + (int)sim_below(s, 4);
	v->batch[v->batch_count++] = ev;
	if (v->batch_count == SIM_BATCH_MAX)
		v->batch_limit = 0;
}

/* The submission of a job, as a client wrote it. */
static struct job submission(struct sim *s, int job)
{
	const struct sim_job *from = &s->job[job];
	struct job j = { .arrival = s->server.arrival_next++,
		.priority = from->priority,
		.gpus = from->gpus,
		.grace_ms = -1,
		.created_wall_ms = sim_moment(s).wall_ms };
	snprintf(j.id, sizeof(j.id), "%s", from->id);
	return j;
}

static void describe_end(const struct sim_attempt *a, struct event *ev)
{
	ev->started_wall_ms = a->started_wall_ms;
	ev->ended_wall_ms = a->ended_wall_ms;
	ev->exit_code = a->exit_code;
	ev->exit_signal = a->exit_signal;
	ev->gone = a->run == RUN_VOID    ? ATTEMPT_NEVER_STARTED
		: a->run == RUN_REBOOTED ? ATTEMPT_REBOOT
					 : ATTEMPT_LOST;
}

static void step(struct sim *s, const struct sim_event *from)
{
	struct sim_server *v = &s->server;
	struct event ev = { .kind = from->kind,
		.attempt = from->attempt,
		.grace_ms = from->grace_ms,
		.slots = v->slots,
		.by = "client",
		.text = NULL };
	struct job submitted;
	if (from->job >= 0)
		ev.id = s->job[from->job].id;
	if (from->kind == EV_SUBMIT) {
		submitted = submission(s, from->job);
		ev.job = &submitted;
	} else if (from->attempt > 0) {
		describe_end(&s->job[from->job].attempt[from->attempt], &ev);
	}
	struct err e = { 0 };
	size_t before = v->out.count;
	sim_trace(s, HAPPEN_STEP, from->job, from->attempt, from->kind);
	if (from->kind == EV_CANCEL)
		s->job[from->job].cancel_asked = true;
	if (yard_step(v->yard, &ev, sim_moment(s), &v->out, &e)) {
		sim_trace(s, HAPPEN_REFUSED, from->job, from->attempt, from->kind);
		if (v->out.count != before)
			sim_violation(s, "a refused event gave commands");
		judge_refusal(s, from, &e);
	} else if (from->kind == EV_OPEN) {
		v->open = true;
	} else if (from->kind == EV_CANCEL) {
		s->job[from->job].cancel_waits = true;
	}
}

static void commit(struct sim *s)
{
	int rows = 0;
	for (size_t i = 0; i < s->server.out.count; i++) {
		const struct command *c = &s->server.out.list[i];
		rows += command_is_row(c->kind) - (c->kind == CMD_PUBLISH);
		if (!command_is_row(c->kind))
			continue;
		bool changed = c->kind == CMD_UPDATE;
		sim_trace(s, HAPPEN_COMMAND, sim_job_of(c->job.id), c->attempt,
			changed ? 0x10000 | (int)c->from << 8 | (int)c->to : (int)c->kind);
		judge_row(s, c);
		struct sim_job *j = &s->job[sim_job_of(c->job.id)];
		j->stored = true;
		j->row = c->job;
		if (job_state_in(c->to, JOB_SET_TERMINAL))
			s->ends[c->job.end.reason]++;
		s->requeued += changed && c->from == JOB_PENDING && c->to == JOB_QUEUED;
	}
	if (rows != 0)
		sim_violation(s, "not every row is published once");
}

static void act(struct sim *s)
{
	for (size_t i = 0; i < s->server.out.count && s->server.up; i++) {
		const struct command *c = &s->server.out.list[i];
		if (command_is_row(c->kind))
			continue;
		if (c->kind != CMD_PUBLISH)
			sim_trace(s, HAPPEN_COMMAND, sim_job_of(c->job.id), c->attempt, c->kind);
		judge_act(s, c);
		executor_act(s, c);
		if (sim_fault(s, FAULT_CRASH_AMID_ACTS, 4))
			server_crash(s);
	}
}

static void reply(struct sim *s, const struct sim_event *batch, int count)
{
	for (int i = 0; i < count; i++) {
		if (batch[i].kind == EV_SUBMIT && s->job[batch[i].job].stored)
			s->job[batch[i].job].acknowledged = true;
	}
}

static void plan_tick(struct sim *s)
{
	struct sim_server *v = &s->server;
	int64_t due = yard_next_deadline_boot_ms(v->yard);
	if (due == INT64_MAX)
		return;
	int64_t at_ms = due + s->boot_origin_ms;
	if (at_ms < s->now_ms)
		at_ms = s->now_ms;
	if (at_ms < v->tick_at_ms) {
		v->tick_at_ms = at_ms;
		sim_later(s, at_ms - s->now_ms, HAPPEN_TICK, 0, 0, 0);
	}
}

void server_turn(struct sim *s)
{
	struct sim_server *v = &s->server;
	if (!v->up || v->batch_count == 0)
		return;
	struct sim_event batch[SIM_BATCH_MAX];
	int count = v->batch_count;
	v->batch_count = 0;
	commands_clear(&v->out);
	for (int i = 0; i < count; i++) {
		batch[i] = v->batch[i];
		step(s, &batch[i]);
	}
	if (sim_fault(s, FAULT_CRASH_BEFORE_COMMIT, 6)) {
		server_crash(s);
		return;
	}
	if (sim_fault(s, FAULT_COMMIT_FAILED, 6)) {
		sim_trace(s, HAPPEN_REBUILT, -1, 0, 0);
		server_start(s);
		return;
	}
	commit(s);
	if (sim_fault(s, FAULT_CRASH_BEFORE_ACTS, 6))
		server_crash(s);
	act(s);
	if (!v->up)
		return;
	reply(s, batch, count);
	plan_tick(s);
	judge_turn(s);
}
