/* tests/unit/cli/test_words.c -- facts about command lines, submissions and the help page. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/args.h"
#include "cli/capture.h"
#include "cli/help.h"
#include "cli/suggest.h"

#define WORDS_MAX 24

struct line {
	struct args args;
	struct err e;
	int failed;
	char *words[WORDS_MAX];
	int count;
};

/* The words stand in one text, a blank between two; the first is the command. */
static void parse(struct line *l, const char *text)
{
	static char copy[300];
	*l = (struct line){ 0 };
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *at = copy; at && l->count < WORDS_MAX;) {
		l->words[l->count++] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	const struct command *c = command_find(l->words[0]);
	assert_non_null(c);
	l->failed = args_parse(&l->args, c, l->count, l->words, &l->e);
}

static void every_way_to_give_a_value_is_understood(void **state)
{
	static const char *const ways[] = { "submit --name x true", "submit --name=x true",
		"submit -n x true", "submit -nx true", "submit --name y --name x true" };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct line l;
		parse(&l, ways[i]);
		assert_int_equal(l.failed, 0);
		assert_string_equal(args_text(&l.args, "name"), "x");
		assert_int_equal(l.args.operand_count, 1);
		args_finish(&l.args);
	}
}

static void the_words_of_the_job_are_never_ours(void **state)
{
	struct line l;
	parse(&l, "run -q python train.py --name theirs -h --");
	assert_int_equal(l.failed, 0);
	assert_null(args_text(&l.args, "name"));
	assert_false(args_has(&l.args, "help"));
	assert_int_equal(l.args.operand_count, 6);
	assert_string_equal(l.args.operands[5], "--");
	args_finish(&l.args);
	parse(&l, "run -- --odd-program -x");
	assert_int_equal(l.failed, 0);
	assert_string_equal(l.args.operands[0], "--odd-program");
	args_finish(&l.args);
}

static void options_may_come_after_operands(void **state)
{
	struct line l;
	parse(&l, "logs job -fn 5 --raw");
	assert_int_equal(l.failed, 0);
	assert_true(args_has(&l.args, "follow"));
	assert_true(args_has(&l.args, "raw"));
	assert_string_equal(args_text(&l.args, "tail"), "5");
	assert_string_equal(l.args.operands[0], "job");
	args_finish(&l.args);
}

static void a_repeated_option_keeps_all_its_values_in_order(void **state)
{
	struct line l;
	int at = 0;
	parse(&l, "submit -t a --tag b --tag=c true");
	assert_string_equal(args_each(&l.args, "tag", &at), "a");
	assert_string_equal(args_each(&l.args, "tag", &at), "b");
	assert_string_equal(args_each(&l.args, "tag", &at), "c");
	assert_null(args_each(&l.args, "tag", &at));
	args_finish(&l.args);
}

static void every_wrong_line_says_what_is_wrong(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} rows[] = {
		{ "submit --nmae x true", "did you mean --name" },
		{ "ls --stauts x", "did you mean --status" },
		{ "ls --zzzzzz", "trainyard ls --help" },
		{ "ls -z", "no option -z" },
		{ "submit --name", "needs a value" },
		{ "submit -n", "needs a value" },
		{ "ls --all=yes", "takes no value" },
		{ "show", "needs JOB" },
		{ "cancel", "needs JOB" },
		{ "show a b", "one word too many: b" },
		{ "ls a", "one word too many: a" },
		{ "token --server x", "no option --server" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line l;
		parse(&l, rows[i].line);
		assert_int_equal(l.failed, -1);
		assert_int_equal(l.e.kind, ERR_INPUT);
		if (!strstr(l.e.text, rows[i].says))
			fail_msg("%s: %s", rows[i].line, l.e.text);
		args_finish(&l.args);
	}
}

static void help_is_shown_even_where_words_are_missing(void **state)
{
	struct line l;
	parse(&l, "show --help");
	assert_int_equal(l.failed, 0);
	assert_true(args_has(&l.args, "help"));
	args_finish(&l.args);
}

