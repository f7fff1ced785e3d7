/* loop/loop.c -- see loop.h. libuv's handles close asynchronously: each is freed in its close
 * callback, and loop_destroy turns the loop until the last one is. */
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

#include "base/mem.h"

struct deferred {
	loop_fn *fn;
	void *context;
};

struct loop {
	uv_loop_t uv;
	uv_check_t check;     /* runs deferred work after the turn's polling */
	uv_prepare_t prepare; /* and before the loop would sleep */
	uv_idle_t awake;      /* active while work is deferred: no sleep in between */
	struct deferred *deferred;
	size_t deferred_count, deferred_room;
};

struct loop_timer {
	uv_timer_t uv;
	loop_fn *fn;
	void *context;
	int64_t due_boot_ms;
};

struct loop_poll {
	uv_poll_t uv;
	loop_poll_fn *fn;
	void *context;
	int events;
};

struct loop_signal {
	uv_signal_t uv;
	loop_fn *fn;
	void *context;
};

struct work {
	uv_work_t uv;
	loop_fn *work, *done;
	void *context;
};

static void run_deferred(struct loop *l)
{
	for (size_t i = 0; i < l->deferred_count; i++) {
		struct deferred d = l->deferred[i];
		d.fn(d.context);
	}
	l->deferred_count = 0;
	uv_idle_stop(&l->awake);
}

static void on_check(uv_check_t *handle)
{
	run_deferred(handle->data);
}

static void on_prepare(uv_prepare_t *handle)
{
	run_deferred(handle->data);
}

static void on_awake(uv_idle_t *handle)
{
	(void)handle;
}

