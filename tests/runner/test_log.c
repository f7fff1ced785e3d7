/* runner/test_log.c -- what a job writes is what its log holds. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"
#include "pact/disk.h"
#include "runner/harness.h"

#define LINES 200000

static void two_hundred_thousand_lines_with_invalid_utf8_arrive_whole(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "job",
		"exec awk 'BEGIN { for (i = 0; i < 200000; i++) "
		"printf \"%d \\377\\300 tail\\n\", i }'");
	AUTO_BUF expected = { 0 };

	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 0);
	for (int i = 0; i < LINES; i++)
		buf_format(&expected, "%d \377\300 tail\n", i);
	AUTO_BUF log = yard_log(y, "job");
	assert_int_equal(log.length_bytes, expected.length_bytes);
	assert_memory_equal(log.bytes, expected.bytes, expected.length_bytes);
	assert_int_equal(s->exit.log_lost_bytes, 0);
}

static void writing_to_dev_stderr_truncates_nothing(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "job",
		"echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four >&2");

	yard_wait(y, &s->exited);
	AUTO_BUF log = yard_log(y, "job");
	assert_string_equal(log.bytes, "one\ntwo\nthree\nfour\n");
}

static void attempts_of_a_job_append_to_one_log(void **state)
{
	struct yard *y = *state;

	for (int i = 0; i < 3; i++) {
		struct seen *s = yard_run(y, "job", "echo line");
		s->exited = 0;
		yard_wait(y, &s->exited);
	}
	AUTO_BUF log = yard_log(y, "job");
	assert_string_equal(log.bytes, "line\nline\nline\n");
}

static struct seen *run_with(struct yard *y, const char *script, int64_t limit_bytes, bool direct)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	const char *env[] = { "PATH=/usr/bin:/bin", y->mark, NULL };
	char nonce[NONCE_BYTES];
	struct err e;

	assert_int_equal(exec_reserve(y->exec, nonce, &e), 0);
	assert_int_equal(exec_start(y->exec,
				 &(struct exec_start){ .job_id = "job",
					 .attempt = 1,
					 .nonce = nonce,
					 .argv = argv,
					 .envp = env,
					 .cwd = y->dir,
					 .umask_bits = -1,
					 .log_limit_bytes = limit_bytes,
					 .direct_output = direct },
				 &e),
		0);
	while (!yard_seen(y, "job"))
		loop_run_once(y->loop, true);
	return yard_seen(y, "job");
}

/* 20 MB under a cap of 4 MiB: the newest are there at their true offsets, the disk holds little
 * more. */
static void a_capped_log_keeps_the_newest_bytes_at_their_offsets(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_with(y, "exec seq -f 'line %013.0f' 1 1000000", 4 << 20, false);
	AUTO_FREE char *path = yard_path(y, "jobs/job/log");
	struct stat st;
	char line[20];

	yard_wait(y, &s->exited);
	AUTO_CLOSE int fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 19 * 1000000);
	assert_true(st.st_blocks * 512 <= (4 << 20) + (2 << 20));
	off_t first = lseek(fd, 0, SEEK_DATA);
	assert_true(first > 0 && first <= st.st_size - (4 << 20));
	for (off_t at = (first + 18) / 19 * 19; at < st.st_size; at += 19 * 1001) {
		char expected[20];
		snprintf(expected, sizeof(expected), "line %013lld", (long long)(at / 19 + 1));
		assert_int_equal(pread(fd, line, 18, at), 18);
		assert_memory_equal(line, expected, 18);
	}
}

static void direct_output_appends_past_a_truncation_by_the_script(void **state)
{
	struct yard *y = *state;
	struct seen *s = run_with(y, "echo one; echo two; [ -f /proc/self/fd/1 ] && echo file", 0,
		true);

	yard_wait(y, &s->exited);
	AUTO_BUF log = yard_log(y, "job");
	assert_string_equal(log.bytes, "one\ntwo\nfile\n");
}

static void on_later(void *context)
{
	*(bool *)context = true;
}

