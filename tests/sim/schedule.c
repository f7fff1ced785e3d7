/* tests/sim/schedule.c -- one schedule from its seed: clients, faults, and the calm after them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

#define CALM_MS_MAX 86400000 /* in which everything has to end */

bool sim_fault(struct sim *s, enum sim_fault fault, int per_mille)
{
	if (s->calm || !sim_chance(s, per_mille))
		return false;
	s->faults[fault]++;
	sim_trace(s, HAPPEN_FAULT, -1, 0, fault);
	return true;
}

void sim_later(struct sim *s, int64_t delay_ms, enum sim_happening h, int job, uint32_t attempt,
	int message)
{
	agenda_put(s,
		(struct sim_entry){ .at_ms = s->now_ms + delay_ms,
			.happening = (uint8_t)h,
			.job = (uint8_t)job,
			.message = (uint8_t)message,
			.attempt = attempt });
}

static void draw_job(struct sim *s, int index)
{
	struct sim_job *j = &s->job[index];
	memset(j, 0, offsetof(struct sim_job, attempt));
	snprintf(j->id, sizeof(j->id), "j%02d", index);
	j->priority = sim_chance(s, 300) ? (int32_t)sim_below(s, 5) - 2 : 0;
	j->gpus = (int32_t)sim_below(s, s->server.devices + 2) - 1;
	if (sim_chance(s, 400))
		j->gpus = -1;
	j->duration_ms = sim_chance(s, 100) ? INT64_MAX : 1 + sim_below(s, 300000 / s->job_count);
	j->exit_code = sim_chance(s, 300) ? 1 + (int32_t)sim_below(s, 255) : 0;
	if (sim_chance(s, 100)) {
		j->exit_code = -1;
		j->exit_signal = 1 + (int32_t)sim_below(s, 15);
	}
	j->bad_command = sim_chance(s, 50);
	j->ignores_term = sim_chance(s, 200);
	j->saves_on_term = sim_chance(s, 300);
	j->unkillable_ms = sim_chance(s, 60) ? 1 + sim_below(s, 60000) : 0;
}

static void draw(struct sim *s, uint64_t seed)
{
	struct commands kept = s->server.out;
	struct yard *old = s->server.yard;
	s->seed = s->random = seed;
	s->calm = s->violated = false;
	s->now_ms = s->submitted = s->agenda_count = 0;
	s->agenda_order = 0;
	s->events = s->trace_count = 0;
	s->hash = seed;
	s->boot_origin_ms = -sim_below(s, 1000000);
	s->wall_offset_ms = INT64_C(1700000000000);
	s->server = (struct sim_server){ .out = kept, .yard = old };
	s->server.slots = 1 + (int)sim_below(s, 4);
	s->server.devices = (int)sim_below(s, 5);
	s->server.jobs_max = sim_chance(s, 200) ? 4 : SIM_JOBS_MAX;
	s->job_count = 3 + (int)sim_below(s, SIM_JOBS_MAX - 2);
	for (int i = 0; i < s->job_count; i++)
		draw_job(s, i);
}

static bool ended(const struct sim_job *j)
{
	return j->stored && job_state_in(j->row.state, JOB_SET_TERMINAL);
}

/* A client that is not answered submits again: its key keeps it one job. */
static void client_submits(struct sim *s, int job)
{
	if (s->job[job].stored)
		return;
	server_take(s, (struct sim_event){ EV_SUBMIT, job, 0, 0 });
	sim_later(s, 500 + sim_below(s, s->calm ? 60000 : 1000), HAPPEN_SUBMIT, job, 0, 0);
}

static void client_cancels(struct sim *s, int job)
{
	static const int64_t graces[] = { -1, 0, 50, 3000, 60000 };
	/* In the calm one durable stop has to be enough. */
	if (!s->calm || s->job[job].row.stop.phase == STOP_NONE)
		server_take(s, (struct sim_event){ EV_CANCEL, job, 0, graces[sim_below(s, 5)] });
	if (s->calm && !ended(&s->job[job]))
		sim_later(s, 600000, HAPPEN_CANCEL, job, 0, 0);
}

static void change_slots(struct sim *s)
{
	server_turn(s);
	if (!s->server.up)
		return;
	s->server.slots = 1 + (int)sim_below(s, 4);
	server_take(s, (struct sim_event){ EV_SLOTS, -1, 0, 0 });
	server_turn(s);
}

static void reboot(struct sim *s)
{
	server_crash(s);
	executor_reboot(s);
	s->boot_origin_ms = s->now_ms;
}

