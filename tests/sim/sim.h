/* tests/sim/sim.h -- one schedule: the real core, a fake executor, virtual time, seeded faults.
 *
 * schedule.c drives: clients, faults, the agenda. server.c is the caller of the core: turns,
 * commits, crashes, restarts. executor.c is the machine outside: runners, processes, messages; it
 * survives the server. judge.c knows what must never happen. Nothing reads a clock; the same seed
 * gives the same schedule, and the same hash over its trace. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/yard.h"

#define SIM_JOBS_MAX 30
#define SIM_ATTEMPTS_MAX 128
#define SIM_AGENDA_MAX 4096
#define SIM_TRACE_KEPT 80
#define SIM_BATCH_MAX 8
#define SIM_EVENTS 300 /* at least so many before the faults stop */

#define SIM_FAULTS(X)                                                                         \
	X(CRASH_BEFORE_COMMIT, "crash before commit") X(CRASH_BEFORE_ACTS, "crash before acts") \
	X(CRASH_AMID_ACTS, "crash amid acts") X(CRASH_IDLE, "crash between turns")            \
	X(COMMIT_FAILED, "commit failed") X(MESSAGE_LOST, "message lost")                     \
	X(MESSAGE_DOUBLED, "message doubled") X(MESSAGE_LATE, "message late")                 \
	X(STOP_LOST, "stop lost") X(RUNNER_KILLED, "runner killed")                           \
	X(RUNNER_HUNG, "runner hung") X(UNKILLABLE, "unkillable") X(REBOOT, "host rebooted")  \
	X(CLOCK_JUMP, "wall clock jumped") X(SLOTS_CHANGED, "slots changed")

enum sim_fault {
#define X(name, word) FAULT_##name,
	SIM_FAULTS(X)
#undef X
	SIM_FAULT_COUNT
};

/* What is traced, and what may be on the agenda. */
#define SIM_HAPPENINGS(X)                                                             \
	X(SUBMIT, "client submits") X(CANCEL, "client cancels") X(GO, "runner goes")  \
	X(EXIT, "process ends") X(RETELL, "runner tells again")                       \
	X(MESSAGE, "message arrives") X(TICK, "tick") X(HEALTH, "health timer")       \
	X(ADOPT, "attempt adopted") X(SERVER_UP, "server starts") X(FAULT, "fault")   \
	X(STEP, "yard event") X(REFUSED, "yard refused") X(COMMAND, "command")        \
	X(CRASH, "server dies") X(REBUILT, "yard rebuilt")

enum sim_happening {
#define X(name, word) HAPPEN_##name,
	SIM_HAPPENINGS(X)
#undef X
	SIM_HAPPENING_COUNT
};

enum sim_run {
	RUN_NONE,     /* no runner has heard of it */
	RUN_LAUNCHED, /* a runner has the order and may go */
	RUN_EXECUTING,
	RUN_ENDED,        /* the end is known and told until acknowledged */
	RUN_START_FAILED, /* the same for a start that failed */
	RUN_VOID,         /* never started and never will; the same */
	RUN_LOST,         /* it ran, is dead, and nobody saw how; the same */
	RUN_REBOOTED,     /* the same */
};

struct sim_attempt {
	enum sim_run run;
	bool runner_lives;
	bool hung;
	bool retelling; /* a RETELL is on the agenda */
	bool acknowledged;
	bool unkillable_told;
	uint64_t devices;
	int64_t dies_at_ms;
	int64_t unkillable_until_ms;
	int32_t exit_code, exit_signal;
	int64_t started_wall_ms, ended_wall_ms;
};

struct sim_job {
	char id[16];
	/* Its nature, drawn at the beginning. */
	int32_t priority, gpus, exit_code, exit_signal;
	int64_t duration_ms; /* INT64_MAX = until it is killed */
	int64_t unkillable_ms;
	bool bad_command, ignores_term, saves_on_term;
	/* What clients know. */
	bool acknowledged, cancel_asked, cancel_waits, kill_sent;
	int64_t kill_at_ms; /* no kill before; 0 = no stop is durable */
	/* What is durable. */
	bool stored;
	struct job row;
	/* What is real. */
	int alive;         /* attempts that execute now */
	int executions;    /* ever */
	uint32_t attempts; /* highest number used */
	struct sim_attempt attempt[SIM_ATTEMPTS_MAX + 1];
};

