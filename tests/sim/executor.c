/* tests/sim/executor.c -- the machine outside the server: runners, processes, lost messages.
 *
 * It keeps the promises of the real executor: of start marker and void marker exactly one is made;
 * an end that was recorded is told until it is acknowledged; GONE is said only of the dead. */
#include "sim/sim.h"

static struct sim_attempt *attempt_of(struct sim *s, int job, uint32_t attempt)
{
	struct sim_job *j = &s->job[job];
	if (attempt > SIM_ATTEMPTS_MAX) {
		sim_violation(s, "job %s has reached attempt %u", j->id, attempt);
		attempt = SIM_ATTEMPTS_MAX;
	}
	while (j->attempts < attempt)
		j->attempt[++j->attempts] = (struct sim_attempt){ .run = RUN_NONE };
	return &j->attempt[attempt];
}

static void send(struct sim *s, int job, uint32_t attempt, enum event_kind message)
{
	if (sim_fault(s, FAULT_MESSAGE_LOST, 60))
		return;
	int64_t delay_ms = sim_below(s, 20);
	if (sim_fault(s, FAULT_MESSAGE_LATE, 40))
		delay_ms += sim_below(s, 20000);
	sim_later(s, delay_ms, HAPPEN_MESSAGE, job, attempt, message);
	if (sim_fault(s, FAULT_MESSAGE_DOUBLED, 40))
		sim_later(s, sim_below(s, 10000), HAPPEN_MESSAGE, job, attempt, message);
}

static bool tellable(const struct sim_attempt *a)
{
	return a->run >= RUN_ENDED && !a->acknowledged;
}

static enum event_kind message_of(const struct sim_attempt *a)
{
	if (a->run == RUN_EXECUTING)
		return EV_STARTED;
	if (a->run == RUN_ENDED)
		return EV_EXITED;
	return a->run == RUN_START_FAILED ? EV_START_FAILED : EV_GONE;
}

static void tell(struct sim *s, int job, uint32_t attempt)
{
	struct sim_attempt *a = attempt_of(s, job, attempt);
	send(s, job, attempt, message_of(a));
	if (!a->retelling) {
		a->retelling = true;
		sim_later(s, 1000 + sim_below(s, 2000), HAPPEN_RETELL, job, attempt, 0);
	}
}

void executor_retell(struct sim *s, int job, uint32_t attempt)
{
	struct sim_attempt *a = attempt_of(s, job, attempt);
	a->retelling = false;
	bool started_unheard = a->run == RUN_EXECUTING && s->job[job].row.state == JOB_PENDING &&
		s->seed % 2 == 0;
	if (tellable(a) || started_unheard)
		tell(s, job, attempt);
}

static void make_void(struct sim *s, int job, uint32_t attempt)
{
	attempt_of(s, job, attempt)->run = RUN_VOID;
	tell(s, job, attempt);
}

static void launch(struct sim *s, int job, uint32_t attempt, uint64_t devices)
{
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (a->run != RUN_NONE)
		sim_violation(s, "job %s: attempt %u is launched twice", s->job[job].id, attempt);
	for (uint32_t i = 1; i < attempt; i++) {
		enum sim_run run = attempt_of(s, job, i)->run;
		if (run == RUN_LAUNCHED || run == RUN_EXECUTING)
			sim_violation(s, "job %s: attempt %u is launched while %u may live",
				s->job[job].id, attempt, i);
	}
	*a = (struct sim_attempt){ .run = RUN_LAUNCHED, .runner_lives = true, .devices = devices };
	a->hung = sim_fault(s, FAULT_RUNNER_HUNG, 15);
	if (!a->hung)
		sim_later(s, sim_below(s, 100), HAPPEN_GO, job, attempt, 0);
}

void executor_go(struct sim *s, int job, uint32_t attempt)
{
	struct sim_job *j = &s->job[job];
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (a->run != RUN_LAUNCHED || !a->runner_lives)
		return;
	if (j->bad_command) {
		a->run = RUN_START_FAILED;
		tell(s, job, attempt);
		return;
	}
	judge_execution(s, job, attempt);
	a->run = RUN_EXECUTING;
	a->started_wall_ms = sim_moment(s).wall_ms;
	a->exit_code = j->exit_code;
	a->exit_signal = j->exit_signal;
	a->dies_at_ms = j->duration_ms == INT64_MAX ? INT64_MAX : s->now_ms + j->duration_ms;
	j->alive++;
	j->executions++;
	if (a->dies_at_ms != INT64_MAX)
		sim_later(s, j->duration_ms, HAPPEN_EXIT, job, attempt, 0);
	tell(s, job, attempt);
}

void executor_exit(struct sim *s, int job, uint32_t attempt)
{
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (a->run != RUN_EXECUTING || s->now_ms < a->dies_at_ms)
		return;
	s->job[job].alive--;
	a->ended_wall_ms = sim_moment(s).wall_ms;
	/* Without its runner the kernel may tell a server that watches, and none that is down. */
	bool seen = a->runner_lives || (s->server.up && sim_chance(s, 500));
	a->run = seen ? RUN_ENDED : RUN_LOST;
	tell(s, job, attempt);
}

