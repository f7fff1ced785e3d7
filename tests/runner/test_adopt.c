/* runner/test_adopt.c -- the server dies, the runner dies, both die: what a new server finds. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"
#include "runner/harness.h"

/* Runs while go is not there, writes what it hears, ends with 7. */
#define WAITING \
	"echo before; touch ready; while [ ! -e go ]; do sleep 0.02; done; echo after; exit 7"

static void let_go(struct yard *y)
{
	AUTO_FREE char *go = yard_path(y, "go");
	AUTO_CLOSE int fd = open(go, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
}

static struct seen *run_waiting(struct yard *y, const char *id)
{
	struct seen *s = yard_run(y, id, WAITING);

	yard_wait(y, &s->started);
	yard_wait_file(y, "ready");
	return s;
}

static void log_is(struct yard *y, const char *id, const char *text)
{
	AUTO_BUF log = yard_log(y, id);
	assert_string_equal(log.bytes, text);
}

static bool has_ended(struct yard *y, void *seen)
{
	return ((struct seen *)seen)->exited || ((struct seen *)seen)->gone;
}

static bool runner_is_gone(struct yard *y, void *seen)
{
	return yard_runner_of(y, seen) == 0;
}

static bool nobody_lives(struct yard *y, void *argument)
{
	return yard_jobs_alive(y) == 0;
}

static void a_new_server_finds_a_running_job_and_hears_its_end(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);
	int64_t pid = s->pid, ticks = s->start_ticks, wall_ms = s->started_wall_ms;

	yard_close(y);
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_LIVE);
	assert_int_equal(s->started, 1);
	assert_int_equal(s->pid, pid);
	assert_int_equal(s->start_ticks, ticks);
	assert_int_equal(s->started_wall_ms, wall_ms);
	let_go(y);
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 7);
	assert_int_equal(s->settled, 1);
	log_is(y, "job", "before\nafter\n");
}

static void a_job_that_ended_without_a_server_keeps_its_code_and_time(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);

	yard_close(y);
	let_go(y);
	yard_wait_for(y, runner_is_gone, s);
	int64_t ended_before_ms = loop_now().wall_ms;
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_ENDED);
	assert_int_equal(s->exited, 1);
	assert_int_equal(s->exit.code, 7);
	assert_true(s->exit.known);
	assert_true(s->exit.ended_wall_ms <= ended_before_ms);
	assert_true(s->exit.ended_wall_ms >= s->exit.started_wall_ms);
	assert_int_equal(s->exit.pid, row.pid);
	log_is(y, "job", "before\nafter\n");
}

static void a_job_stopped_by_a_new_server_leaves_nothing(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);

	yard_close(y);
	yard_open(y);
	s = yard_adopt(y, &row);
	assert_true(exec_stop(y->exec, "job", 1, 5000)); /* before it is even found */
	yard_wait(y, &s->exited);
	assert_true(s->exit.stopped);
	assert_int_equal(yard_jobs_alive(y), 0);
}

/* An attempt whose row is durable, and whose server died before it said go. */
static struct attempt_record reserved_row(struct yard *y, const char *id)
{
	struct attempt_record row = { .number = 1, .state = JOB_PENDING };
	struct err e;

	assert_int_equal(exec_reserve(y->exec, row.nonce, &e), 0);
	str_copy(row.job_id, sizeof(row.job_id), id);
	str_copy(row.boot_id, sizeof(row.boot_id), exec_boot_id(y->exec));
	return row;
}

static void what_was_reserved_and_never_told_to_go_never_started(void **state)
{
	struct yard *y = *state;
	struct attempt_record row = reserved_row(y, "job");

	yard_close(y);
	yard_open(y);
	struct seen *s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_ENDED);
	assert_int_equal(s->gone, 1);
	assert_int_equal(s->gone_kind, GONE_NEVER_STARTED);
}

/* The runner died too, so nobody cleared up: an heir makes the marker void first. */
static void a_killed_runner_that_was_never_told_to_go_is_void(void **state)
{
	struct yard *y = *state;
	struct seen s = { 0 };
	struct seen *told = yard_run(y, "warm", "exit 0"); /* its runner is surely up and ready */

	yard_wait(y, &told->exited);
	str_copy(s.nonce, sizeof(s.nonce), told->nonce);
	pid_t runner = yard_runner_of(y, &s);
	assert_true(runner > 0);
	kill(runner, SIGKILL);
	yard_wait_for(y, runner_is_gone, &s);
	yard_close(y);
	yard_open(y);
	struct attempt_record row = { .number = 1, .state = JOB_PENDING, .job_id = "job" };
	str_copy(row.nonce, sizeof(row.nonce), s.nonce);
	row.nonce[31] = '1'; /* its second turn */
	str_copy(row.boot_id, sizeof(row.boot_id), exec_boot_id(y->exec));
	struct seen *found = yard_adopt(y, &row);
	yard_wait(y, &found->settled);
	assert_int_equal(found->gone, 1);
	assert_int_equal(found->gone_kind, GONE_NEVER_STARTED);
	assert_string_equal(found->sentence, "its runner died before it could start");
}

