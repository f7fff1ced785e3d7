/* tests/unit/cli/test_screen.c -- facts about text on a terminal: cleaning, fitting, progress. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/bar.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/table.h"
#include "cli/text.h"

#define BAD "\xEF\xBF\xBD"

static const struct {
	const char *log;
	const char *shown;
} scrubbed[] = {
	{ "plain\ttext\n", "plain\ttext\n" },
	{ "\033[31mred\033[0m\n", "\033[31mred\033[0m\n\033[0m" },
	{ "\033[38;2;1;2;3mrgb\n", "\033[38;2;1;2;3mrgb\n\033[0m" },
	{ "a\033[2Jb\033[10;10Hc\n", "abc\n" },                 /* clear, move */
	{ "a\033]0;title\ab\033]52;c;eA==\033\\c\n", "abc\n" }, /* title, clipboard */
	{ "a\033P1$r\033\\b\033_x\033\\c\033^y\033\\d\n", "abcd\n" },
	{ "a\033cb\033(Bc\n", "abc\n" }, /* reset, character set */
	{ "a\033]0;never ends\nb\n", "a\nb\n" },
	{ "a\033[1;\nb\n", "a\nb\n" },
	{ "a\033[?25lb\033[>1mc\n", "abc\n" }, /* private forms are no styles */
	{ "10%\r50%\r100%\n", "10%\r\033[K50%\r\033[K100%\n" },
	{ "dos\r\nline\r\n", "dos\nline\n" },
	{ "a\bb\ac\x7f"
	  "d\n",
		"a?b?c?d\n" },
	{ "a\xc2\x9b"
	  "31mb\n",
		"a?31mb\n" }, /* CSI as one C1 character */
	{ "a\xe2\x80\xae"
	  "b\n",
		"a?b\n" }, /* right-to-left override */
	{ "caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80\n",
		"caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80\n" },
	{ "a\xff\xc3(b\n", "a" BAD BAD "(b\n" },
	{ "cut\xe2\x9c", "cut" BAD },
};

static void only_text_and_styles_of_a_log_reach_a_terminal(void **state)
{
	for (size_t i = 0; i < sizeof(scrubbed) / sizeof(scrubbed[0]); i++) {
		struct scrub s = { 0 };
		AUTO_BUF out = { 0 };
		scrub_add(&s, scrubbed[i].log, strlen(scrubbed[i].log), &out);
		scrub_end(&s, &out);
		assert_string_equal(out.bytes, scrubbed[i].shown);
	}
}

static void a_log_that_comes_byte_by_byte_is_shown_the_same(void **state)
{
	for (size_t i = 0; i < sizeof(scrubbed) / sizeof(scrubbed[0]); i++) {
		struct scrub s = { 0 };
		AUTO_BUF out = { 0 };
		for (const char *at = scrubbed[i].log; *at; at++)
			scrub_add(&s, at, 1, &out);
		scrub_end(&s, &out);
		assert_string_equal(out.bytes, scrubbed[i].shown);
	}
}

static void no_bytes_whatever_let_a_control_through(void **state)
{
	unsigned seed = 20261;
	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] =
			"\033\033[]0;9mHJK?\r\n\a\b\\P\x80\x9b\xc2\xe2\x80\xae\xff"
			"ab";
		char bytes[40];
		struct scrub s = { 0 };
		AUTO_BUF out = { 0 };
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		scrub_add(&s, bytes, sizeof(bytes), &out);
		scrub_end(&s, &out);
		for (const char *at = out.bytes; at && *at; at++) {
			if (*at == '\033') {
				size_t style = strspn(at + 2, "0123456789;:");
				assert_int_equal(at[1], '[');
				assert_true(at[2 + style] == 'm' || strncmp(at, "\033[K", 3) == 0);
			} else {
				assert_true((unsigned char)*at >= 0x20 || strchr("\n\t\r", *at));
			}
		}
		assert_true(!out.bytes || str_is_utf8((struct str){ out.bytes, out.length_bytes }));
	}
}

static void names_hold_no_escape_and_no_line_end(void **state)
{
	AUTO_BUF out = { 0 };
	text_clean(&out, str_of("a\033[31mb\nc\xe2\x80\xae\xff"));
	assert_string_equal(out.bytes, "a?[31mb c?" BAD);
}

static void text_is_cut_and_padded_by_columns_not_bytes(void **state)
{
	static const struct {
		const char *text;
		int columns;
		bool right;
		const char *fitted;
	} rows[] = { { "abc", 5, false, "abc  " }, { "abc", 5, true, "  abc" },
		{ "abcdef", 4, false, "abc\xE2\x80\xA6" },
		{ "\xe6\xbc\xa2\xe5\xad\x97", 4, false, "\xe6\xbc\xa2\xe5\xad\x97" },
		{ "\xe6\xbc\xa2\xe5\xad\x97", 3, false, "\xe6\xbc\xa2\xE2\x80\xA6" },
		{ "e\xcc\x81x", 3, false, "e\xcc\x81x " }, { "", 2, false, "  " } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_BUF out = { 0 };
		text_fit(&out, str_of(rows[i].text), rows[i].columns, rows[i].right);
		assert_string_equal(out.bytes, rows[i].fitted);
	}
}

static const struct column columns[] = { { "ID", false, 0, 0 }, { "NAME", false, 4, 0 },
	{ "N", true, 0, 1 }, { "EMPTY", false, 0, 0 } };

static void fill(struct table *t)
{
	table_init(t, columns, 4);
	table_row(t);
	table_cell(t, 0, "%s", "j1");
	table_cell(t, 1, "%s", "a long name");
	table_cell(t, 2, "%d", 7);
	table_row(t);
	table_cell(t, 0, "%s", "j2");
	table_cell(t, 2, "%d", 12);
}

