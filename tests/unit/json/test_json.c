/* tests/unit/json/test_json.c -- facts about reading JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_out.h"
#include "json/json.h"

static struct arena arena;

static int setup(void **state)
{
	arena = (struct arena){ 0 };
	return 0;
}

static int teardown(void **state)
{
	arena_finish(&arena);
	return 0;
}

static const struct json *parse(const char *text)
{
	struct err e = { 0 };
	const struct json *value = json_parse(str_of(text), JSON_REQUEST, &arena, &e);
	if (!value)
		fail_msg("%s: %s", text, e.text);
	return value;
}

static void assert_refused(struct str text, struct json_limits limits, const char *words)
{
	struct err e = { 0 };
	assert_null(json_parse(text, limits, &arena, &e));
	assert_true(e.kind == ERR_INPUT || e.kind == ERR_TOO_LARGE);
	if (!strstr(e.text, words))
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void what_is_read_is_written_back_the_same(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"true",
		"false",
		"0",
		"-1",
		"1.5",
		"\"\"",
		"\"a\\\"b\\\\c\\n\"",
		"{\"z\":1,\"a\":[1,[2,[3,{}]]],\"m\":{\"k\":null}}",
		"9223372036854775807",
		"-9223372036854775808",
		"[true,false,null,\"\xc3\xa9\"]",
		"1e+300",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_BUF out = { 0 };
		struct json_out j = { .to = &out };
		json_write(&j, parse(texts[i]));
		assert_string_equal(out.bytes, texts[i]);
	}
}

static void what_is_not_strict_json_is_refused_in_words(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "ends too early" },
		{ "{", "ends too early" },
		{ "[1,", "ends too early" },
		{ "{\"a\":1,\"a\":2}", "twice" },
		{ "{\"a\":1} x", "not JSON" },
		{ "{'a':1}", "not JSON" },
		{ "[1,]", "not JSON" },
		{ "{\"a\":NaN}", "not JSON" },
		{ "Infinity", "not JSON" },
		{ "nul", "not JSON" },
		{ "01", "not JSON" },
		{ "+1", "not JSON" },
		{ "1e999", "not JSON" },
		{ "99999999999999999999", "not JSON" },
		{ "\"\\u0000\"", "\\u0000" },
		{ "\"\\ud800\"", "not JSON" },
		{ "\"\t\"", "not JSON" },
		{ "\"\\x\"", "not JSON" },
		{ "// c\n1", "not JSON" },
		{ "\"open", "" },
		{ "\"\xff\"", "not valid UTF-8: byte 1 is 0xff" },
		{ "\"\xc0\xaf\"", "not valid UTF-8" },
		{ "\"\xed\xa0\x80\"", "not valid UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", "not valid UTF-8" },
		{ "\"\xc3", "not valid UTF-8" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(str_of(cases[i].text), JSON_REQUEST, cases[i].words);
	assert_refused((struct str){ "1\0002", 3 }, JSON_REQUEST, "NUL byte at byte 1");
}

static void depth_and_size_are_bounded(void **state)
{
	struct json_limits small = { .bytes_max = 8, .depth_max = 2 };
	assert_non_null(json_parse(STR("[[1]]"), small, &arena, NULL));
	assert_refused(STR("[[[1]]]"), small, "deeper than 2 levels");
	assert_refused(STR("[1,2,3,4]"), small, "9 bytes, more than 8");
	assert_non_null(json_parse(STR("\"[[[\""), small, &arena, NULL));
	assert_non_null(json_parse(STR("\"\\\"[[[\""), JSON_REQUEST, &arena, NULL));

	AUTO_BUF deep = { 0 };
	for (int i = 0; i < 100000; i++)
		buf_char(&deep, '[');
	assert_refused((struct str){ deep.bytes, deep.length_bytes }, JSON_REQUEST, "deeper");
}

static void the_words_of_python_are_numbers_where_they_are_allowed(void **state)
{
	const struct json *v =
		json_parse(STR("{\"a\":NaN,\"b\":[Infinity, -Infinity ],\"c\":\"NaN\",\"d\":-1}"),
			JSON_METRICS, &arena, NULL);
	double number;
	assert_non_null(v);
	assert_true(json_number(json_member(v, "a"), &number) && isnan(number));
	const struct json *b = json_member(v, "b");
	assert_true(json_number(&b->items[0], &number) && number == INFINITY);
	assert_true(json_number(&b->items[1], &number) && number == -INFINITY);
	assert_int_equal(json_member(v, "c")->kind, JSON_IS_TEXT);
	assert_int_equal(json_member(v, "d")->integer, -1);
	assert_true(json_number(json_parse(STR("NaN"), JSON_METRICS, &arena, NULL), &number));
	assert_refused(STR("{NaN:1}"), JSON_METRICS, "");
	assert_refused(STR("[xNaN]"), JSON_METRICS, "not JSON");
	assert_refused(STR("[NaNNaN]"), JSON_METRICS, "not JSON");
	assert_refused(STR("{\"a\":\"\\u0000NaN\"}"), JSON_METRICS, "\\u0000");
}

static void a_metric_too_large_for_an_integer_is_a_number(void **state)
{
	double number;
	const struct json *v = json_parse(STR("{\"tokens\":100000000000000000000}"), JSON_METRICS,
		&arena, NULL);
	assert_non_null(v);
	assert_true(json_number(json_member(v, "tokens"), &number) && number == 1e20);
}

static void a_field_of_the_wrong_kind_is_named_with_what_came(void **state)
{
	struct json_fields f = { parse("{\"p\":\"x\",\"q\":1.5,\"t\":7,\"b\":1,\"l\":{},\"o\":[],"
				       "\"big\":2000,\"ctl\":\"a\\u0007b\",\"long\":\"abcdef\"}"),
		"job." };
	struct err e = { 0 };
	const char *text = NULL;
	const struct json *inner = NULL;
	int64_t number = 5;
	bool yes = true;
	assert_int_equal(json_read_int(f, "p", -1000, 1000, &number, &e), -1);
	assert_string_equal(e.text, "job.p must be an integer from -1000 to 1000, got \"x\"");
	assert_int_equal(json_read_int(f, "q", 0, 9, &number, &e), -1);
	assert_string_equal(e.text, "job.q must be an integer from 0 to 9, got 1.5");
	assert_int_equal(json_read_int(f, "big", 0, 9, &number, &e), -1);
	assert_string_equal(e.text, "job.big must be an integer from 0 to 9, got 2000");
	assert_int_equal(json_read_text(f, "t", 9, &text, &e), -1);
	assert_string_equal(e.text, "job.t must be text, got 7");
	assert_int_equal(json_read_text(f, "long", 5, &text, &e), -1);
	assert_string_equal(e.text, "job.long has 6 bytes, more than 5");
	assert_int_equal(json_read_text(f, "ctl", 5, &text, &e), -1);
	assert_string_equal(e.text, "job.ctl holds a control character");
	assert_int_equal(json_read_bool(f, "b", &yes, &e), -1);
	assert_string_equal(e.text, "job.b must be true or false, got 1");
	assert_int_equal(json_read_list(f, "l", 9, &inner, &e), -1);
	assert_string_equal(e.text, "job.l must be a list, got an object");
	assert_int_equal(json_read_object(f, "o", &inner, &e), -1);
	assert_string_equal(e.text, "job.o must be an object, got a list");
	assert_int_equal(json_need(f, "none", &e), -1);
	assert_string_equal(e.text, "job.none is missing");
	assert_int_equal(json_only(f, (const char *const[]){ "p" }, 1, &e), -1);
	assert_string_equal(e.text, "there is no field \"job.q\"");
	assert_int_equal(json_open(parse("[]"), "the body", &e), -1);
	assert_string_equal(e.text, "the body must be an object, got a list");
	assert_int_equal(number, 5);
	assert_null(text);
}

static void an_absent_or_null_field_leaves_the_value_as_it_was(void **state)
{
	struct json_fields f = { parse("{\"n\":null}"), "" };
	int64_t number = 5;
	const char *text = "kept";
	assert_int_equal(json_read_int(f, "n", 0, 9, &number, NULL), 0);
	assert_int_equal(json_read_int(f, "absent", 0, 9, &number, NULL), 0);
	assert_int_equal(json_read_text(f, "n", 9, &text, NULL), 0);
	assert_int_equal(number, 5);
	assert_string_equal(text, "kept");
	assert_int_equal(json_need(f, "n", NULL), -1);
}

static void a_number_without_a_fraction_is_an_integer(void **state)
{
	struct json_fields f = { parse("{\"a\":3.0,\"b\":1e3}"), "" };
	int64_t number = 0;
	assert_int_equal(json_read_int(f, "a", 0, 9, &number, NULL), 0);
	assert_int_equal(number, 3);
	assert_int_equal(json_read_int(f, "b", 0, 1000, &number, NULL), 0);
	assert_int_equal(number, 1000);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(what_is_read_is_written_back_the_same),
		FACT(what_is_not_strict_json_is_refused_in_words),
		FACT(depth_and_size_are_bounded),
		FACT(the_words_of_python_are_numbers_where_they_are_allowed),
		FACT(a_metric_too_large_for_an_integer_is_a_number),
		FACT(a_field_of_the_wrong_kind_is_named_with_what_came),
		FACT(an_absent_or_null_field_leaves_the_value_as_it_was),
		FACT(a_number_without_a_fraction_is_an_integer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
