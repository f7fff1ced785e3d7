/* exec/inside.h -- what the files of this folder share: exec, its links to runners, its attempts.
 *
 * A link is a connection to a runner; an attempt is what the server asked for. They find each other
 * by nonce, and each can be without the other: a pooled runner has no attempt, an attempt whose
 * runner died has no link until its heir answers. */
#ifndef EXEC_INSIDE_H
#define EXEC_INSIDE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "exec/exec.h"
#include "loop/loop.h"
#include "pact/disk.h"

#define LOG_LIMIT_DEFAULT_BYTES ((int64_t)1 << 30)
#define EXEC_SENTENCE_BYTES 400

struct link {
	struct list node; /* in exec.links */
	struct exec *exec;
	char runner[PACT_RUNNER_BYTES];
	uint32_t turn;
	int fd; /* -1: it could not be started; trouble says why */
	struct loop_poll *poll;
	struct buf in, out;
	bool hello; /* it has spoken */
	bool ready; /* in the pool */
	bool heir;
	struct attempt *attempt; /* NULL = none */
	bool reserved;           /* for an attempt that is not started yet */
	char trouble[EXEC_SENTENCE_BYTES];
};

enum attempt_phase {
	ATTEMPT_STARTING, /* go was said */
	ATTEMPT_RUNNING,
	ATTEMPT_ENDED, /* told, not acknowledged */
};

enum attempt_end { TOLD_NOTHING, TOLD_EXITED, TOLD_START_FAILED, TOLD_GONE };

struct attempt {
	char key[JOB_ID_BYTES + 16]; /* "job attempt", its place in exec.attempts */
	char job_id[JOB_ID_BYTES];
	uint32_t number;
	char nonce[NONCE_BYTES];
	char recorded_boot[BOOT_ID_BYTES];
	bool recorded_running; /* its row said that it executed: it did start */
	enum attempt_phase phase;
	struct link *link;
	exec_settled *settled; /* NULL once called */

	int64_t seek_at_ms; /* its runner is looked for then; 0 = not lost */
	int64_t seek_since_ms;
	int64_t seek_gap_ms;

	bool stop_asked;
	int64_t kill_at_ms;

	enum attempt_end end;
	enum gone_kind gone;
	struct exec_exit exit;
	char sentence[EXEC_SENTENCE_BYTES];
	int64_t tell_at_ms; /* 0 = not due */
	int64_t tell_gap_ms;
};

struct exec {
	struct loop *loop;
	struct exec_config config;
	char *state_dir;
	char *runner_path;
	struct exec_events events;
	void *ctx;
	char boot_id[BOOT_ID_BYTES];
	int runners_fd, jobs_fd;
	struct list links;
	struct map attempts;
	struct loop_timer *timer;
	int64_t wake_at_ms; /* what the timer is armed for; 0 = not armed */
	bool open;
	int64_t pool_at_ms; /* when to fill or trim the pool; 0 = it is right */
	int64_t reap_at_ms;
	pid_t *children; /* runners that we started and that were not waited for */
	size_t child_count, child_room;
	char (*stale)[PACT_NONCE_BYTES]; /* what exec_open still has to clear away */
	size_t stale_count, stale_at, stale_room;
	int64_t stale_at_ms;
};

/* exec.c */
void exec_wake(struct exec *x, int64_t at_ms); /* the timer fires then at the latest */
struct attempt *attempt_by_nonce(struct exec *x, const char *nonce);

/* link.c: starting runners and talking to them. */
struct link *link_spawn(struct exec *x, const char *runner, const char *heir_of,
	const char *recorded_boot);                            /* never NULL; look at fd */
struct link *link_connect(struct exec *x, const char *runner); /* NULL: nobody answers now */
void link_send(struct link *l, const struct pact_message *m);
void link_drop(struct link *l); /* closes and frees; tells nobody */
/* The same for a runner that has no attempt: what it leaves on disk goes too. */
void link_bury(struct link *l);
void link_reap(struct exec *x);

/* pool.c: runners without an attempt. */
struct link *pool_take(struct exec *x, struct err *e);
void pool_look(struct exec *x, int64_t now_ms);
void pool_changed(struct exec *x);
void pool_failed(struct exec *x);
void stale_collect(struct exec *x);
void stale_add(struct exec *x, const char *nonce);
void stale_step(struct exec *x, int64_t now_ms);

/* attempt.c: what becomes of an attempt. */
struct attempt *attempt_create(struct exec *x, const char *job_id, uint32_t number,
	const char *nonce);
struct attempt *attempt_find(struct exec *x, const char *job_id, uint32_t number);
void attempt_forget(struct exec *x, struct attempt *a);
void attempt_message(struct link *l, struct pact_message *m);
void attempt_link_lost(struct link *l); /* frees the link */
void attempt_gone(struct exec *x, struct attempt *a, enum gone_kind kind, const char *sentence);
void attempt_start_failed(struct exec *x, struct attempt *a, const char *sentence);
void attempt_tell(struct exec *x, struct attempt *a, int64_t now_ms);
void attempt_settle(struct exec *x, struct attempt *a, enum exec_found found);
void attempt_send_stop(struct attempt *a);

/* seek.c: finding the runner of an attempt, or what it left. */
void seek_begin(struct exec *x, struct attempt *a);
void seek_step(struct exec *x, struct attempt *a, int64_t now_ms);
bool seek_lock_held(int directory);

#endif
