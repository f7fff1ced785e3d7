/* core/record.h -- everything that is kept of a job: what it runs, how far it is, how it ended.
 *
 * Strings are borrowed from whoever made the record (a request's or a reader's arena); NULL = not
 * given. *_json fields hold JSON text that was validated when the job was accepted. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/job.h"

struct job_spec {
	const char *name;         /* never NULL; the id when none was given */
	const char *owner;        /* user's name, never NULL */
	const char *command_json; /* array of strings, never NULL */
	const char *cwd;          /* absolute; NULL = the job's run directory */
	const char *env_json;     /* object of strings; NULL = a small default */
	const char *config_json;  /* object, kept as given */
	const char *tags_json;    /* array of strings */
	const char *group;
	const char *notes;
	const char *git_commit;
	bool git_dirty;
	int32_t umask_bits;      /* -1 = the server's */
	bool direct_output;      /* stdout: direct, an O_APPEND file instead of the FIFO */
	int64_t log_limit_bytes; /* newest kept; 0 = the server's default */
	const char *host;        /* that it was submitted from */
};

/* The latest known values; a field is known when its bit is set in `known`. */
#define PROGRESS_FIELDS(X)                                                                  \
	X(STEP,          current_step,   "current_step")                                    \
	X(TOTAL_STEPS,   total_steps,    "total_steps")                                     \
	X(EPOCH,         current_epoch,  "current_epoch")                                   \
	X(TOTAL_EPOCHS,  total_epochs,   "total_epochs")                                    \
	X(LOSS,          loss,           "loss")                                            \
	X(EVAL_LOSS,     eval_loss,      "eval_loss")                                       \
	X(LEARNING_RATE, learning_rate,  "learning_rate")                                   \
	X(GRAD_NORM,     grad_norm,      "grad_norm")                                       \
	X(PERCENT,       progress,       "progress")                                        \
	X(REMAINING_S,   remaining_seconds, "remaining_seconds")                            \
	X(BEST_EVAL_LOSS, best_eval_loss, "best_eval_loss")                                 \
	X(BEST_STEP,     best_step,      "best_step")                                       \
	X(BEST_EPOCH,    best_epoch,     "best_epoch")                                      \
	X(SAMPLES_PER_SECOND, samples_per_second, "samples_per_second")                     \
	X(TOKENS_PER_SECOND, tokens_per_second, "tokens_per_second")

enum progress_field {
#define X(name, field, word) PROGRESS_##name,
	PROGRESS_FIELDS(X)
#undef X
	PROGRESS_FIELD_COUNT
};

struct job_progress {
	uint32_t known; /* bits of 1 << PROGRESS_x */
	double value[PROGRESS_FIELD_COUNT];
	int64_t updated_wall_ms; /* 0 = nothing yet */
};

static inline bool progress_has(const struct job_progress *p, enum progress_field field)
{
	return p->known & (1u << field);
}

static inline void progress_set(struct job_progress *p, enum progress_field field, double value)
{
	p->known |= 1u << field;
	p->value[field] = value;
}

struct job_record {
	struct job job;
	struct job_spec spec;
	struct job_progress progress;
};

/* One launch of a job. Identity is pid + start time + boot id + nonce. */
#define NONCE_BYTES 33 /* 128 random bits as hex, and a NUL */
#define BOOT_ID_BYTES 37

struct attempt_record {
	char job_id[JOB_ID_BYTES];
	uint32_t number; /* from 1 */
	char nonce[NONCE_BYTES];
	char boot_id[BOOT_ID_BYTES];
	enum job_state state; /* PENDING, RUNNING, or how this attempt ended */
	uint64_t devices;
	int64_t pid;             /* 0 = not started */
	int64_t pid_start_ticks; /* /proc/PID/stat field 22 */
	int64_t pending_wall_ms, started_wall_ms, ended_wall_ms;
	struct job_end end;
};

#endif
