/* tests/unit/loop/test_loop.c -- facts about the event loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"

struct scene {
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_poll *poll;
	int fds[2];
	int calls;
	int events;
	int64_t fired_boot_ms;
	char order[8];
};

static void note(struct scene *s, char what)
{
	size_t used = strlen(s->order);
	s->order[used] = what;
}

static void on_timer(void *context)
{
	struct scene *s = context;
	s->fired_boot_ms = loop_now().boot_ms;
	note(s, 't');
	loop_stop(s->loop);
}

static void a_timer_never_fires_early(void **state)
{
	struct scene s = { .loop = loop_create(NULL) };
	s.timer = loop_timer_create(s.loop, on_timer, &s);
	int64_t due = loop_now().boot_ms + 15;
	loop_timer_at(s.timer, due);
	loop_run(s.loop);
	assert_true(s.fired_boot_ms >= due);
	loop_timer_destroy(s.timer);
	loop_destroy(s.loop);
}

static void second(void *context)
{
	note(context, '2');
}

static void first(void *context)
{
	struct scene *s = context;
	note(s, '1');
	loop_defer(s->loop, second, s);
}

static void deferred_work_runs_in_the_same_turn_and_in_order(void **state)
{
	struct scene s = { .loop = loop_create(NULL) };
	loop_defer(s.loop, first, &s);
	loop_run_once(s.loop, false);
	assert_string_equal(s.order, "12");
	loop_destroy(s.loop);
}

static void on_ready(void *context, int events)
{
	struct scene *s = context;
	s->events = events;
	s->calls++;
	loop_poll_destroy(s->poll);
	loop_stop(s->loop);
}

static void a_peer_that_hangs_up_is_noticed_without_reading(void **state)
{
	struct scene s = { .loop = loop_create(NULL) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s.fds), 0);
	s.poll = loop_poll_create(s.loop, s.fds[0], on_ready, &s, NULL);
	loop_poll_set(s.poll, LOOP_DISCONNECT);
	close(s.fds[1]);
	loop_run(s.loop);
	assert_int_equal(s.calls, 1);
	assert_true(s.events & LOOP_DISCONNECT);
	loop_destroy(s.loop);
	close(s.fds[0]);
}

static void on_signal(void *context)
{
	struct scene *s = context;
	s->calls++;
	loop_stop(s->loop);
}

static void a_signal_arrives_on_the_loop(void **state)
{
	struct scene s = { .loop = loop_create(NULL) };
	struct loop_signal *signal_watch = loop_signal_create(s.loop, SIGUSR2, on_signal, &s);
	kill(getpid(), SIGUSR2);
	loop_run(s.loop);
	assert_int_equal(s.calls, 1);
	loop_signal_destroy(signal_watch);
	loop_destroy(s.loop);
}

static void in_background(void *context)
{
	note(context, 'w');
}

static void done(void *context)
{
	struct scene *s = context;
	note(s, 'd');
	loop_stop(s->loop);
}

static void work_is_done_before_its_done_is_called(void **state)
{
	struct scene s = { .loop = loop_create(NULL) };
	loop_work(s.loop, in_background, done, &s);
	loop_run(s.loop);
	assert_string_equal(s.order, "wd");
	loop_destroy(s.loop);
}

static void random_bytes_differ(void **state)
{
	unsigned char a[16], b[16];
	loop_random(a, sizeof(a));
	loop_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_never_fires_early),
		cmocka_unit_test(deferred_work_runs_in_the_same_turn_and_in_order),
		cmocka_unit_test(a_peer_that_hangs_up_is_noticed_without_reading),
		cmocka_unit_test(a_signal_arrives_on_the_loop),
		cmocka_unit_test(work_is_done_before_its_done_is_called),
		cmocka_unit_test(random_bytes_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
