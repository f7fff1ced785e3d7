/* runner/test_stop.c -- a stop takes the whole tree, whatever it did to get away.
 *
 * Every test here runs with a cgroup of the runner's own and without, and each style once with its
 * runner and once after the runner was killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"
#include "runner/harness.h"

#define GRACE_MS 300

static struct seen *build_tree(struct yard *y, const char *style, const char *then)
{
	const char *argv[] = { getenv("TRAINYARD_TREE"), style, y->dir, then, NULL };
	struct seen *s = yard_start(y, style, argv, NULL);

	yard_wait_file(y, "ready");
	yard_wait(y, &s->started);
	return s;
}

/* Of the processes that the tree noted, how many are there, zombies aside. */
static int noted_alive(struct yard *y, int *noted)
{
	AUTO_FREE char *path = yard_path(y, "pids");
	AUTO_BUF pids = { 0 };
	struct str line;
	int alive = 0;

	*noted = 0;
	assert_int_equal(io_read_file(path, 1 << 20, &pids, NULL), 0);
	struct str rest = { pids.bytes, pids.length_bytes };
	while (str_next(&rest, '\n', &line)) {
		int64_t pid;
		char stat[64];
		AUTO_BUF text = { 0 };
		assert_true(str_to_i64(line, &pid));
		snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)pid);
		++*noted;
		if (io_read_file(stat, 4096, &text, NULL) == 0 && !strstr(text.bytes, ") Z"))
			alive++;
	}
	return alive;
}

static void none_survives(struct yard *y)
{
	int noted;

	assert_int_equal(yard_jobs_alive(y), 0);
	assert_int_equal(noted_alive(y, &noted), 0);
	assert_true(noted >= 1);
}

static void stopping_takes(struct yard *y, const char *style)
{
	struct seen *s = build_tree(y, style, NULL);

	assert_true(yard_jobs_alive(y) >= 1);
	assert_true(exec_stop(y->exec, style, 1, GRACE_MS));
	yard_wait(y, &s->exited);
	none_survives(y);
	assert_true(s->exit.stopped);
	assert_true(s->exit.known);
	assert_true(s->exit.signal == SIGTERM || s->exit.signal == SIGKILL);
	assert_int_equal(s->unkillable, 0);
}

/* The tree was there, its runner was not: what took over finds it all the same. */
static void stopping_without_runner_takes(struct yard *y, const char *style)
{
	struct seen *s = build_tree(y, style, NULL);
	pid_t runner = yard_runner_of(y, s);

	assert_true(runner > 0);
	kill(runner, SIGKILL);
	assert_true(exec_stop(y->exec, style, 1, GRACE_MS));
	while (!s->exited && !s->gone)
		loop_run_once(y->loop, true);
	none_survives(y);
	assert_int_equal(s->exited, 1);
	assert_true(s->exit.stopped);
}

#define STYLES(X) \
	X(plain) X(ignore) X(setsid) X(group) X(twice) X(daemon) X(renamed) X(stopped) X(runaway)

#define X(style)                                                                \
	static void stopping_takes_a_tree_of_style_##style(void **state)        \
	{                                                                       \
		stopping_takes(*state, #style);                                 \
	}                                                                       \
	static void without_its_runner_a_stop_takes_style_##style(void **state) \
	{                                                                       \
		stopping_without_runner_takes(*state, #style);                  \
	}
STYLES(X)
X(scrubbed)
#undef X

/* Where this user may make no cgroup there is nothing to find a scrubbed orphan by. */
static void without_its_runner_a_stop_takes_style_scrubbed_by_its_group(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "probe", "grep -q trainyard- /proc/self/cgroup");

	yard_wait(y, &s->exited);
	if (s->exit.code != 0)
		skip();
	without_its_runner_a_stop_takes_style_scrubbed(state);
}

static void a_stopped_leader_is_ended_by_term_before_the_grace_is_over(void **state)
{
	struct yard *y = *state;
	struct seen *s = build_tree(y, "plain", "stop");

	assert_true(exec_stop(y->exec, "plain", 1, 15000));
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.signal, SIGTERM);
	none_survives(y);
}

static void what_the_command_leaves_behind_is_ended_with_it(void **state)
{
	struct yard *y = *state;
	struct seen *s = build_tree(y, "daemon", "leave");

	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 7);
	assert_false(s->exit.stopped);
	none_survives(y);
}

static void a_command_that_ends_well_on_term_keeps_its_exit_code(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "saver",
		"trap 'exit 5' TERM; touch ready; while :; do sleep 0.05; done");

	yard_wait_file(y, "ready");
	assert_true(exec_stop(y->exec, "saver", 1, 15000));
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 5);
	assert_true(s->exit.stopped);
	assert_int_equal(yard_jobs_alive(y), 0);
}

static void a_shorter_grace_overtakes_a_longer_one(void **state)
{
	struct yard *y = *state;
	struct seen *s = build_tree(y, "ignore", NULL);

	assert_true(exec_stop(y->exec, "ignore", 1, 3600000));
	assert_true(exec_stop(y->exec, "ignore", 1, 0));
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.signal, SIGKILL);
	none_survives(y);
}

static void a_stop_right_behind_the_start_ends_it(void **state)
{
	struct yard *y = *state;

	for (int i = 0; i < 20; i++) {
		char id[16];
		snprintf(id, sizeof(id), "quick-%d", i);
		struct seen *s = yard_run(y, id, "sleep 60");
		assert_true(exec_stop(y->exec, id, 1, 10000));
		yard_wait(y, &s->exited);
		assert_true(s->exit.stopped);
	}
	assert_int_equal(yard_jobs_alive(y), 0);
}

static void stopping_what_is_not_there_is_said(void **state)
{
	struct yard *y = *state;

	assert_false(exec_stop(y->exec, "nobody", 1, 0));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define BOTH(name)                                                        \
	{ #name "_with_cgroups", name, yard_setup, yard_teardown, NULL }, \
		{ #name "_without_cgroups", name, yard_setup_without_groups, yard_teardown, NULL }
#define X(style)                                      \
	BOTH(stopping_takes_a_tree_of_style_##style), \
		BOTH(without_its_runner_a_stop_takes_style_##style),
		STYLES(X)
#undef X
		BOTH(stopping_takes_a_tree_of_style_scrubbed),
		/* Without a cgroup nothing tells whose a scrubbed orphan of a dead runner is. */
		{ "without_its_runner_a_stop_takes_style_scrubbed_with_cgroups",
			without_its_runner_a_stop_takes_style_scrubbed_by_its_group, yard_setup,
			yard_teardown, NULL },
		BOTH(a_stopped_leader_is_ended_by_term_before_the_grace_is_over),
		BOTH(what_the_command_leaves_behind_is_ended_with_it),
		BOTH(a_command_that_ends_well_on_term_keeps_its_exit_code),
		BOTH(a_shorter_grace_overtakes_a_longer_one),
		BOTH(a_stop_right_behind_the_start_ends_it),
		BOTH(stopping_what_is_not_there_is_said),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