static void die_by(struct sim *s, int job, uint32_t attempt, int64_t delay_ms, int code, int signal)
{
	struct sim_job *j = &s->job[job];
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (j->unkillable_ms > 0 && a->unkillable_until_ms == 0) {
		a->unkillable_until_ms = s->now_ms + j->unkillable_ms;
		s->faults[FAULT_UNKILLABLE]++;
	}
	int64_t at_ms = s->now_ms + delay_ms;
	if (at_ms < a->unkillable_until_ms) {
		at_ms = a->unkillable_until_ms;
		if (!a->unkillable_told && sim_chance(s, 500)) {
			a->unkillable_told = true;
			send(s, job, attempt, EV_UNKILLABLE);
		}
	}
	if (at_ms >= a->dies_at_ms)
		return;
	a->dies_at_ms = at_ms;
	a->exit_code = code;
	a->exit_signal = signal;
	sim_later(s, at_ms - s->now_ms, HAPPEN_EXIT, job, attempt, 0);
}

static void stop(struct sim *s, int job, uint32_t attempt, int64_t grace_ms)
{
	struct sim_job *j = &s->job[job];
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (sim_fault(s, FAULT_STOP_LOST, 150))
		return;
	if (a->run == RUN_NONE || a->run == RUN_LAUNCHED)
		make_void(s, job, attempt);
	else if (a->run != RUN_EXECUTING && tellable(a))
		tell(s, job, attempt);
	else if (a->run == RUN_EXECUTING && (grace_ms == 0 || j->ignores_term))
		die_by(s, job, attempt, grace_ms, -1, 9);
	else if (a->run == RUN_EXECUTING)
		die_by(s, job, attempt, sim_below(s, grace_ms), j->saves_on_term ? 0 : -1,
			j->saves_on_term ? 0 : 15);
}

void executor_act(struct sim *s, const struct command *c)
{
	int job = sim_job_of(c->job.id);
	switch (c->kind) {
	case CMD_START:
		launch(s, job, c->attempt, c->job.devices);
		break;
	case CMD_STOP:
		stop(s, job, c->attempt, c->grace_ms);
		break;
	case CMD_KILL:
		stop(s, job, c->attempt, 0);
		break;
	case CMD_ACK:
		attempt_of(s, job, c->attempt)->acknowledged = true;
		break;
	default:
		break;
	}
}

/* What a starting server finds. */
void executor_adopt(struct sim *s, int job, uint32_t attempt)
{
	struct sim_attempt *a = attempt_of(s, job, attempt);
	if (a->acknowledged) {
		sim_violation(s, "job %s: the end of attempt %u was forgotten before it was kept",
			s->job[job].id, attempt);
		return;
	}
	bool silent = a->run == RUN_LAUNCHED && (a->hung || sim_chance(s, 500));
	if (a->run == RUN_NONE || (a->run == RUN_LAUNCHED && !silent))
		a->run = RUN_VOID;
	if (a->run == RUN_LAUNCHED)
		return; /* its runner lives and may still go: that will be told */
	server_take(s, (struct sim_event){ message_of(a), job, attempt, 0 });
	if (tellable(a) && !a->retelling) {
		a->retelling = true;
		sim_later(s, 1000, HAPPEN_RETELL, job, attempt, 0);
	}
}

void executor_kill_runner(struct sim *s, int job)
{
	struct sim_job *j = &s->job[job];
	if (j->attempts == 0)
		return;
	struct sim_attempt *a = &j->attempt[j->attempts];
	if ((a->run != RUN_LAUNCHED && a->run != RUN_EXECUTING) || !a->runner_lives)
		return;
	a->runner_lives = false;
	s->faults[FAULT_RUNNER_KILLED]++;
	sim_trace(s, HAPPEN_FAULT, job, j->attempts, FAULT_RUNNER_KILLED);
	if (a->run == RUN_LAUNCHED)
		make_void(s, job, j->attempts);
}

/* Everything that lives is dead, records of earlier ends are on disk. */
void executor_reboot(struct sim *s)
{
	for (int job = 0; job < s->job_count; job++) {
		struct sim_job *j = &s->job[job];
		j->alive = 0;
		for (uint32_t i = 1; i <= j->attempts; i++) {
			if (j->attempt[i].run <= RUN_EXECUTING)
				j->attempt[i].run = RUN_REBOOTED;
		}
		/* Its row may be pending though no runner ever heard of it. */
		if (j->stored && j->row.attempt > j->attempts)
			attempt_of(s, job, j->row.attempt)->run = RUN_REBOOTED;
	}
}

bool executor_done(const struct sim *s)
{
	for (int job = 0; job < s->job_count; job++) {
		const struct sim_job *j = &s->job[job];
		for (uint32_t i = 1; i <= j->attempts; i++) {
			if (j->attempt[i].run != RUN_NONE && !j->attempt[i].acknowledged)
				return false;
		}
	}
	return true;
}
