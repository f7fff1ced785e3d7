/* core/yard.h -- the core is one function: an event in, commands out.
 *
 * A yard holds every incomplete job (queued, pending, running, paused) and decides. It opens
 * nothing, reads no clock, draws no randomness and calls nobody; whatever it needs comes in by
 * struct event and struct moment. One thread.
 *
 * How a caller uses it, one turn of its loop:
 *   1. yard_step() for each event of the turn, all into one struct commands;
 *   2. the rows of the commands (CMD_INSERT, CMD_UPDATE) in order into ONE transaction, commit;
 *   3. only after the commit, in order, the acts (every other kind); then replies; then
 *      commands_clear().
 * Persist before act holds by that order alone, for rows and acts may be mixed in the list.
 * If the commit fails, nothing is acted and the turn's events have not happened (a report among
 * them has to be made again): yard_destroy(), and a new yard is built from the store as at a start:
 * EV_LOAD for each incomplete row, then what became of its attempt (EV_STARTED, EV_EXITED, EV_GONE,
 * ...) for each pending, running or frozen one, then EV_OPEN. Nothing is started before EV_OPEN.
 * Between step 1 and 2 the yard is ahead of the disk, so readers are answered between turns. */
#ifndef CORE_YARD_H
#define CORE_YARD_H

#include <stddef.h>

#include "base/moment.h"
#include "core/job.h"

#define YARD_GRACE_MS 10000 /* when a job has none of its own (negative) */
#define YARD_PENDING_LIMIT_MS 600000
#define YARD_KILL_LIMIT_MS 10000

struct yard_limits {
	int slots;    /* jobs that may be pending, running or frozen at once */
	int devices;  /* 0 .. JOB_DEVICES_MAX; device i is bit 1 << i */
	int jobs_max; /* EV_SUBMIT beyond is ERR_BUSY; EV_LOAD is never refused for it */
	int64_t pending_limit_ms; /* of this yard's time; 0 = YARD_PENDING_LIMIT_MS */
	int64_t kill_limit_ms;    /* from KILL to overdue; 0 = YARD_KILL_LIMIT_MS */
};

/* What became of an attempt that nobody saw end. */
enum attempt_gone {
	ATTEMPT_NEVER_STARTED, /* provably, and it never will */
	ATTEMPT_LOST,          /* it may have run; nothing of it lives */
	ATTEMPT_REBOOT,        /* the host was started anew since */
};

/*   event          uses beside `id` (and `attempt` from STARTED to UNKILLABLE) */
#define YARD_EVENTS(X)                                                                         \
	X(LOAD)         /* job: a stored incomplete row. Only before OPEN                   */ \
	X(OPEN)         /* (no id) every row is loaded and settled: scheduling begins       */ \
	X(SUBMIT)       /* job: id, arrival, priority, gpus, grace_ms, created_wall_ms      */ \
	X(STARTED)      /* started_wall_ms: the command executes                            */ \
	X(START_FAILED) /* text: the sentence; nothing of it lives                          */ \
	X(EXITED)       /* exit_code, exit_signal, out_of_memory, started_, ended_wall_ms   */ \
	X(GONE)         /* gone, text (may be NULL): nothing of it lives, no exit was seen  */ \
	X(UNKILLABLE)   /* text: what still lives after a stop did its worst                */ \
	X(CANCEL)       /* by, text (the reason, may be NULL), grace_ms (-1 = the job's)    */ \
	X(TICK)         /* (no id) time has passed                                          */ \
	X(SLOTS)        /* (no id) slots: a new number of slots; running jobs stay          */

enum event_kind {
#define X(name) EV_##name,
	YARD_EVENTS(X)
#undef X
	EVENT_KIND_COUNT
};

/* Everything is borrowed for the call. Fields that a kind does not use are ignored. */
struct event {
	enum event_kind kind;
	const char *id;
	uint32_t attempt;
	const struct job *job;
	const char *by;
	const char *text;
	int64_t grace_ms;
	int64_t started_wall_ms; /* 0 = not known */
	int64_t ended_wall_ms;   /* 0 = now */
	int32_t exit_code;       /* -1 = ended by a signal, or unknown */
	int32_t exit_signal;     /* 0 = none; code -1 and signal 0: nobody could see how */
	bool out_of_memory;      /* there is evidence, not a guess */
	enum attempt_gone gone;
	int slots;
};

/*   command     what to do */
#define YARD_COMMANDS(X)                                                                       \
	X(INSERT)    /* row: a new job. job.state is QUEUED, or PENDING when a slot was free:  \
			one row write and two transitions (submitted, queued to pending)    */ \
	X(UPDATE)    /* row: job as it is now. from != to: a transition. from == to: other     \
			fields changed (a stop was asked or went on), no transition         */ \
	X(START)     /* act: launch job.attempt of job on job.devices                       */ \
	X(STOP)      /* act: TERM to the attempt's process group, grace_ms, then kill its tree; \
			also when it is only being started: then never start it. An attempt \
			that nobody launched is answered by GONE, NEVER_STARTED             */ \
	X(KILL)      /* act: kill its tree at once; repeated until it is dead               */ \
	X(ACK)       /* act: the end of attempt was kept (or is of no interest): forget it.    \
			job.id and attempt only                                             */ \
	X(OVERDUE)   /* act: whoever waits for the end of job is told that it is not dead; why  \
			says what still lives                                               */ \
	X(PUBLISH)   /* act: job changed; tell those who watch                              */