/* The second line comes more than a second after the first, for so far apart are two samples. */
static void each_line_can_be_dated(void **state)
{
	struct yard *y = *state;
	int64_t before_ms = loop_now().wall_ms;
	struct seen *s = yard_run(y, "job",
		"echo first; touch said; while [ ! -e go ]; do sleep 0.02; done; echo second");
	AUTO_FREE char *path = yard_path(y, "jobs/job/log.times");
	AUTO_FREE char *go = yard_path(y, "go");
	AUTO_BUF times = { 0 };
	int64_t offset[2], at_ms[2];

	yard_wait_file(y, "said");
	int64_t between_ms = loop_now().wall_ms;
	bool later = false;
	struct loop_timer *timer = loop_timer_create(y->loop, on_later, &later);
	loop_timer_at(timer, loop_now().boot_ms + 1200);
	while (!later)
		loop_run_once(y->loop, true);
	loop_timer_destroy(timer);
	close(open(go, O_WRONLY | O_CREAT, 0600));
	yard_wait(y, &s->exited);
	assert_int_equal(io_read_file(path, 4096, &times, NULL), 0);
	assert_int_equal(times.length_bytes, 2 * PACT_SAMPLE_BYTES);
	for (int i = 0; i < 2; i++)
		pact_sample_get((unsigned char *)times.bytes + i * PACT_SAMPLE_BYTES, &offset[i],
			&at_ms[i]);
	assert_int_equal(offset[0], 0);
	assert_int_equal(offset[1], strlen("first\n"));
	assert_true(at_ms[0] >= before_ms);
	assert_true(at_ms[1] >= between_ms);
	assert_true(at_ms[0] < at_ms[1]);
}

static void a_log_goes_on_where_a_killed_runner_left_it(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "job",
		"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); "
		"[ $i = 5000 ] && touch ready; done");
	AUTO_BUF expected = { 0 };

	yard_wait_file(y, "ready");
	kill(yard_runner_of(y, s), SIGKILL);
	while (!s->exited && !s->gone)
		loop_run_once(y->loop, true);
	for (int i = 0; i < 20000; i++)
		buf_format(&expected, "line %d\n", i);
	AUTO_BUF log = yard_log(y, "job");
	assert_int_equal(log.length_bytes, expected.length_bytes);
	assert_memory_equal(log.bytes, expected.bytes, expected.length_bytes);
}

static bool mentions_loss(struct yard *y, void *argument)
{
	AUTO_BUF log = yard_log(y, "job");
	return memmem(log.bytes, log.length_bytes, "were lost here: disk full", 25) != NULL;
}

/* The job's own directory is on a file system of 1 MiB that really is full. */
static void a_full_disk_costs_lines_says_so_and_stops_nothing(void **state)
{
	struct yard *y = *state;
	AUTO_FREE char *job = yard_path(y, "jobs/job");
	AUTO_FREE char *ballast = yard_path(y, "jobs/job/ballast");
	char *block = test_calloc(1, 600000);

	assert_int_equal(mkdir(job, 0700), 0);
	if (mount("none", job, "tmpfs", 0, "size=1m") < 0) {
		test_free(block);
		free(job);
		free(ballast);
		skip();
	}
	int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(io_write_all(fd, block, 600000), 0);
	close(fd);
	test_free(block);
	struct seen *s = yard_run(y, "job",
		"head -c 3000000 /dev/zero; touch full; "
		"while [ ! -e space ]; do sleep 0.02; done; echo again; touch done; "
		"while [ ! -e seen ]; do sleep 0.02; done");
	yard_wait_file(y, "full"); /* it was not held up */
	unlink(ballast);
	AUTO_FREE char *space = yard_path(y, "space");
	close(open(space, O_WRONLY | O_CREAT, 0600));
	yard_wait_for(y, mentions_loss, NULL);
	AUTO_FREE char *seen = yard_path(y, "seen");
	close(open(seen, O_WRONLY | O_CREAT, 0600));
	yard_wait(y, &s->exited);
	AUTO_BUF log = yard_log(y, "job");
	assert_int_equal(umount2(job, MNT_DETACH), 0);
	assert_int_equal(s->exit.code, 0);
	assert_true(s->exit.log_lost_bytes > 1000000);
	char end[160];
	snprintf(end, sizeof(end),
		"\n[trainyard] %lld bytes of output were lost here: disk full\nagain\n",
		(long long)s->exit.log_lost_bytes);
	assert_true(log.length_bytes > strlen(end));
	assert_string_equal(log.bytes + log.length_bytes - strlen(end), end);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)
		T(two_hundred_thousand_lines_with_invalid_utf8_arrive_whole),
		T(writing_to_dev_stderr_truncates_nothing),
		T(attempts_of_a_job_append_to_one_log),
		T(a_capped_log_keeps_the_newest_bytes_at_their_offsets),
		T(direct_output_appends_past_a_truncation_by_the_script),
		T(each_line_can_be_dated),
		T(a_log_goes_on_where_a_killed_runner_left_it),
		T(a_full_disk_costs_lines_says_so_and_stops_nothing),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
