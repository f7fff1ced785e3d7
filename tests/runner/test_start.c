/* runner/test_start.c -- starting, ending and what is told of it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/str.h"
#include "runner/harness.h"

static void a_command_that_ends_well_has_exit_code_0(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "well", "exit 0");

	yard_wait(y, &s->exited);
	assert_int_equal(s->started, 1);
	assert_true(s->pid > 1);
	assert_true(s->start_ticks > 0);
	assert_int_equal(s->exit.code, 0);
	assert_int_equal(s->exit.signal, 0);
	assert_true(s->exit.known);
	assert_false(s->exit.stopped);
	assert_true(s->exit.ended_wall_ms >= s->exit.started_wall_ms);
	assert_int_equal(s->exit.pid, s->pid);
}

static void every_exit_code_is_told_as_it_is(void **state)
{
	static const int codes[] = { 1, 2, 77, 126, 127, 137, 255 };
	struct yard *y = *state;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		char id[16], script[32];
		snprintf(id, sizeof(id), "code-%d", codes[i]);
		snprintf(script, sizeof(script), "exit %d", codes[i]);
		struct seen *s = yard_run(y, id, script);
		yard_wait(y, &s->exited);
		assert_int_equal(s->exit.code, codes[i]);
		assert_int_equal(s->exit.signal, 0);
	}
}

static void a_death_by_signal_names_the_signal(void **state)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGSEGV, SIGHUP, SIGPIPE };
	struct yard *y = *state;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		char id[16], script[32];
		snprintf(id, sizeof(id), "signal-%d", signals[i]);
		snprintf(script, sizeof(script), "kill -%d $$", signals[i]);
		struct seen *s = yard_run(y, id, script);
		yard_wait(y, &s->exited);
		assert_int_equal(s->exit.code, -1);
		assert_int_equal(s->exit.signal, signals[i]);
		assert_false(s->exit.stopped);
		assert_false(s->exit.out_of_memory);
	}
}

static void start_fails(struct yard *y, const char *id, const char *const *argv, const char *cwd,
	const char *sentence)
{
	struct seen *s = yard_start(y, id, argv, cwd);

	yard_wait(y, &s->failed);
	assert_string_equal(s->sentence, sentence);
	assert_int_equal(s->started, 0);
	assert_int_equal(s->exited, 0);
}

static void a_start_that_fails_says_why(void **state)
{
	struct yard *y = *state;
	AUTO_FREE char *file = yard_path(y, "data");
	AUTO_FREE char *script = yard_path(y, "script");
	AUTO_FREE char *missing = yard_path(y, "missing");
	char sentence[600];
	FILE *f = fopen(file, "w");
	fclose(f);
	f = fopen(script, "w");
	fputs("#!/no/such/interpreter\n", f);
	fclose(f);
	chmod(script, 0755);

	start_fails(y, "a", (const char *[]){ "no-such-command-here", NULL }, NULL,
		"cannot run \"no-such-command-here\": no such command");
	start_fails(y, "b", (const char *[]){ "./no-such-file", NULL }, NULL,
		"cannot run \"./no-such-file\": no such file");
	start_fails(y, "c", (const char *[]){ "./data", NULL }, NULL,
		"cannot run \"./data\": it is not executable");
	start_fails(y, "d", (const char *[]){ "./script", NULL }, NULL,
		"cannot run \"./script\": its interpreter does not exist");
	start_fails(y, "e", (const char *[]){ "/tmp", NULL }, NULL,
		"cannot run \"/tmp\": it is a directory");
	snprintf(sentence, sizeof(sentence), "cannot enter directory \"%s\": no such directory",
		missing);
	start_fails(y, "f", (const char *[]){ "true", NULL }, missing, sentence);
	snprintf(sentence, sizeof(sentence), "cannot enter directory \"%s\": it is not a directory",
		file);
	start_fails(y, "g", (const char *[]){ "true", NULL }, file, sentence);
}

static void the_runner_is_used_again_after_a_failed_start(void **state)
{
	struct yard *y = *state;

	for (int i = 0; i < 5; i++) {
		char id[16];
		snprintf(id, sizeof(id), "bad-%d", i);
		struct seen *s = yard_start(y, id, (const char *[]){ "/nothing", NULL }, NULL);
		yard_wait(y, &s->failed);
		snprintf(id, sizeof(id), "good-%d", i);
		s = yard_run(y, id, "exit 3");
		yard_wait(y, &s->exited);
		assert_int_equal(s->exit.code, 3);
	}
}

static void arguments_environment_directory_and_umask_arrive_unchanged(void **state)
{
	struct yard *y = *state;
	const char *argv[] = { "sh", "-c",
		"printf '%s|' \"$@\"; pwd; umask; echo $TRAINYARD_NONCE; "
		"echo $0; cat",
		"zero", "", "two words", "new\nline", "\xff\xfe", NULL };
	struct seen *s = yard_seen(y, "args");
	char nonce[NONCE_BYTES], expected[600];
	struct err e;

	const char *env[] = { "PATH=/usr/bin:/bin", "TRAINYARD_NONCE=forged", y->mark, NULL };
	assert_null(s);
	assert_int_equal(exec_reserve(y->exec, nonce, &e), 0);
	assert_int_equal(exec_start(y->exec,
				 &(struct exec_start){ .job_id = "args",
					 .attempt = 1,
					 .nonce = nonce,
					 .argv = argv,
					 .envp = env,
					 .cwd = "/",
					 .umask_bits = 027 },
				 &e),
		0);
	while (!(s = yard_seen(y, "args")))
		loop_run_once(y->loop, true);
	yard_wait(y, &s->exited);
	assert_int_equal(s->exit.code, 0);
	AUTO_BUF log = yard_log(y, "args");
	snprintf(expected, sizeof(expected), "|two words|new\nline|\xff\xfe|/\n0027\n%s\nzero\n",
		nonce);
	assert_string_equal(log.bytes, expected);
}

/* 24 arguments of 100,000 bytes: more than the kernel takes, which is ours to say, not the
 * server's. */
