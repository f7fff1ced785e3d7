/* runner/test_limits.c -- long paths, few descriptors, a full process table. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "runner/harness.h"

#define NOBODY 65534
#define NPROC 7

/* The state directory moves into a directory whose whole path has 200 characters. */
static void move_to_a_long_path(struct yard *y, char **outer)
{
	char name[256] = { 0 };

	yard_close(y);
	memset(name, 'n', 200 - strlen(y->dir) - 1);
	*outer = mem_string(y->dir);
	char *longer = yard_path(y, "%s", name);
	assert_int_equal(strlen(longer), 200);
	assert_int_equal(mkdir(longer, 0755), 0);
	free(y->dir);
	y->dir = longer;
	y->config.state_dir = longer;
	yard_open(y);
}

static void a_state_path_of_200_characters_works(void **state)
{
	struct yard *y = *state;
	char *outer = NULL;

	move_to_a_long_path(y, &outer);
	struct seen *s = yard_run(y, "job",
		"touch ready; while [ ! -e go ]; do sleep 0.02; done; exit 4");
	yard_wait(y, &s->started);
	struct attempt_record row = yard_row(y, s);
	yard_close(y);
	yard_open(y); /* reached by its socket, which a plain path could not */
	s = yard_adopt(y, &row);
	yard_wait(y, &s->settled);
	assert_int_equal(s->found, FOUND_LIVE);
	AUTO_FREE char *go = yard_path(y, "go");
	close(open(go, O_WRONLY | O_CREAT, 0600));
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 4);
	rename(y->dir, outer); /* teardown removes what it finds there */
	AUTO_FREE char *taken = y->dir;
	y->dir = outer;
}

/* 64 descriptors for the server, 12 jobs at once: each runner costs it one. */
static void sixty_four_descriptors_are_enough_for_a_dozen_jobs(void **state)
{
	struct yard *y = *state;
	struct rlimit few = { 64, 64 }, before;
	struct seen *s[12];

	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	exec_open(y->exec);
	for (int i = 0; i < 12; i++) {
		char id[16];
		snprintf(id, sizeof(id), "job-%d", i);
		s[i] = yard_run(y, id, "while [ ! -e go ]; do sleep 0.02; done; exit 6");
	}
	for (int i = 0; i < 12; i++)
		yard_wait(y, &s[i]->started);
	AUTO_FREE char *go = yard_path(y, "go");
	close(open(go, O_WRONLY | O_CREAT, 0600));
	for (int i = 0; i < 12; i++) {
		yard_wait(y, &s[i]->exited);
		assert_int_equal(s[i]->exit.code, 6);
	}
	setrlimit(RLIMIT_NOFILE, &before);
}

