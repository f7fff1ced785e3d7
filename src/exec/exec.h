/* exec/exec.h -- starts attempts, stops them, and finds them again: the server's side of a runner.
 *
 * Every attempt is owned by one trainyard-runner process, which outlives the server. All calls
 * return at once; what comes of them is told by struct exec_events, from the loop, never from
 * inside a call. One thread.
 *
 * On disk, below the state directory:
 *   runners/<runner>/     a runner's own directory, transient: lock, sock (its unix socket),
 *                         exit (the slot of the exit record), started-<turn> (the start
 *                         marker), output-<turn> (the FIFO)
 *   jobs/<id>/log         what the job wrote; attempts append; offsets stay true when old bytes are
 *                         punched out (lseek SEEK_DATA finds the first one kept)
 *   jobs/<id>/log.times   16 bytes a sample, little endian: offset, wall ms (pact/disk.h)
 *   jobs/<id>/run/        TRAINYARD_RUN_DIR
 * A nonce is <runner> (24 hex digits) and <turn> (8): the row alone tells where its attempt is, so
 * nothing is renamed and a runner that finished one attempt takes the next. Once an end is
 * acknowledged nothing of the attempt is left in runners/. */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/record.h"

struct loop;
struct exec;

struct exec_config {
	const char *state_dir;   /* absolute; exists */
	const char *runner_path; /* the trainyard-runner program, absolute */
	int pool_size;           /* idle runners kept ready; 0 = each start waits for its own */
	bool cgroups;            /* false: never make a group, even where that is possible */
	int64_t log_limit_bytes; /* per job, newest kept; 0 = 1 GiB */
};

/* How an attempt ended that had a runner to see it. */
struct exec_exit {
	int32_t code;       /* -1 = ended by a signal, or not known */
	int32_t signal;     /* 0 = none */
	bool known;         /* false: it ended, but nobody could see how */
	bool stopped;       /* exec_stop was at work before it ended */
	bool out_of_memory; /* the kernel's own record says so */
	int64_t pid;
	int64_t started_wall_ms;
	int64_t ended_wall_ms;
	int64_t cpu_ms;            /* of the command and its waited-for children; 0 = unknown */
	int64_t peak_memory_bytes; /* the largest of them; 0 = unknown */
	int64_t log_lost_bytes;    /* output that a full disk cost */
};

#define EXEC_GONE_KINDS(X)                                                                    \
	X(NEVER_STARTED, "never_started") /* provably, and never will: safe to queue again */ \
	X(LOST, "lost")                   /* it may have run; nothing of it lives */          \
	X(REBOOT, "reboot")               /* the host was started anew since */

enum gone_kind {
#define X(name, word) GONE_##name,
	EXEC_GONE_KINDS(X)
#undef X
	GONE_KIND_COUNT
};

/* What exec_adopt found, told once per call after the events that it caused. */
enum exec_found {
	FOUND_LIVE,   /* its processes run; `started` was told */
	FOUND_ENDED,  /* `exited`, `start_failed` or `gone` was told */
	FOUND_SILENT, /* its runner lives but does not answer: exec goes on asking */
};

/* start_failed, exited and gone end an attempt. Each is told again (after 1 s, then less often, and
 * by the next server's exec_adopt) until exec_acknowledge. Sentences and struct exec_exit are
 * borrowed for the call. */
struct exec_events {
	void (*started)(void *ctx, const char *job_id, uint32_t attempt, int64_t pid,
		int64_t pid_start_ticks, int64_t wall_ms);
	void (*start_failed)(void *ctx, const char *job_id, uint32_t attempt, const char *sentence);
	void (*exited)(void *ctx, const char *job_id, uint32_t attempt, const struct exec_exit *x);
	void (*gone)(void *ctx, const char *job_id, uint32_t attempt, enum gone_kind kind,
		const char *sentence);
	/* A stop did its worst and something lives on (uninterruptible); its end comes later. */
	void (*unkillable)(void *ctx, const char *job_id, uint32_t attempt,
		const char *what_still_lives);
};

typedef void exec_settled(void *ctx, const char *job_id, uint32_t attempt, enum exec_found found);

struct exec *exec_create(struct loop *loop, const struct exec_config *config,
	const struct exec_events *events, void *ctx, struct err *e);

/* Leaves attempts running. Idle runners end by themselves. */
void exec_destroy(struct exec *x);

/* At server start: finds out what became of an attempt of an earlier server. Reports by the events,
 * then calls settled once. */
void exec_adopt(struct exec *x, const struct attempt_record *attempt, exec_settled *settled);

/* Once every incomplete attempt was handed to exec_adopt: clears away what belongs to none of them
 * and fills the pool. Starts do not wait for it. */
void exec_open(struct exec *x);

/* This boot's id, for the attempt's row. */
const char *exec_boot_id(const struct exec *x);

/* The nonce of the runner that will take an attempt: into the pending row, before exec_start.
 * Written into nonce; fails only when the runner's directory cannot be made. */
int exec_reserve(struct exec *x, char nonce[NONCE_BYTES], struct err *e);
void exec_unreserve(struct exec *x, const char *nonce); /* exec_start will not be called for it */

struct exec_start {
	const char *job_id;
	uint32_t attempt;
	const char *nonce;       /* from exec_reserve */
	const char *const *argv; /* NULL-ended; argv[0] is looked up in envp's PATH */
	const char *const *envp; /* NULL-ended NAME=value; TRAINYARD_NONCE is added */
	const char *cwd;         /* absolute; NULL = the job's run directory */
	int32_t umask_bits;      /* -1 = the server's */
	bool direct_output;      /* an O_APPEND file instead of the FIFO */
	int64_t log_limit_bytes; /* 0 = the configuration's */
};

/* After the commit of the pending row. Everything is copied. -1 = refused, nothing was started and
 * no event will follow: bad ids, a command too long to pass on (ERR_INPUT), or no room for the
 * job's directory (ERR_DISK_FULL: no fault of the job). */
int exec_start(struct exec *x, const struct exec_start *s, struct err *e);

/* TERM to the command's process group, grace, then the whole tree is killed. Again with a shorter
 * grace: that one counts. The end comes as `exited` or `gone`. False: no such attempt here. */
bool exec_stop(struct exec *x, const char *job_id, uint32_t attempt, int64_t grace_ms);

/* The end that was told for this attempt is durable: its runner may forget it. */
void exec_acknowledge(struct exec *x, const char *job_id, uint32_t attempt);

/* Looks now: is its runner's lock held, or does its command's process live? */
bool exec_is_live(struct exec *x, const struct attempt_record *attempt);

#endif