struct loop *loop_create(struct err *e)
{
	struct loop *l = mem_alloc(sizeof(*l));
	int status = uv_loop_init(&l->uv);
	if (status < 0) {
		err_set(e, ERR_IO, "cannot make an event loop: %s", uv_strerror(status));
		free(l);
		return NULL;
	}
	uv_check_init(&l->uv, &l->check);
	uv_prepare_init(&l->uv, &l->prepare);
	uv_idle_init(&l->uv, &l->awake);
	l->check.data = l->prepare.data = l->awake.data = l;
	uv_check_start(&l->check, on_check);
	uv_prepare_start(&l->prepare, on_prepare);
	uv_unref((uv_handle_t *)&l->check);
	uv_unref((uv_handle_t *)&l->prepare);
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

bool loop_run_once(struct loop *l, bool wait)
{
	return uv_run(&l->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->awake, NULL);
	while (uv_run(&l->uv, UV_RUN_DEFAULT))
		;
	int status = uv_loop_close(&l->uv);
	assert(status == 0 && "something made on the loop was not destroyed");
	(void)status;
	free(l->deferred);
	free(l);
}

static struct timespec clock_read(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t;
}

struct moment loop_now(void)
{
	struct timespec boot = clock_read(CLOCK_BOOTTIME), wall = clock_read(CLOCK_REALTIME);
	return (struct moment){
		.boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000,
		.wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
	};
}

int64_t loop_now_us(void)
{
	struct timespec boot = clock_read(CLOCK_BOOTTIME);
	return (int64_t)boot.tv_sec * 1000000 + boot.tv_nsec / 1000;
}

void loop_random(void *bytes, size_t size_bytes)
{
	char *at = bytes;
	while (size_bytes > 0) {
		ssize_t n = getrandom(at, size_bytes, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort();
		at += n;
		size_bytes -= (size_t)n;
	}
}

struct loop_timer *loop_timer_create(struct loop *l, loop_fn *fn, void *context)
{
	struct loop_timer *t = mem_alloc(sizeof(*t));
	uv_timer_init(&l->uv, &t->uv);
	t->uv.data = t;
	t->fn = fn;
	t->context = context;
	return t;
}

/* libuv's clock stops while the machine sleeps and rounds: look at the real due time once more. */
static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *t = handle->data;
	if (loop_now().boot_ms < t->due_boot_ms)
		loop_timer_at(t, t->due_boot_ms);
	else
		t->fn(t->context);
}

void loop_timer_at(struct loop_timer *t, int64_t due_boot_ms)
{
	int64_t wait_ms = due_boot_ms - loop_now().boot_ms;
	t->due_boot_ms = due_boot_ms;
	uv_update_time(t->uv.loop);
	uv_timer_start(&t->uv, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

void loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->uv);
}

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

void loop_timer_destroy(struct loop_timer *t)
{
	if (t)
		uv_close((uv_handle_t *)&t->uv, free_data);
}

struct loop_poll *loop_poll_create(struct loop *l, int fd, loop_poll_fn *fn, void *context,
	struct err *e)
{
	struct loop_poll *p = mem_alloc(sizeof(*p));
	int status = uv_poll_init(&l->uv, &p->uv, fd);
	if (status < 0) {
		err_set(e, ERR_IO, "cannot watch a file descriptor: %s", uv_strerror(status));
		free(p);
		return NULL;
	}
	p->uv.data = p;
	p->fn = fn;
	p->context = context;
	return p;
}

static void on_poll(uv_poll_t *handle, int status, int uv_events)
{
	struct loop_poll *p = handle->data;
	int events = 0;
	if (uv_events & UV_READABLE)
		events |= LOOP_READABLE;
	if (uv_events & UV_WRITABLE)
		events |= LOOP_WRITABLE;
	if (uv_events & UV_DISCONNECT)
		events |= LOOP_DISCONNECT;
	p->fn(p->context, status < 0 ? p->events : events);
}

void loop_poll_set(struct loop_poll *p, int events)
{
	int uv_events = 0;
	if (events == p->events)
		return;
	p->events = events;
	if (events & LOOP_READABLE)
		uv_events |= UV_READABLE;
	if (events & LOOP_WRITABLE)
		uv_events |= UV_WRITABLE;
	if (events & LOOP_DISCONNECT)
		uv_events |= UV_DISCONNECT;
	if (uv_events)
		uv_poll_start(&p->uv, uv_events, on_poll);
	else
		uv_poll_stop(&p->uv);
}

void loop_poll_destroy(struct loop_poll *p)
{
	if (p)
		uv_close((uv_handle_t *)&p->uv, free_data);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
	struct loop_signal *s = handle->data;
	(void)signal_number;
	s->fn(s->context);
}

struct loop_signal *loop_signal_create(struct loop *l, int signal_number, loop_fn *fn,
	void *context)
{
	struct loop_signal *s = mem_alloc(sizeof(*s));
	uv_signal_init(&l->uv, &s->uv);
	s->uv.data = s;
	s->fn = fn;
	s->context = context;
	uv_signal_start(&s->uv, on_signal, signal_number);
	return s;
}

void loop_signal_destroy(struct loop_signal *s)
{
	if (s)
		uv_close((uv_handle_t *)&s->uv, free_data);
}

void loop_defer(struct loop *l, loop_fn *fn, void *context)
{
	if (l->deferred_count == l->deferred_room) {
		l->deferred_room = l->deferred_room ? l->deferred_room * 2 : 16;
		l->deferred = mem_resize(l->deferred, l->deferred_room * sizeof(*l->deferred));
	}
	l->deferred[l->deferred_count++] = (struct deferred){ fn, context };
	uv_idle_start(&l->awake, on_awake);
}

static void on_work(uv_work_t *request)
{
	struct work *w = request->data;
	w->work(w->context);
}

static void on_done(uv_work_t *request, int status)
{
	struct work *w = request->data;
	(void)status;
	if (w->done)
		w->done(w->context);
	free(w);
}

void loop_work(struct loop *l, loop_fn *work, loop_fn *done, void *context)
{
	struct work *w = mem_alloc(sizeof(*w));
	*w = (struct work){ .work = work, .done = done, .context = context };
	w->uv.data = w;
	uv_queue_work(&l->uv, &w->uv, on_work, on_done);
}