/* With no descriptor left the start is told to have failed, and the next one works again. */
static void out_of_descriptors_is_a_failed_start_with_a_sentence(void **state)
{
	struct yard *y = *state;
	int taken[1024], count = 0;
	struct rlimit few = { 64, 64 }, before;

	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	struct seen *warm = yard_run(y, "warm", "exit 0");
	yard_wait(y, &warm->exited);
	struct seen *busy = yard_run(y, "busy", "while [ ! -e go ]; do sleep 0.02; done");
	yard_wait(y, &busy->started);
	while (count < 1024 && (taken[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	struct seen *s = yard_run(y, "job", "exit 0");
	while (count > 0)
		close(taken[--count]);
	yard_wait(y, &s->failed);
	assert_non_null(strstr(s->sentence, ": Too many open files"));
	AUTO_FREE char *go = yard_path(y, "go");
	close(open(go, O_WRONLY | O_CREAT, 0600));
	yard_wait(y, &busy->exited);
	setrlimit(RLIMIT_NOFILE, &before);
	s = yard_run(y, "next", "exit 0");
	yard_wait(y, &s->exited);
}

/* In a process of its own: it gives up root for good. Exits 0 when all was as it should be. */
static int as_nobody(struct yard *y)
{
	struct rlimit few = { NPROC, NPROC };
	struct seen *s = NULL;
	pid_t hogs[NPROC];
	int count = 0;

	if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return 10;
	y->loop = loop_create(NULL); /* the parent's cannot be shared */
	yard_open(y);
	struct seen *first = yard_run(y, "first", "exec sleep 60");
	yard_wait(y, &first->started);
	if (setrlimit(RLIMIT_NPROC, &few) < 0)
		return 11;
	while (count < NPROC && (hogs[count] = fork()) >= 0) {
		if (hogs[count] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		count++;
	}
	if (count == NPROC)
		return 12;
	s = yard_run(y, "job", "exit 0");
	yard_wait(y, &s->failed);
	bool said = strcmp(s->sentence, "cannot start the runner: the process table is full") == 0;
	exec_stop(y->exec, "first", 1, 0);
	yard_wait(y, &first->exited);
	while (count > 0)
		kill(hogs[--count], SIGKILL);
	yard_close(y);
	return said ? 0 : 13;
}

/* Nobody may not look into the folder of the build, which may be below /root. */
static void runner_for_everybody(struct yard *y, const char *copy)
{
	AUTO_BUF bytes = { 0 };
	struct err e;
	assert_int_equal(io_read_file(y->config.runner_path, 64 << 20, &bytes, &e), 0);
	assert_int_equal(io_write_file(copy, bytes.bytes, bytes.length_bytes, 0755, &e), 0);
	assert_int_equal(chmod(copy, 0755), 0);
	y->config.runner_path = copy;
}

static void a_full_process_table_is_a_failed_start_with_a_sentence(void **state)
{
	struct yard *y = *state;
	int status;

	if (geteuid() != 0)
		skip();
	yard_close(y);
	assert_int_equal(chown(y->dir, NOBODY, NOBODY), 0);
	AUTO_FREE char *runners = yard_path(y, "runners");
	AUTO_FREE char *jobs = yard_path(y, "jobs");
	AUTO_FREE char *runner = yard_path(y, "trainyard-runner");
	runner_for_everybody(y, runner);
	assert_int_equal(chown(runners, NOBODY, NOBODY), 0);
	assert_int_equal(chown(jobs, NOBODY, NOBODY), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(as_nobody(y));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int directories(struct yard *y)
{
	AUTO_FREE char *path = yard_path(y, "runners");
	DIR *runners = opendir(path);
	const struct dirent *entry;
	int count = 0;

	assert_non_null(runners);
	while ((entry = readdir(runners)))
		count += entry->d_name[0] != '.';
	closedir(runners);
	return count;
}

static bool tried_often(struct yard *y, void *argument)
{
	struct stat st;
	AUTO_FREE char *path = yard_path(y, "tried");
	return stat(path, &st) == 0 && st.st_size >= 4;
}

static void a_runner_that_cannot_run_leaves_nothing_however_often_it_is_tried(void **state)
{
	struct yard *y = *state;
	AUTO_FREE char *program = yard_path(y, "broken");
	AUTO_BUF text = { 0 };
	const char *working = y->config.runner_path;

	buf_format(&text, "#!/bin/sh\nprintf x >> '%s/tried'\nexit 1\n", y->dir);
	assert_int_equal(io_write_file(program, text.bytes, text.length_bytes, 0700, NULL), 0);
	yard_close(y);
	y->config.runner_path = program;
	yard_open(y);
	exec_open(y->exec);
	yard_wait_for(y, tried_often, NULL);
	assert_true(directories(y) <= y->config.pool_size);
	yard_close(y);
	y->config.runner_path = working;
	yard_open(y);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)
		T(a_state_path_of_200_characters_works),
		T(sixty_four_descriptors_are_enough_for_a_dozen_jobs),
		T(out_of_descriptors_is_a_failed_start_with_a_sentence),
		T(a_full_process_table_is_a_failed_start_with_a_sentence),
		T(a_runner_that_cannot_run_leaves_nothing_however_often_it_is_tried),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