struct sim_entry {
	int64_t at_ms;
	uint32_t order; /* among equal times: first come */
	uint8_t happening, job, message;
	uint32_t attempt;
};

struct sim_event {
	enum event_kind kind;
	int job;
	uint32_t attempt;
	int64_t grace_ms;
};

struct sim_server {
	bool up, open;
	struct yard *yard;
	struct commands out;
	struct sim_event batch[SIM_BATCH_MAX];
	int batch_count, batch_limit;
	int unsettled;  /* attempts still to be adopted before OPEN */
	uint32_t epoch; /* one more at each build of the yard */
	uint64_t arrival_next;
	int slots, devices, jobs_max;
	int64_t tick_at_ms; /* INT64_MAX = none on the agenda */
};

struct sim_trace {
	int64_t at_ms;
	uint32_t happening, job, attempt;
	int64_t detail;
};

struct sim {
	uint64_t seed, random;
	bool calm; /* faults have stopped */
	bool violated;
	char violation[400];
	int64_t now_ms, boot_origin_ms, wall_offset_ms;
	int job_count, submitted; /* submitted: handed to clients so far */
	struct sim_job job[SIM_JOBS_MAX];
	struct sim_server server;
	struct sim_entry agenda[SIM_AGENDA_MAX];
	int agenda_count;
	uint32_t agenda_order;
	uint64_t events, hash, trace_count;
	struct sim_trace trace[SIM_TRACE_KEPT];
	/* Over all schedules of a run. */
	uint64_t faults[SIM_FAULT_COUNT];
	uint64_t ends[END_REASON_COUNT];
	uint64_t requeued, overdue, answered; /* cancels answered after the death */
};

static inline uint64_t sim_random(struct sim *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static inline int64_t sim_below(struct sim *s, int64_t limit) /* 0 .. limit - 1 */
{
	return (int64_t)(((sim_random(s) >> 32) * (uint64_t)limit) >> 32);
}

static inline bool sim_chance(struct sim *s, int per_mille)
{
	return sim_below(s, 1000) < per_mille;
}

static inline struct moment sim_moment(const struct sim *s)
{
	return (struct moment){ s->now_ms - s->boot_origin_ms, s->now_ms + s->wall_offset_ms };
}

/* schedule.c */
void sim_run_schedule(struct sim *s, uint64_t seed);
bool sim_fault(struct sim *s, enum sim_fault fault, int per_mille); /* counted; never in calm */
void sim_later(struct sim *s, int64_t delay_ms, enum sim_happening h, int job, uint32_t attempt,
	int message);

/* agenda.c: a heap by time. HEALTH is always on it, so it is never empty. */
void agenda_put(struct sim *s, struct sim_entry entry);
struct sim_entry agenda_take(struct sim *s);

/* trace.c */
void sim_trace(struct sim *s, enum sim_happening h, int job, uint32_t attempt, int64_t detail);
void sim_trace_print(const struct sim *s);
void sim_violation(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* server.c */
void server_start(struct sim *s); /* builds the yard from the rows; adopts */
void server_crash(struct sim *s);
void server_take(struct sim *s, struct sim_event ev); /* dropped when the server is down */
void server_turn(struct sim *s);
void server_adopted(struct sim *s); /* one attempt less to settle */

/* executor.c */
void executor_act(struct sim *s, const struct command *c);
void executor_adopt(struct sim *s, int job, uint32_t attempt);
void executor_go(struct sim *s, int job, uint32_t attempt);
void executor_exit(struct sim *s, int job, uint32_t attempt);
void executor_retell(struct sim *s, int job, uint32_t attempt);
void executor_kill_runner(struct sim *s, int job);
void executor_reboot(struct sim *s);
bool executor_done(const struct sim *s); /* nothing lives and nothing waits to be told */

/* judge.c */
void judge_row(struct sim *s, const struct command *c);         /* before it becomes durable */
void judge_execution(struct sim *s, int job, uint32_t attempt); /* before the command executes */
void judge_turn(struct sim *s);                                 /* after the acts */
void judge_refusal(struct sim *s, const struct sim_event *ev, const struct err *e);
void judge_act(struct sim *s, const struct command *c);
void judge_end(struct sim *s);
int sim_job_of(const char *id);

#endif