static void numbers_and_times_are_checked(void **state)
{
	static const struct {
		const char *line;
		int64_t ms; /* -1 = refused */
	} rows[] = { { "cancel j --grace 30", 30000 }, { "cancel j --grace 1.5", 1500 },
		{ "cancel j --grace 90s", 90000 }, { "cancel j --grace 5m", 300000 },
		{ "cancel j --grace 2h", 7200000 }, { "cancel j --grace 250ms", 250 },
		{ "cancel j --grace 0", 0 }, { "cancel j --grace -1", -1 },
		{ "cancel j --grace soon", -1 }, { "cancel j --grace 5y", -1 },
		{ "cancel j --grace 1e3", -1 }, { "cancel j --grace 99999999999999h", -1 },
		{ "cancel j --grace .", -1 }, { "cancel j --grace=", -1 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line l;
		int64_t ms = -1;
		parse(&l, rows[i].line);
		assert_int_equal(l.failed, 0);
		int failed = args_duration_ms(&l.args, "grace", &ms, &l.e);
		if (failed != (rows[i].ms < 0 ? -1 : 0) || ms != rows[i].ms)
			fail_msg("%s: %d, %lld ms", rows[i].line, failed, (long long)ms);
		args_finish(&l.args);
	}
	struct line l;
	int64_t value = 7;
	parse(&l, "ls --limit 0");
	assert_int_equal(args_int(&l.args, "limit", 1, 10, &value, &l.e), -1);
	assert_int_equal(value, 7);
	args_finish(&l.args);
}

static void a_mistyped_word_is_near_its_original_and_no_other(void **state)
{
	static const char *const pairs[][2] = { { "sumbit", "submit" }, { "cancle", "cancel" },
		{ "log", "logs" }, { "qeue", "queue" }, { "hlep", "help" }, { "serv", "serve" } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct suggestion s = suggestion_for(pairs[i][0]);
		for (int c = 0; commands[c]; c++)
			suggestion_try(&s, commands[c]->name);
		assert_string_equal(s.word, pairs[i][1]);
	}
	struct suggestion s = suggestion_for("xylophone");
	for (int c = 0; commands[c]; c++)
		suggestion_try(&s, commands[c]->name);
	assert_null(s.word);
	assert_int_equal(edit_distance("abcd", "abdc"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
}

static int capture(const char *line, struct buf *json, struct err *e)
{
	struct line l;
	parse(&l, line);
	assert_int_equal(l.failed, 0);
	int failed = capture_submission(&l.args, json, e);
	args_finish(&l.args);
	return failed;
}

static void a_submission_takes_directory_umask_and_environment_along(void **state)
{
	AUTO_BUF json = { 0 };
	char folder[] = "/tmp/capture-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char line[100];
	snprintf(line, sizeof(line), "submit -C %s -n job -p 5 -g 2 --grace 3 -t x -e A=b=c true 1",
		folder);
	setenv("CAPTURE_TEST", "of the shell", 1);
	mode_t old = umask(027);
	assert_int_equal(capture(line, &json, NULL), 0);
	assert_int_equal(umask(old), 027);
	assert_non_null(strstr(json.bytes, "\"command\":[\"true\",\"1\"]"));
	assert_non_null(strstr(json.bytes, folder));
	assert_non_null(strstr(json.bytes, "\"umask\":23"));
	assert_non_null(strstr(json.bytes, "\"name\":\"job\""));
	assert_non_null(strstr(json.bytes, "\"priority\":5"));
	assert_non_null(strstr(json.bytes, "\"gpus\":2"));
	assert_non_null(strstr(json.bytes, "\"grace_seconds\":3"));
	assert_non_null(strstr(json.bytes, "\"tags\":[\"x\"]"));
	assert_non_null(strstr(json.bytes, "\"CAPTURE_TEST\":\"of the shell\""));
	assert_non_null(strstr(json.bytes, "\"A\":\"b=c\""));
	assert_null(strstr(json.bytes, "\"git\""));
	unsetenv("CAPTURE_TEST");
	rmdir(folder);
}

static void what_the_server_gives_is_never_sent(void **state)
{
	static const char *const names[] = { "TRAINYARD_TOKEN", "TRAINYARD_X", "JOB_ID",
		"JOB_USER_ID", "JOB_TOKEN", "METRICS_API_URL", "CUDA_VISIBLE_DEVICES" };
	AUTO_BUF json = { 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], "hidden-value", 1);
	assert_int_equal(capture("submit true", &json, NULL), 0);
	assert_null(strstr(json.bytes, "hidden-value"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_BUF other = { 0 };
		struct err e;
		char line[100];
		unsetenv(names[i]);
		snprintf(line, sizeof(line), "submit -e %s=x true", names[i]);
		assert_int_equal(capture(line, &other, &e), -1);
	}
	assert_false(capture_withholds("JOB_ID_OF_MINE", 14));
	assert_false(capture_withholds("MY_TRAINYARD_X", 14));
}

static void a_given_variable_replaces_the_shells_and_comes_once(void **state)
{
	AUTO_BUF json = { 0 };
	setenv("CAPTURE_TWICE", "shell", 1);
	assert_int_equal(capture("submit -e CAPTURE_TWICE=one -e CAPTURE_TWICE=two true", &json,
				 NULL),
		0);
	const char *first = strstr(json.bytes, "CAPTURE_TWICE");
	assert_memory_equal(first, "CAPTURE_TWICE\":\"two\"", 20);
	assert_null(strstr(first + 1, "CAPTURE_TWICE"));
	unsetenv("CAPTURE_TWICE");
}

static void a_submission_that_cannot_be_is_refused_before_it_is_sent(void **state)
{
	static const char *const lines[] = { "submit", "submit -c x true",
		"submit -c= ", "submit -C /no/such/folder true", "submit -C /etc/passwd true",
		"submit -e novalue true", "submit -e =x true", "submit --id -x true",
		"submit --id a/b true", "submit -g many true", "submit -p 5000 true",
		"submit -g 65 true", "submit --grace never true", "submit \xff",
		"submit -e A=\xff true" };
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		AUTO_BUF json = { 0 };
		struct err e = { 0 };
		if (capture(lines[i], &json, &e) == 0)
			fail_msg("accepted: %s", lines[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static void no_git_work_tree_means_no_commit(void **state)
{
	char folder[] = "/tmp/capture-XXXXXX", commit[65];
	bool dirty;
	assert_non_null(mkdtemp(folder));
	assert_false(capture_git(folder, commit, &dirty));
	rmdir(folder);
}

static void every_option_has_a_help_sentence_and_one_letter_of_its_own(void **state)
{
	for (int c = 0; commands[c]; c++) {
		const struct option *three[] = { commands[c]->options,
			commands[c]->no_server ? NULL : server_options, common_options };
		bool used[128] = { false };
		assert_true(islower((unsigned char)commands[c]->name[0]));
		assert_true(commands[c]->summary[strlen(commands[c]->summary) - 1] != '.');
		for (int t = 0; t < 3; t++) {
			for (const struct option *o = three[t]; o && o->name; o++) {
				assert_int_equal(o->help[strlen(o->help) - 1], '.');
				if (o->letter && used[(int)o->letter])
					fail_msg("%s: -%c twice", commands[c]->name, o->letter);
				used[(int)o->letter] = o->letter != 0;
			}
		}
	}
}

static void help_pages_are_80_columns_wide_at_most(void **state)
{
	for (int c = 0; commands[c]; c++) {
		AUTO_BUF page = { 0 };
		help_page(commands[c], &page);
		int column = 0;
		for (const char *at = page.bytes; *at; at++) {
			column = *at == '\n' ? 0 : column + 1;
			if (column > 80)
				fail_msg("%s --help is too wide near: %.30s", commands[c]->name,
					at - 29);
		}
	}
}

static void every_kind_of_error_has_its_place_among_the_exit_codes(void **state)
{
	AUTO_BUF page = { 0 };
	help_markdown(&page);
	for (int kind = 1; kind < ERR_KIND_COUNT; kind++) {
		AUTO_BUF word = { 0 };
		buf_format(&word, "`%s`", err_word((enum err_kind)kind));
		if (!strstr(page.bytes, word.bytes))
			fail_msg("exit code %d of %s is not explained",
				err_exit_code((enum err_kind)kind), word.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_give_a_value_is_understood),
		cmocka_unit_test(the_words_of_the_job_are_never_ours),
		cmocka_unit_test(options_may_come_after_operands),
		cmocka_unit_test(a_repeated_option_keeps_all_its_values_in_order),
		cmocka_unit_test(every_wrong_line_says_what_is_wrong),
		cmocka_unit_test(help_is_shown_even_where_words_are_missing),
		cmocka_unit_test(numbers_and_times_are_checked),
		cmocka_unit_test(a_mistyped_word_is_near_its_original_and_no_other),
		cmocka_unit_test(a_submission_takes_directory_umask_and_environment_along),
		cmocka_unit_test(what_the_server_gives_is_never_sent),
		cmocka_unit_test(a_given_variable_replaces_the_shells_and_comes_once),
		cmocka_unit_test(a_submission_that_cannot_be_is_refused_before_it_is_sent),
		cmocka_unit_test(no_git_work_tree_means_no_commit),
		cmocka_unit_test(every_option_has_a_help_sentence_and_one_letter_of_its_own),
		cmocka_unit_test(every_kind_of_error_has_its_place_among_the_exit_codes),
		cmocka_unit_test(help_pages_are_80_columns_wide_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