/* What clients, operators and bad luck do now and then. */
static void mischief(struct sim *s)
{
	if (sim_chance(s, 80) && s->submitted > 0)
		client_cancels(s, (int)sim_below(s, s->job_count));
	if (sim_chance(s, 40) && s->submitted > 0)
		executor_kill_runner(s, (int)sim_below(s, s->submitted));
	if (sim_fault(s, FAULT_CRASH_IDLE, 8))
		server_crash(s);
	if (sim_fault(s, FAULT_SLOTS_CHANGED, 6))
		change_slots(s);
	if (sim_fault(s, FAULT_REBOOT, 2))
		reboot(s);
	if (sim_fault(s, FAULT_CLOCK_JUMP, 6))
		s->wall_offset_ms += (sim_below(s, 40) - 20) * INT64_C(31536000000);
	if (sim_chance(s, 30))
		server_take(s, (struct sim_event){ EV_TICK, -1, 0, 0 });
}

/* Of the server's present start only, and only what has not ended by a report meanwhile. */
static void adopt(struct sim *s, const struct sim_entry *n)
{
	const struct job *row = &s->job[n->job].row;
	if (!s->server.up || n->message != (uint8_t)s->server.epoch)
		return;
	if (row->attempt == n->attempt && (row->state == JOB_PENDING || row->state == JOB_RUNNING))
		executor_adopt(s, n->job, n->attempt);
	server_adopted(s);
}

static void happen(struct sim *s, const struct sim_entry *n)
{
	sim_trace(s, (enum sim_happening)n->happening, n->job, n->attempt, n->message);
	switch ((enum sim_happening)n->happening) {
	case HAPPEN_SUBMIT:
		client_submits(s, n->job);
		break;
	case HAPPEN_CANCEL:
		client_cancels(s, n->job);
		break;
	case HAPPEN_GO:
		executor_go(s, n->job, n->attempt);
		break;
	case HAPPEN_EXIT:
		executor_exit(s, n->job, n->attempt);
		break;
	case HAPPEN_RETELL:
		executor_retell(s, n->job, n->attempt);
		break;
	case HAPPEN_SERVER_UP:
		server_start(s);
		break;
	case HAPPEN_MESSAGE:
		server_take(s,
			(struct sim_event){ (enum event_kind)n->message, n->job, n->attempt, 0 });
		break;
	case HAPPEN_TICK:
		s->server.tick_at_ms = INT64_MAX;
		server_take(s, (struct sim_event){ EV_TICK, -1, 0, 0 });
		break;
	case HAPPEN_ADOPT:
		adopt(s, n);
		break;
	case HAPPEN_HEALTH:
		server_take(s, (struct sim_event){ EV_TICK, -1, 0, 0 });
		sim_later(s, s->calm ? 30000 : 500 + sim_below(s, 5000), HAPPEN_HEALTH, 0, 0, 0);
		break;
	default:
		assert(!"on the agenda");
	}
}

/* Turns are taken when the batch is full or time would go on without them for long. */
static void advance(struct sim *s)
{
	struct sim_server *v = &s->server;
	bool long_wait = s->agenda[0].at_ms > s->now_ms + 20;
	if (v->batch_count > 0 && (long_wait || v->batch_count >= v->batch_limit)) {
		server_turn(s);
		return;
	}
	struct sim_entry next = agenda_take(s);
	if (next.at_ms > s->now_ms)
		s->now_ms = next.at_ms;
	s->events++;
	happen(s, &next);
}

static void submit_some(struct sim *s)
{
	while (s->submitted < s->job_count &&
		s->events * (uint64_t)s->job_count >= (uint64_t)s->submitted * (SIM_EVENTS - 40))
		sim_later(s, sim_below(s, 50), HAPPEN_SUBMIT, s->submitted++, 0, 0);
}

static void storm(struct sim *s)
{
	while (!s->violated && (s->events < SIM_EVENTS || s->submitted < s->job_count)) {
		submit_some(s);
		mischief(s);
		advance(s);
	}
}

static bool settled(const struct sim *s)
{
	for (int i = 0; i < s->job_count; i++) {
		if (!ended(&s->job[i]))
			return false;
	}
	return executor_done(s);
}

/* No more faults: everything must end, but for what nobody stops, so that is cancelled. */
static void calm(struct sim *s)
{
	s->calm = true;
	for (int i = 0; i < s->job_count; i++) {
		if (s->job[i].duration_ms == INT64_MAX)
			sim_later(s, sim_below(s, 600000), HAPPEN_CANCEL, i, 0, 0);
	}
	int64_t limit_ms = s->now_ms + CALM_MS_MAX;
	while (!s->violated && s->now_ms < limit_ms && !settled(s))
		advance(s);
	if (!s->violated)
		judge_end(s);
}

void sim_run_schedule(struct sim *s, uint64_t seed)
{
	draw(s, seed);
	sim_later(s, 0, HAPPEN_HEALTH, 0, 0, 0);
	server_start(s);
	storm(s);
	calm(s);
}