enum command_kind {
#define X(name) CMD_##name,
	YARD_COMMANDS(X)
#undef X
	COMMAND_KIND_COUNT
};

/* Everything by value: a terminal job has left the yard when its commands are carried out. */
struct command {
	enum command_kind kind;
	enum job_state from, to; /* INSERT: both job.state; UPDATE: see above */
	uint32_t attempt;        /* START, STOP, KILL, ACK: of which attempt */
	int64_t grace_ms;        /* STOP */
	char by[64];             /* INSERT, UPDATE: who; "" = trainyard itself */
	char why[256];           /* UPDATE: a sentence for the job's events; OVERDUE */
	struct job job;          /* as it was when the command was given */
};

/* A zeroed struct commands is ready. Grows; keeps its memory over commands_clear. */
struct commands {
	struct command *list;
	size_t count;
	size_t room;
};

void commands_clear(struct commands *c);
void commands_finish(struct commands *c);
bool command_is_row(enum command_kind kind); /* INSERT, UPDATE: before the commit */

struct yard;

struct yard *yard_create(const struct yard_limits *limits);
void yard_destroy(struct yard *y); /* NULL is fine */

/* 0: accepted, commands appended (perhaps none). -1: refused, and nothing changed:
 *   ERR_NOT_FOUND  CANCEL of a job that it does not hold: finished or unknown, the store knows
 *   ERR_CONFLICT   SUBMIT, LOAD of an id that it holds (ids of finished jobs: ask the store)
 *   ERR_BUSY       SUBMIT with jobs_max jobs in the yard
 *   ERR_INVALID    SUBMIT that wants more GPUs than the machine has
 *   ERR_INPUT      SUBMIT with an arrival that is not above all before it (store_arrival_next)
 *   ERR_STATE      LOAD of a terminal row, of a live one without an attempt, or after OPEN
 * Reports about attempts are never refused. One about another attempt, an ended or an unknown job
 * is late or doubled and without effect, but that an end (START_FAILED, EXITED, GONE) of a settled
 * attempt is acknowledged again. A job that ended leaves the yard in the same step.
 *
 * SUBMIT sets what the caller leaves open: state, attempt 0, no devices, no stop, no end; a
 * negative grace_ms becomes YARD_GRACE_MS.
 * EXITED of a pending job (its STARTED was lost) passes through running: two UPDATEs.
 * GONE NEVER_STARTED of a pending job queues it again at its old place; its next attempt has the
 * next number; 20 times in a row, and the job fails (start_failed). The same of a job that was
 * reported running counts as LOST. An end of a stuck job with code 0 is a completion all the same.
 * CANCEL: queued, held and checkpoint-paused jobs end in this step. Pending, running and frozen
 * ones get job.stop, a STOP, and end when EXITED, START_FAILED or GONE arrives, whatever the exit
 * code (it is kept). A second CANCEL joins: the shorter grace counts, and is a new STOP. When the
 * grace is over TICK makes the phase STOP_KILLING with a KILL; kill_limit_ms later, and again every
 * kill_limit_ms, OVERDUE and KILL: the job stays, its devices reserved, until it is dead.
 * TICK: a job pending for pending_limit_ms is stopped the same way, then failed (stuck_pending).
 * OPEN goes on with every stop that was under way: STOP with its whole grace, or KILL if it had
 * come so far.
 *
 * Scheduling, after every event once open: the first of the queue that this machine can ever run
 * starts as soon as a slot and its devices are free; until then nobody passes it. So nobody
 * starves, and a smaller job may wait behind a larger one. A job that needs more devices than
 * exist (loaded on a smaller machine) is passed over. Pending, running and frozen jobs hold a slot
 * and their devices until their end is reported. */
int yard_step(struct yard *y, const struct event *ev, struct moment now, struct commands *out,
	struct err *e);

/* Time (boot) of the next TICK that would do something; INT64_MAX = none. */
int64_t yard_next_deadline_boot_ms(const struct yard *y);

/* Readers. What they return is the yard's and lives until the next step. */
const struct job *yard_find(const struct yard *y, const char *id);    /* NULL = not held */
int yard_position(const struct yard *y, const struct job *j);         /* 1..n; 0 = not queued */
const struct job *yard_queued_at(const struct yard *y, int position); /* NULL beyond the end */
int yard_queue_length(const struct yard *y);

/* Every job held, in no useful order: `size_t at = 0; while ((j = yard_each(y, &at))) ...`. */
const struct job *yard_each(const struct yard *y, size_t *at);

/* How many devices a job takes here: its own number, or one if there is any and it said nothing. */
int yard_devices_wanted(const struct yard *y, const struct job *j);

struct yard_counts {
	int jobs[JOB_STATE_COUNT]; /* terminal states: 0 */
	int slots, slots_used;
	int devices, devices_used;
};
void yard_count(const struct yard *y, struct yard_counts *counts);

/* Why a job waits, as a true sentence without a full stop: "waits for a free slot: 2 of 2 in use,
 * position 3". Empty, and false, when it does not wait. */
bool yard_waiting_reason(const struct yard *y, const struct job *j, char *text, size_t text_bytes);

#endif
