/* loop/loop.h -- the one thread's event loop, its clock and its dice. Wraps libuv.
 *
 * Everything runs on the thread that calls loop_run; only the work function of loop_work runs on
 * another. Callbacks may create, change and destroy anything, themselves included. This room and
 * the runner are the only ones that read a clock or draw random bytes. Fatal misuse is asserted. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/moment.h"

struct loop;
struct loop_timer;
struct loop_poll;
struct loop_signal;

typedef void loop_fn(void *context);

struct loop *loop_create(struct err *e);
void loop_run(struct loop *l);                 /* until loop_stop */
void loop_stop(struct loop *l);                /* after this turn */
bool loop_run_once(struct loop *l, bool wait); /* one turn; false = nothing left alive */
void loop_destroy(struct loop *l);             /* after everything made on it is destroyed */

/* The clocks, read now: boot_ms counts suspended time and never steps back. */
struct moment loop_now(void);
int64_t loop_now_us(void); /* boot time in microseconds */

/* Unpredictable bytes from the kernel; ends the process if there are none to be had. */
void loop_random(void *bytes, size_t size_bytes);

/* One-shot, armed against an absolute boot time (loop_now().boot_ms); arming again moves it. */
struct loop_timer *loop_timer_create(struct loop *l, loop_fn *fn, void *context);
void loop_timer_at(struct loop_timer *t, int64_t due_boot_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_destroy(struct loop_timer *t); /* NULL is fine */

#define LOOP_READABLE 1
#define LOOP_WRITABLE 2
#define LOOP_DISCONNECT 4 /* the peer has hung up */

/* `events` is a mix of the bits above; on an error of the fd all asked bits are reported.
 * The fd stays the caller's: destroy the poll before closing it. */
typedef void loop_poll_fn(void *context, int events);
struct loop_poll *loop_poll_create(struct loop *l, int fd, loop_poll_fn *fn, void *context,
	struct err *e);
void loop_poll_set(struct loop_poll *p, int events); /* 0 = watch nothing for now */
void loop_poll_destroy(struct loop_poll *p);         /* NULL is fine */

struct loop_signal *loop_signal_create(struct loop *l, int signal_number, loop_fn *fn,
	void *context);
void loop_signal_destroy(struct loop_signal *s);

/* Runs fn once, after the callbacks of this turn: where a turn's events are committed together.
 * Deferred from inside a deferred fn, it still runs in the same turn. */
void loop_defer(struct loop *l, loop_fn *fn, void *context);

/* work on a pool thread, then done on the loop's. */
void loop_work(struct loop *l, loop_fn *work, loop_fn *done, void *context);

#endif