static void another_boot_id_means_the_host_was_restarted(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);
	pid_t runner = yard_runner_of(y, s);

	yard_close(y);
	kill(runner, SIGKILL);
	kill(-(pid_t)s->pid, SIGKILL);
	yard_wait_for(y, runner_is_gone, s);
	yard_wait_for(y, nobody_lives, NULL);
	yard_open(y);
	str_copy(row.boot_id, sizeof(row.boot_id), "00000000-0000-0000-0000-000000000000");
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->gone, 1);
	assert_int_equal(s->gone_kind, GONE_REBOOT);
}

static void nothing_left_after_another_boot_is_a_restart_too(void **state)
{
	struct yard *y = *state;
	struct attempt_record row = { .number = 1,
		.state = JOB_PENDING,
		.job_id = "job",
		.nonce = "0123456789abcdef0123456700000000",
		.boot_id = "00000000-0000-0000-0000-000000000000" };
	struct seen *s = yard_adopt(y, &row);

	yard_wait(y, &s->settled);
	assert_int_equal(s->gone_kind, GONE_REBOOT);
}

static void a_running_row_of_which_nothing_is_left_is_lost_not_new(void **state)
{
	struct yard *y = *state;
	struct attempt_record row = { .number = 1,
		.state = JOB_RUNNING,
		.job_id = "job",
		.pid = 4711,
		.nonce = "0123456789abcdef0123456700000000" };

	str_copy(row.boot_id, sizeof(row.boot_id), exec_boot_id(y->exec));
	struct seen *s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->gone_kind, GONE_LOST);
}

static void killed_with_its_runner_a_job_is_lost(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);
	pid_t runner = yard_runner_of(y, s);

	yard_close(y);
	kill(runner, SIGKILL);
	kill(-(pid_t)s->pid, SIGKILL);
	yard_wait_for(y, runner_is_gone, s);
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->gone + s->exited, 1);
	if (s->gone)
		assert_int_equal(s->gone_kind, GONE_LOST);
	else
		assert_int_equal(s->exit.signal, SIGKILL); /* the kernel still told */
	assert_int_equal(yard_jobs_alive(y), 0);
}

/* The heir sees the end by pidfd. This kernel tells it; an older one may not, and then it is
 * said. */
static void a_job_whose_runner_was_killed_goes_on_and_its_end_is_seen(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	pid_t runner = yard_runner_of(y, s);

	kill(runner, SIGKILL);
	s->started = 0;
	yard_wait(y, &s->started); /* told anew by the heir */
	assert_true(yard_runner_of(y, s) > 0);
	assert_int_not_equal(yard_runner_of(y, s), runner);
	let_go(y);
	yard_wait_for(y, has_ended, s);
	if (s->exited)
		assert_int_equal(s->exit.code, 7);
	else
		assert_int_equal(s->gone_kind, GONE_LOST);
	log_is(y, "job", "before\nafter\n");
}

static void the_heir_may_be_killed_too(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");

	for (int i = 0; i < 3; i++) {
		s->started = 0;
		kill(yard_runner_of(y, s), SIGKILL);
		yard_wait(y, &s->started);
	}
	assert_true(exec_stop(y->exec, "job", 1, 5000));
	yard_wait(y, &s->exited);
	assert_int_equal(yard_jobs_alive(y), 0);
}

static void server_and_runner_killed_a_running_job_is_taken_over(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");
	struct attempt_record row = yard_row(y, s);
	pid_t runner = yard_runner_of(y, s);

	yard_close(y);
	kill(runner, SIGKILL);
	yard_wait_for(y, runner_is_gone, s);
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_LIVE);
	assert_true(exec_stop(y->exec, "job", 1, 5000));
	yard_wait(y, &s->exited);
	assert_true(s->exit.stopped);
	assert_int_equal(yard_jobs_alive(y), 0);
}

/* Its leader went with the runner; what it started is still the job. */
static void a_job_lives_as_long_as_anything_of_it_does(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "job",
		"(touch ready; while [ ! -e go ]; do sleep 0.02; done) & wait");

	yard_wait(y, &s->started);
	yard_wait_file(y, "ready");
	struct attempt_record row = yard_row(y, s);
	pid_t runner = yard_runner_of(y, s);
	yard_close(y);
	kill(runner, SIGKILL);
	kill((pid_t)s->pid, SIGKILL);
	yard_wait_for(y, runner_is_gone, s);
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_LIVE);
	assert_int_equal(s->gone, 0);
	let_go(y);
	yard_wait_for(y, has_ended, s);
	if (s->exited)
		assert_int_equal(s->exit.signal, SIGKILL); /* the kernel still told */
	else
		assert_int_equal(s->gone_kind, GONE_LOST);
}