static void a_command_of_a_megabyte_arrives_and_a_longer_one_is_told_why(void **state)
{
	struct yard *y = *state;
	AUTO_FREE char *big = calloc(1, 100001);
	const char *argv[64] = { "sh", "-c", "echo $# ${#9}", "sh" };

	memset(big, 'x', 100000);
	for (int i = 4; i < 14; i++)
		argv[i] = big;
	struct seen *s = yard_start(y, "long", argv, NULL);
	yard_wait(y, &s->exited);
	AUTO_BUF log = yard_log(y, "long");
	assert_string_equal(log.bytes, "10 100000\n");

	for (int i = 4; i < 34; i++)
		argv[i] = big;
	start_fails(y, "longer", argv, NULL,
		"cannot run \"sh\": command and environment are longer than the kernel takes");
}

static void a_command_beyond_what_a_message_holds_is_refused(void **state)
{
	struct yard *y = *state;
	AUTO_FREE char *big = calloc(1, 5000001);
	const char *argv[] = { "true", big, NULL };
	char nonce[NONCE_BYTES];
	struct err e = { 0 };

	memset(big, 'x', 5000000);
	assert_int_equal(exec_reserve(y->exec, nonce, &e), 0);
	assert_int_equal(exec_start(y->exec,
				 &(struct exec_start){ .job_id = "huge",
					 .attempt = 1,
					 .nonce = nonce,
					 .argv = argv,
					 .cwd = "/",
					 .umask_bits = -1 },
				 &e),
		-1);
	assert_int_equal(e.kind, ERR_INPUT);
	exec_unreserve(y->exec, nonce);
	struct seen *s = yard_run(y, "after", "exit 0");
	yard_wait(y, &s->exited);
}

static void standard_input_is_empty_and_nothing_else_is_open(void **state)
{
	struct yard *y = *state;
	struct seen *s = yard_run(y, "fds", "ls /proc/self/fd | tr '\\n' ' '; cat");

	yard_wait(y, &s->exited);
	AUTO_BUF log = yard_log(y, "fds");
	assert_string_equal(log.bytes, "0 1 2 3 "); /* 3 is ls's own, reading the directory */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)
		T(a_command_that_ends_well_has_exit_code_0),
		T(every_exit_code_is_told_as_it_is),
		T(a_death_by_signal_names_the_signal),
		T(a_start_that_fails_says_why),
		T(the_runner_is_used_again_after_a_failed_start),
		T(arguments_environment_directory_and_umask_arrive_unchanged),
		T(a_command_of_a_megabyte_arrives_and_a_longer_one_is_told_why),
		T(a_command_beyond_what_a_message_holds_is_refused),
		T(standard_input_is_empty_and_nothing_else_is_open),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