static void a_table_fits_by_shrinking_first_and_leaving_out_then(void **state)
{
	static const struct {
		int width;
		const char *shown;
	} rows[] = {
		{ 0, "ID  NAME          N\nj1  a long name   7\nj2               12\n" },
		{ 14, "ID  NAME     N\nj1  a lon\xE2\x80\xA6   7\nj2          12\n" },
		{ 9, "ID  NAME\nj1  a lo\xE2\x80\xA6\nj2\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct table t;
		AUTO_BUF out = { 0 };
		fill(&t);
		table_write(&t, rows[i].width, &out);
		assert_string_equal(out.bytes, rows[i].shown);
		table_finish(&t);
	}
}

static void ids_are_cut_to_what_tells_them_apart_and_chosen_ones_never(void **state)
{
	struct arena a = { 0 };
	struct ids ids = { 0 };
	ids_add(&ids, "0190a1b2-aaaa-4000-8000-000000000001");
	ids_add(&ids, "0190a1b2-aaab-4000-8000-000000000002");
	ids_add(&ids, "an-experiment-of-mine");
	assert_string_equal(ids_short(&ids, 0, true, &a), "0190a1b2-aaaa");
	assert_string_equal(ids_short(&ids, 1, true, &a), "0190a1b2-aaab");
	assert_string_equal(ids_short(&ids, 2, true, &a), "an-experiment-of-mine");
	assert_int_equal(strlen(ids_short(&ids, 0, false, &a)), 36);
	ids_finish(&ids);
	arena_finish(&a);
}

static struct job_facts nothing_known(enum job_state job_state)
{
	return (struct job_facts){ .id = "j1",
		.name = "j1",
		.status = job_state_name(job_state),
		.state = job_state,
		.progress = NAN,
		.loss = NAN,
		.eval_loss = NAN,
		.elapsed_seconds = NAN,
		.remaining_seconds = NAN,
		.step = -1,
		.total_steps = -1,
		.queue_position = -1,
		.exit_code = -1,
		.exit_signal = -1 };
}

static void progress_fits_every_width(void **state)
{
	struct job_facts f = nothing_known(JOB_RUNNING);
	f.progress = 42;
	f.step = 336;
	f.total_steps = 800;
	f.loss = 2.3456789;
	f.eval_loss_word = "NaN";
	f.remaining_seconds = 3723;
	for (int width = 1; width < 150; width++) {
		AUTO_BUF line = { 0 };
		bar_text(&line, &f, width);
		assert_true(text_columns(str_of(line.bytes)) <= width);
	}
	AUTO_BUF plain = { 0 };
	bar_text(&plain, &f, 0);
	assert_string_equal(plain.bytes, " 42%  step 336/800  loss 2.346  eval NaN  ETA 01:02:03");
	AUTO_BUF wide = { 0 };
	bar_text(&wide, &f, 100);
	assert_non_null(strstr(wide.bytes, "[########------------] "));
}

static void a_waiting_job_says_where_and_why(void **state)
{
	struct job_facts f = nothing_known(JOB_QUEUED);
	AUTO_BUF line = { 0 };
	f.queue_position = 2;
	f.waiting_reason = "waits for\033[2J a free slot";
	bar_text(&line, &f, 0);
	assert_string_equal(line.bytes, "queued at position 2: waits for?[2J a free slot");
}

static void exit_codes_are_the_jobs_own_and_never_0_unless_it_completed(void **state)
{
	static const struct {
		enum job_state state;
		int exit_code, exit_signal, expected;
	} rows[] = { { JOB_COMPLETED, 0, -1, 0 }, { JOB_FAILED, 3, -1, 3 },
		{ JOB_FAILED, -1, 9, 137 }, { JOB_CANCELLED, -1, 15, 143 },
		{ JOB_CANCELLED, 0, 0, 1 }, { JOB_CANCELLED, -1, -1, 1 }, { JOB_FAILED, -1, -1, 1 },
		{ JOB_FAILED, 256, -1, 1 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct job_facts f = nothing_known(rows[i].state);
		f.exit_code = rows[i].exit_code;
		f.exit_signal = rows[i].exit_signal;
		assert_int_equal(exit_code_of(&f), rows[i].expected);
	}
}

static void times_are_told_in_words(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = { { 0, "00:00:00" }, { 3723.9, "01:02:03" }, { 360000, "100:00:00" },
		{ -1, "--:--:--" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_BUF out = { 0 };
		format_seconds(&out, rows[i].seconds);
		assert_string_equal(out.bytes, rows[i].text);
	}
	AUTO_BUF none = { 0 };
	AUTO_BUF age = { 0 };
	format_seconds(&none, NAN);
	assert_string_equal(none.bytes, "--:--:--");
	format_age(&age, "1970-01-01T00:00:00.000Z", INT64_C(3) * 3600 * 1000 + 5);
	assert_string_equal(age.bytes, "3h ago");
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_text_and_styles_of_a_log_reach_a_terminal),
		cmocka_unit_test(a_log_that_comes_byte_by_byte_is_shown_the_same),
		cmocka_unit_test(no_bytes_whatever_let_a_control_through),
		cmocka_unit_test(names_hold_no_escape_and_no_line_end),
		cmocka_unit_test(text_is_cut_and_padded_by_columns_not_bytes),
		cmocka_unit_test(a_table_fits_by_shrinking_first_and_leaving_out_then),
		cmocka_unit_test(ids_are_cut_to_what_tells_them_apart_and_chosen_ones_never),
		cmocka_unit_test(progress_fits_every_width),
		cmocka_unit_test(a_waiting_job_says_where_and_why),
		cmocka_unit_test(exit_codes_are_the_jobs_own_and_never_0_unless_it_completed),
		cmocka_unit_test(times_are_told_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