static void an_end_is_told_until_it_is_acknowledged(void **state)
{
	struct yard *y = *state;

	y->acknowledge = false;
	struct seen *s = yard_run(y, "job", "exit 9");
	yard_wait(y, &s->exited);
	struct attempt_record row = yard_row(y, s);
	s->exited = 0;
	yard_wait(y, &s->exited); /* again, a second later */
	yard_close(y);
	yard_open(y);
	s = yard_adopt(y, &row); /* and to the next server */
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 9);
	exec_acknowledge(y->exec, "job", 1);
	yard_wait_for(y, runner_is_gone, s);
}

static bool directory_is_gone(struct yard *y, void *seen)
{
	AUTO_FREE char *path = yard_path(y, "runners/%.24s", ((struct seen *)seen)->nonce);
	return access(path, F_OK) < 0;
}

/* A write torn in the middle is no record: the end is then not known, and that is what is said. */
static void a_torn_exit_record_is_seen_and_not_believed(void **state)
{
	struct yard *y = *state;

	y->acknowledge = false;
	struct seen *s = yard_run(y, "job", "exit 9");
	yard_wait(y, &s->exited);
	struct attempt_record row = yard_row(y, s);
	yard_close(y);
	yard_wait_for(y, runner_is_gone, s);
	AUTO_FREE char *path = yard_path(y, "runners/%.24s/exit", s->nonce);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	char byte;
	assert_int_equal(pread(fd, &byte, 1, 80), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 80), 1);
	close(fd);
	y->acknowledge = true;
	yard_open(y);
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->exited, 0);
	assert_int_equal(s->gone_kind, GONE_LOST);
	yard_wait_for(y, directory_is_gone, s);
}

static void what_dead_runners_left_is_cleared_away(void **state)
{
	struct yard *y = *state;

	y->acknowledge = false;
	struct seen *s = yard_run(y, "job", "exit 0");
	yard_wait(y, &s->exited);
	yard_close(y);
	yard_wait_for(y, runner_is_gone, s);
	assert_false(directory_is_gone(y, s));
	yard_open(y);
	exec_open(y->exec); /* its row was ended long ago */
	yard_wait_for(y, directory_is_gone, s);
}

/* Any runner of the pool: its directory stands for a nonce of its first turn. */
static bool find_idle(struct yard *y, void *seen)
{
	struct seen *s = seen;
	AUTO_FREE char *path = yard_path(y, "runners");
	DIR *runners = opendir(path);
	const struct dirent *entry;

	while (runners && (entry = readdir(runners)))
		if (entry->d_name[0] != '.')
			str_copy_cut(s->nonce, sizeof(s->nonce), entry->d_name);
	closedir(runners);
	return s->nonce[0] && yard_runner_of(y, s) > 0;
}

static void an_idle_runner_that_was_killed_is_cleared_away(void **state)
{
	struct yard *y = *state;
	struct seen idle = { 0 };

	exec_open(y->exec);
	yard_wait_for(y, find_idle, &idle);
	kill(yard_runner_of(y, &idle), SIGKILL);
	yard_wait_for(y, directory_is_gone, &idle);
}

static void a_frozen_job_survives_its_runner(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_waiting(y, "job");

	kill(-(pid_t)s->pid, SIGSTOP);
	s->started = 0;
	kill(yard_runner_of(y, s), SIGKILL);
	yard_wait(y, &s->started);
	kill(-(pid_t)s->pid, SIGCONT);
	let_go(y);
	yard_wait_for(y, has_ended, s);
	log_is(y, "job", "before\nafter\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define BOTH(name)                                                                          \
	{ #name "_with_cgroups", name, yard_setup, yard_teardown, NULL },                   \
		{ #name "_without_cgroups", name, yard_setup_without_groups, yard_teardown, NULL }
		BOTH(a_new_server_finds_a_running_job_and_hears_its_end),
		BOTH(a_job_that_ended_without_a_server_keeps_its_code_and_time),
		BOTH(a_job_stopped_by_a_new_server_leaves_nothing),
		BOTH(what_was_reserved_and_never_told_to_go_never_started),
		BOTH(a_killed_runner_that_was_never_told_to_go_is_void),
		BOTH(another_boot_id_means_the_host_was_restarted),
		BOTH(nothing_left_after_another_boot_is_a_restart_too),
		BOTH(a_running_row_of_which_nothing_is_left_is_lost_not_new),
		BOTH(killed_with_its_runner_a_job_is_lost),
		BOTH(a_job_whose_runner_was_killed_goes_on_and_its_end_is_seen),
		BOTH(the_heir_may_be_killed_too),
		BOTH(server_and_runner_killed_a_running_job_is_taken_over),
		BOTH(a_job_lives_as_long_as_anything_of_it_does),
		BOTH(an_end_is_told_until_it_is_acknowledged),
		BOTH(a_torn_exit_record_is_seen_and_not_believed),
		BOTH(what_dead_runners_left_is_cleared_away),
		BOTH(an_idle_runner_that_was_killed_is_cleared_away),
		BOTH(a_frozen_job_survives_its_runner),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
