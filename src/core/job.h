/* core/job.h -- a job as the core sees it: its state, its place, its attempt, its end.
 *
 * JOB_STATES is the one list of states and of the transitions between them; names, sets, the CHECK
 * of the database, OpenAPI and the help text are made from it. A struct job is a plain value of
 * fixed size: nothing to free. What a job runs (command, environment, ...) is in core/record.h. */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define TO(state) (1u << JOB_##state)

/*   state     word       may become */
#define JOB_STATES(X)                                                                 \
	X(QUEUED, "queued",                                                           \
		TO(QUEUED) | TO(PENDING) | TO(PAUSED) | TO(FAILED) | TO(CANCELLED))   \
	X(PENDING, "pending",                                                         \
		TO(QUEUED) | TO(RUNNING) | TO(PAUSED) | TO(FAILED) | TO(CANCELLED))   \
	X(RUNNING, "running",                                                         \
		TO(QUEUED) | TO(PAUSED) | TO(COMPLETED) | TO(FAILED) | TO(CANCELLED)) \
	X(PAUSED, "paused",                                                           \
		TO(QUEUED) | TO(RUNNING) | TO(COMPLETED) | TO(FAILED) | TO(CANCELLED)) \
	X(COMPLETED, "completed", TO(QUEUED))                                         \
	X(FAILED, "failed", TO(QUEUED))                                               \
	X(CANCELLED, "cancelled", TO(QUEUED))

enum job_state {
#define X(name, word, next) JOB_##name,
	JOB_STATES(X)
#undef X
	JOB_STATE_COUNT
};

/* Named sets of states, usable wherever a state filter is. */
#define JOB_SETS(X)                                                                      \
	X(ACTIVE,      "active",      TO(QUEUED) | TO(PENDING) | TO(RUNNING))            \
	X(INCOMPLETE,  "incomplete",  TO(QUEUED) | TO(PENDING) | TO(RUNNING) | TO(PAUSED)) \
	X(TERMINAL,    "terminal",    TO(COMPLETED) | TO(FAILED) | TO(CANCELLED))        \
	X(RECOVERABLE, "recoverable", TO(QUEUED) | TO(PENDING) | TO(FAILED) | TO(CANCELLED))

enum job_set {
#define X(name, word, states) JOB_SET_##name = (states),
	JOB_SETS(X)
#undef X
};

/* Why an attempt, and with it a job, ended. */
#define END_REASONS(X)                                                             \
	X(NONE, "none") X(COMPLETED, "completed") X(EXIT_CODE, "exit_code")        \
	X(SIGNAL, "signal") X(OUT_OF_MEMORY, "out_of_memory")                      \
	X(TIME_LIMIT, "time_limit") X(START_FAILED, "start_failed")                \
	X(PROCESS_LOST, "process_lost") X(HOST_REBOOT, "host_reboot")              \
	X(STUCK_PENDING, "stuck_pending") X(DEPENDENCY_FAILED, "dependency_failed") \
	X(CANCELLED, "cancelled") X(AUTO_STOP, "auto_stop") X(MARKED_FAILED, "marked_failed")

enum end_reason {
#define X(name, word) END_##name,
	END_REASONS(X)
#undef X
	END_REASON_COUNT
};

/* How far a stop has come. */
#define STOP_PHASES(X)                                                           \
	X(NONE, "none") X(REQUESTED, "requested") X(CHECKPOINTING, "checkpointing") \
	X(TERMINATING, "terminating") X(KILLING, "killing")

enum stop_phase {
#define X(name, word) STOP_##name,
	STOP_PHASES(X)
#undef X
	STOP_PHASE_COUNT
};

/* How a paused job waits. */
#define PAUSE_KINDS(X) \
	X(NONE, "none") X(HELD, "held") X(CHECKPOINT, "checkpoint") X(FROZEN, "frozen")

enum pause_kind {
#define X(name, word) PAUSE_##name,
	PAUSE_KINDS(X)
#undef X
	PAUSE_KIND_COUNT
};

#define JOB_ID_BYTES 129
#define JOB_DEVICES_MAX 64

struct job_stop {
	enum stop_phase phase; /* STOP_NONE = nobody asked */
	char by[64];           /* who asked: a user's name */
	char reason[256];      /* theirs, may be empty; by and reason stay after the end */
	enum end_reason then;  /* what the end will be: END_CANCELLED, ... */
	int64_t grace_ms;      /* that this stop gives */
	int64_t asked_wall_ms;
	int64_t deadline_wall_ms; /* of the phase; for display, the yard has its own on boot time */
};

struct job_end {
	enum end_reason reason; /* END_NONE until the job has ended */
	int32_t exit_code;      /* -1 = unknown or ended by a signal */
	int32_t exit_signal;    /* 0 = none */
	char message[256];      /* a sentence; empty for completed */
};

struct job {
	char id[JOB_ID_BYTES];
	enum job_state state;
	uint64_t arrival; /* unique, rising: first come, first served */
	int32_t priority; /* higher first */
	int32_t gpus;     /* devices it wants; -1 = one if there is any */
	uint64_t devices; /* bits of the devices reserved for it now */
	uint32_t attempt; /* number of its latest attempt, 0 = none yet */
	enum pause_kind pause;
	int64_t grace_ms; /* between TERM and KILL */
	struct job_stop stop;
	struct job_end end;
	int64_t created_wall_ms;
	int64_t pending_wall_ms; /* when the latest attempt was reserved; 0 = never */
	int64_t started_wall_ms; /* first attempt's; 0 = never */
	int64_t ended_wall_ms;   /* 0 = not ended */
	int64_t paused_ms;       /* total time spent paused */
};

const char *job_state_name(enum job_state state);
const char *end_reason_name(enum end_reason reason);
const char *stop_phase_name(enum stop_phase phase);
const char *pause_kind_name(enum pause_kind kind);

/* -1 when no such word. */
int job_state_of(struct str word);
int end_reason_of(struct str word);
int stop_phase_of(struct str word);
int pause_kind_of(struct str word);

/* A state's or a set's word becomes bits, comma-separated lists too ("active,failed").
 * ERR_INPUT names the word that is neither. */
int job_states_parse(struct str words, unsigned *states, struct err *e);

bool job_state_in(enum job_state state, unsigned states);
bool job_may_become(enum job_state from, enum job_state to);

#endif
