/* runner/runner.h -- trainyard-runner: one thread, one attempt at a time; only heirs use the heap.
 *
 * Its working directory is its own directory below runners/, so every path here is short, however
 * long the state directory's is. There is one struct runner; every file of this folder takes it. */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pact/disk.h"
#include "pact/message.h"

#define CONTROL_FD 3 /* the connection that the server started it with */
#define ID_BYTES 129
#define BOOT_BYTES 37
#define SENTENCE_BYTES 400
#define SMALL_BODY_BYTES 8192  /* of every message but start */
#define LEFTOVER_GRACE_MS 1000 /* for what the command left behind when it ended */

/* The life of a turn. */
#define PHASES(X)                                                                \
	X(IDLE, "idle")         /* prepared, waits for go */                     \
	X(STARTING, "starting") /* marker written, the child is about to exec */ \
	X(RUNNING, "running")                                                    \
	X(LEAVING, "leaving") /* the command ended, something of it lives on */  \
	X(ENDED, "ended")     /* recorded, not acknowledged yet */

enum phase {
#define X(name, word) PHASE_##name,
	PHASES(X)
#undef X
};

/* A running stop: TERM was sent, the rest is killed at kill_at_ms. */
struct stop {
	bool asked; /* by the server, or by TERM to the runner */
	bool killing;
	bool told;          /* that something survives */
	int64_t kill_at_ms; /* 0 = no stop under way */
	int64_t tell_at_ms;
	int pause_ms; /* between two rounds of killing */
};

struct log_out {
	int fifo;              /* our end, O_RDWR | O_NONBLOCK */
	int file;              /* -1 until the turn starts */
	int times;             /* made with the first output */
	int64_t offset_bytes;  /* where the next byte goes */
	int64_t punched_bytes; /* everything before is a hole */
	int64_t limit_bytes;
	int64_t lost_bytes;    /* in all */
	int64_t gap_bytes;     /* lost and not announced yet */
	int64_t sample_due_ms; /* not before this is the next sample written */
	int64_t check_due_ms;  /* direct output: when to look at the size; 0 = not direct */
	bool splice_works;
};

struct shared {
	uint64_t body_bytes;
	unsigned char frame[PACT_FRAME_BYTES + PACT_BODY_BYTES_MAX];
};

struct runner {
	char name[PACT_RUNNER_BYTES];
	char nonce[PACT_NONCE_BYTES]; /* of this turn */
	char boot[BOOT_BYTES];
	char job[ID_BYTES];
	char oom_score[16]; /* the server's own, for the command */
	char group[512];    /* our cgroup's directory, empty = none */
	uint32_t turn;
	uint32_t attempt;
	enum phase phase;
	bool groups_wanted;
	bool heir;   /* watches an attempt of a runner that died */
	bool done;   /* leave the loop */
	bool forget; /* and leave nothing behind */

	int control, listener, signals, lock, exit_slot;
	int group_fd;      /* the cgroup's directory, -1 = none */
	bool group_counts; /* it has a memory controller */
	int go, errors;    /* pipes to and from the blocked child */

	pid_t child;  /* the leader; 0 = none or reaped */
	pid_t leader; /* its number, also after it was reaped */
	int64_t leader_ticks;
	int leader_pidfd;    /* heir only */
	int quiet_looks;     /* heir only: that found nobody, in a row */
	int64_t heir_due_ms; /* heir only: when to look again; 0 = not by time */
	struct stop stop;
	struct log_out log;
	struct pact_message end; /* texts: nonce, sentence */
	char sentence[SENTENCE_BYTES];
	int64_t started_boot_ms;
	int64_t group_kills; /* memory kills of our cgroup before this turn */

	struct shared *shared; /* the start message, read by the child too */
	unsigned char small[PACT_FRAME_BYTES + SMALL_BODY_BYTES];
	size_t received_bytes; /* of the frame being read */
};

/* What a runner does not hear; its command does again. */
static const int runner_ignores[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT };

int64_t clock_boot_ms(void);
int64_t clock_wall_ms(void);

/* turn.c: from go to acknowledged. */
int turn_prepare(struct runner *r); /* FIFO and blocked child of this turn */
void turn_start(struct runner *r, const struct pact_start *start);
void turn_child_spoke(struct runner *r); /* the error pipe is readable */
void turn_reap(struct runner *r);        /* SIGCHLD */
void turn_stop(struct runner *r, int64_t grace_ms);
void turn_tick(struct runner *r, int64_t now_ms);
void turn_acknowledged(struct runner *r);
int64_t turn_due_ms(const struct runner *r); /* 0 = nothing is due */
void turn_abandon(struct runner *r);
void turn_end(struct runner *r);  /* the tree is dead: record and tell */
void turn_tell(struct runner *r); /* where the attempt is, on each connection */

/* child.c: between fork and exec. */
int child_fork(struct runner *r); /* -1 with errno; a failing child sends
                                                         * its sentence, an execing one EOF */

/* control.c: the conversation with the server. */
int control_listen(void);
void control_say(struct runner *r, const struct pact_message *m);
void control_hello(struct runner *r);
void control_read(struct runner *r);
void control_accept(struct runner *r);

/* log.c: from the FIFO to the job's log. */
int log_fifo_open(struct runner *r);
void log_open(struct runner *r, bool direct);
ssize_t log_move(struct runner *r); /* bytes taken from the FIFO; <= 0: none now */
void log_drain(struct runner *r);
void log_close(struct runner *r);
void log_check_direct(struct runner *r, int64_t now_ms);

/* tree.c: everything that the command started. */
bool tree_reap(struct runner *r); /* true: no child of ours is left */
void tree_term_children(struct runner *r);
int tree_kill_children(void); /* how many there were */
void tree_describe_children(char *text, size_t text_bytes);

/* group.c: a cgroup of our own, where there can be one. */
void group_create(struct runner *r);
void group_kill(const struct runner *r);
bool group_is_empty(const struct runner *r);
void group_remove(struct runner *r);

/* disk.c: lock, marker, exit slot. */
int disk_lock(void);
int disk_slot_open(void);
int disk_marker_write(const struct runner *r, const struct pact_message *marker); /* EEXIST: lost */
bool disk_marker_read(const struct runner *r, unsigned char *bytes, size_t room_bytes,
	struct pact_message *marker);
int disk_end_write(struct runner *r);
bool disk_end_read(const struct runner *r, unsigned char slot[PACT_SLOT_BYTES],
	struct pact_message *ended);
void disk_forget_turn(const struct runner *r);
void disk_forget_all(struct runner *r);
void disk_boot_id(char boot[BOOT_BYTES]);
ssize_t disk_read(const char *path, char *text, size_t text_bytes); /* adds a NUL */

/* proc.c: what /proc says of a process. */
struct process {
	pid_t pid, parent, group, session;
	char state;
	bool never_execed; /* forked, and still what its parent was */
	int64_t start_ticks;
	int exit_status; /* of a zombie, where we may know; else -1 */
};
bool process_read(pid_t pid, struct process *p); /* false: no such process */

/* oom.c: evidence that the kernel killed for memory. */
bool oom_killed(const struct runner *r, pid_t pid, int64_t since_boot_ms);
int64_t oom_group_kills(const struct runner *r);

/* heir.c: an attempt whose runner died. */
void heir_begin(struct runner *r, const char *recorded_boot);
void heir_leader_ended(struct runner *r); /* its pidfd is readable */
void heir_term(struct runner *r);
void heir_tick(struct runner *r, int64_t now_ms);

void text_format(char *text, size_t text_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
