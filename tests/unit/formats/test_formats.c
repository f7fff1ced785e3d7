/* tests/unit/formats/test_formats.c -- facts about what training programs write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "formats/metrics_line.h"

static bool is_step(struct str name)
{
	return str_is(name, "step") || str_is(name, "global_step");
}

static int parse(struct arena *a, const char *text, struct metrics_line *line, struct err *e)
{
	return metrics_line_parse(str_of(text), is_step, a, line, e);
}

static void a_line_gives_its_step_its_time_and_every_number(void **state)
{
	struct arena a = { 0 };
	struct metrics_line line;
	struct err e;
	assert_int_equal(parse(&a,
				 "{\"step\":7,\"loss\":0.5,\"lr\":3e-4,\"time\":1700000000.25,"
				 "\"note\":\"text\",\"flag\":true}",
				 &line, &e),
		0);
	assert_true(line.has_step);
	assert_int_equal(line.step, 7);
	assert_int_equal(line.at_wall_ms, INT64_C(1700000000250));
	assert_int_equal(line.count, 2);
	assert_string_equal(line.values[0].name, "loss");
	assert_true(line.values[0].value == 0.5);
	assert_string_equal(line.values[1].name, "lr");
	arena_finish(&a);
}

static void numbers_that_python_writes_are_numbers(void **state)
{
	struct arena a = { 0 };
	struct metrics_line line;
	struct err e;
	assert_int_equal(parse(&a,
				 "{\"global_step\": 3.0, \"loss\": NaN, \"up\": Infinity, "
				 "\"down\": -Infinity}",
				 &line, &e),
		0);
	assert_int_equal(line.step, 3);
	assert_true(isnan(line.values[0].value));
	assert_true(isinf(line.values[1].value) && line.values[1].value > 0);
	assert_true(isinf(line.values[2].value) && line.values[2].value < 0);
	arena_finish(&a);
}

static void an_event_is_told_apart_from_values(void **state)
{
	struct arena a = { 0 };
	struct metrics_line line;
	struct err e;
	assert_int_equal(parse(&a, "{\"event\":\"control_ready\"}", &line, &e), 0);
	assert_string_equal(line.event, "control_ready");
	assert_false(line.has_step);
	arena_finish(&a);
}

static void what_is_no_line_is_refused_in_a_sentence(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"[1]",
		"{\"step\":-1}",
		"{\"step\":1.5}",
		"{\"step\":1e300}",
		"{\"loss\":}",
		"{\"loss\":1} {\"loss\":2}",
		"{\"step\":NaN}",
		"{\"loss\":0.5",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena a = { 0 };
		struct metrics_line line;
		struct err e = { 0 };
		assert_int_equal(parse(&a, bad[i], &line, &e), -1);
		assert_true(strlen(e.text) > 10);
		arena_finish(&a);
	}
}

static void a_line_cut_at_any_byte_never_yields_a_wrong_value(void **state)
{
	static const char whole[] = "{\"step\":12,\"loss\":0.123456,\"eval_loss\":2.5}";
	for (size_t cut = 0; cut + 1 < sizeof(whole) - 1; cut++) {
		struct arena a = { 0 };
		struct metrics_line line;
		struct err e;
		assert_int_equal(metrics_line_parse((struct str){ whole, cut }, is_step, &a, &line,
					 &e),
			-1);
		arena_finish(&a);
	}
}

static void a_line_that_is_too_long_is_refused_before_it_is_read(void **state)
{
	static char text[METRICS_LINE_BYTES_MAX + 2];
	struct arena a = { 0 };
	struct metrics_line line;
	struct err e;
	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[sizeof(text) - 1] = '}';
	assert_int_equal(metrics_line_parse((struct str){ text, sizeof(text) }, is_step, &a, &line,
				 &e),
		-1);
	assert_non_null(strstr(e.text, "bytes"));
	arena_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_its_step_its_time_and_every_number),
		cmocka_unit_test(numbers_that_python_writes_are_numbers),
		cmocka_unit_test(an_event_is_told_apart_from_values),
		cmocka_unit_test(what_is_no_line_is_refused_in_a_sentence),
		cmocka_unit_test(a_line_cut_at_any_byte_never_yields_a_wrong_value),
		cmocka_unit_test(a_line_that_is_too_long_is_refused_before_it_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
