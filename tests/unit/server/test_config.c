/* tests/unit/server/test_config.c -- facts about what the server was told, and by whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/config.h"

static char directory[] = "/tmp/trainyard-config-XXXXXX";
static char file[64];

static void write_file(const char *text)
{
	FILE *to = fopen(file, "w");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
}

static int read_with(struct config *c, const char *const environment[], struct err *e,
	const char *first, const char *second)
{
	const char *argv[] = { "trainyardd", "--state", directory, first, second, NULL };
	int argc = 3 + (first != NULL) + (second != NULL);
	*c = (struct config){ 0 };
	return config_read(c, argc, (char *const *)argv, (char *const *)environment, e);
}

static void a_flag_beats_the_environment_beats_the_file_beats_the_default(void **state)
{
	const char *environment[] = { "TRAINYARD_SLOTS=3", "TRAINYARD_POOL=7", "TRAINYARD_JOB_ID=x",
		NULL };
	struct config c;
	struct err e;
	write_file("[server]\nslots = 2\npool = 5\ngrace_seconds = 4\n");
	assert_int_equal(read_with(&c, environment, &e, "--slots", "9"), 0);
	assert_int_equal(c.number[CONFIG_slots], 9);
	assert_int_equal(c.source[CONFIG_slots], CONFIG_ARGUMENT);
	assert_int_equal(c.number[CONFIG_pool], 7);
	assert_int_equal(c.source[CONFIG_pool], CONFIG_ENVIRONMENT);
	assert_int_equal(c.number[CONFIG_grace_seconds], 4);
	assert_int_equal(c.source[CONFIG_grace_seconds], CONFIG_FILE);
	assert_int_equal(c.number[CONFIG_queue_limit], 100000);
	assert_int_equal(c.source[CONFIG_queue_limit], CONFIG_DEFAULT);
	AUTO_BUF text = { 0 };
	config_print(&c, &text);
	assert_non_null(strstr(text.bytes, "slots = 9  # argument\n"));
	assert_non_null(strstr(text.bytes, "pool = 7  # environment\n"));
	config_finish(&c);
	unlink(file);
}

static void a_wrong_value_says_which_key_what_and_from_where(void **state)
{
	const char *environment[] = { "TRAINYARD_CGROUPS=perhaps", NULL };
	struct config c;
	struct err e;
	assert_int_equal(read_with(&c, NULL, &e, "--slots", "-1"), -1);
	assert_string_equal(e.text,
		"slots must be a whole number from 0 up, not \"-1\" (from the argument)");
	config_finish(&c);
	assert_int_equal(read_with(&c, environment, &e, NULL, NULL), -1);
	assert_string_equal(e.text,
		"cgroups must be on or off, not \"perhaps\" (from the environment)");
	config_finish(&c);
}

static void a_number_beyond_an_int_is_refused_but_for_bytes(void **state)
{
	struct config c = { 0 };
	struct err e = { 0 };
	const char *slots[] = { "x", "--slots", "9999999999", NULL };
	const char *bytes[] = { "x", "--state", "/nowhere", "--log-limit-bytes", "9999999999",
		NULL };
	char *none[] = { NULL };
	assert_int_equal(config_read(&c, 3, (char *const *)slots, none, &e), -1);
	assert_string_equal(e.text,
		"slots is at most 2147483647, not \"9999999999\" (from the argument)");
	config_finish(&c);
	c = (struct config){ 0 };
	assert_int_equal(config_read(&c, 5, (char *const *)bytes, none, &e), 0);
	assert_true(c.number[CONFIG_log_limit_bytes] == 9999999999);
	config_finish(&c);
}

static void unknown_flags_keys_and_sections_are_refused(void **state)
{
	static const char *const bad[] = { "colour = blue\n", "[jobs]\nslots = 1\n", "slots\n",
		"state = /elsewhere\n" };
	struct config c;
	struct err e;
	assert_int_equal(read_with(&c, NULL, &e, "--colour", "blue"), -1);
	assert_string_equal(e.text, "unknown option \"--colour\" (see --help)");
	config_finish(&c);
	assert_int_equal(read_with(&c, NULL, &e, "--slots", NULL), -1);
	assert_string_equal(e.text, "--slots needs a value");
	config_finish(&c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i]);
		assert_int_equal(read_with(&c, NULL, &e, NULL, NULL), -1);
		assert_non_null(strstr(e.text, file));
		config_finish(&c);
	}
	unlink(file);
}

static void a_named_file_must_be_there_and_the_usual_one_need_not(void **state)
{
	struct config c;
	struct err e;
	assert_int_equal(read_with(&c, NULL, &e, NULL, NULL), 0);
	config_finish(&c);
	assert_int_equal(read_with(&c, NULL, &e, "--config", "/nowhere/at/all"), -1);
	assert_non_null(strstr(e.text, "/nowhere/at/all"));
	config_finish(&c);
}

static void every_key_is_in_the_help_and_dashes_are_as_good_as_underscores(void **state)
{
	struct config c;
	struct err e;
	AUTO_BUF text = { 0 };
	config_help(&text);
#define X(key, kind, value, help) assert_non_null(strstr(text.bytes, help));
	CONFIG_KEYS(X)
#undef X
	assert_int_equal(read_with(&c, NULL, &e, "--grace-seconds=3", "--log_level=warn"), 0);
	assert_int_equal(c.number[CONFIG_grace_seconds], 3);
	assert_string_equal(c.value[CONFIG_log_level], "warn");
	config_finish(&c);
}

static void the_state_path_is_absolute_and_the_socket_is_in_it(void **state)
{
	const char *argv[] = { "trainyardd", "--state", "here" };
	char here[4096], socket[4200];
	struct config c = { 0 };
	struct err e;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(config_read(&c, 3, (char *const *)argv, NULL, &e), 0);
	snprintf(socket, sizeof(socket), "%s/here/trainyard.sock", here);
	assert_string_equal(c.value[CONFIG_socket], socket);
	config_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flag_beats_the_environment_beats_the_file_beats_the_default),
		cmocka_unit_test(a_wrong_value_says_which_key_what_and_from_where),
		cmocka_unit_test(a_number_beyond_an_int_is_refused_but_for_bytes),
		cmocka_unit_test(unknown_flags_keys_and_sections_are_refused),
		cmocka_unit_test(a_named_file_must_be_there_and_the_usual_one_need_not),
		cmocka_unit_test(every_key_is_in_the_help_and_dashes_are_as_good_as_underscores),
		cmocka_unit_test(the_state_path_is_absolute_and_the_socket_is_in_it),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(file, sizeof(file), "%s/trainyard.conf", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	rmdir(directory);
	return failed;
}
