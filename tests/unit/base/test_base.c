/* tests/unit/base/test_base.c -- facts about the bottom floor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_out.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/moment.h"
#include "base/str.h"

static void a_map_finds_what_was_put_and_nothing_that_was_removed(void **state)
{
	enum { COUNT = 5000 };
	static char keys[COUNT][16];
	struct map m = { 0 };
	for (int i = 0; i < COUNT; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
		map_put(&m, keys[i], keys[i]);
	}
	for (int i = 0; i < COUNT; i += 3)
		assert_ptr_equal(map_remove(&m, keys[i]), keys[i]);
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(map_get(&m, keys[i]), i % 3 ? keys[i] : NULL);
	assert_null(map_remove(&m, keys[0]));
	assert_int_equal(m.count, COUNT - (COUNT + 2) / 3);
	map_finish(&m);
}

static void json_is_escaped_and_never_invalid(void **state)
{
	struct buf out = { 0 };
	struct json_out j = { .to = &out };
	json_object(&j);
	json_put_text(&j, "a\"b", "tab\t nul-free \x01 bad \xff utf8 \xc3\xa9");
	json_put_double(&j, "third", 1.0 / 3.0);
	json_put_double(&j, "nan", __builtin_nan(""));
	json_put_double(&j, "tenth", 0.1);
	json_put_int(&j, "least", INT64_MIN);
	json_key(&j, "list");
	json_array(&j);
	json_bool(&j, true);
	json_null(&j);
	json_end(&j);
	json_put_time(&j, "t", 0);
	json_end(&j);
	assert_string_equal(out.bytes,
		"{\"a\\\"b\":\"tab\\t nul-free \\u0001 bad \xEF\xBF\xBD utf8 \xc3\xa9\","
		"\"third\":0.3333333333333333,\"nan\":null,\"tenth\":0.1,"
		"\"least\":-9223372036854775808,\"list\":[true,null],\"t\":null}");
	buf_finish(&out);
}

static void json_holds_no_character_that_a_terminal_obeys(void **state)
{
	AUTO_BUF text = { 0 };
	struct json_out j = { .to = &text };
	json_text(&j, "\033[0m \x7F \xC2\x80 \xC2\x9B 31m \xC2\xA0");
	assert_string_equal(text.bytes, "\"\\u001b[0m \\u007f \\u0080 \\u009b 31m \xC2\xA0\"");
}

/* Text is looked at eight bytes at a time: every byte is tried at every place of a word. */
static void every_byte_is_escaped_alike_wherever_it_stands(void **state)
{
	for (int c = 1; c < 256; c++) {
		char alone[2] = { (char)c, 0 };
		AUTO_BUF one = { 0 };
		struct json_out single = { .to = &one };
		json_text(&single, alone);
		for (size_t place = 0; place < 17; place++) {
			char text[18] = "aaaaaaaaaaaaaaaaa";
			AUTO_BUF got = { 0 };
			AUTO_BUF wanted = { 0 };
			struct json_out j = { .to = &got };
			text[place] = (char)c;
			json_text(&j, text);
			buf_format(&wanted, "\"%.*s%.*s%s\"", (int)place, "aaaaaaaaaaaaaaaaa",
				(int)one.length_bytes - 2, one.bytes + 1, text + place + 1);
			assert_string_equal(got.bytes, wanted.bytes);
		}
	}
}

static void times_are_written_and_read_back(void **state)
{
	char text[MOMENT_TEXT_SIZE];
	int64_t ms;
	assert_string_equal(moment_text(text, INT64_C(1700000000123)), "2023-11-14T22:13:20.123Z");
	assert_string_equal(moment_text(text, -1), "1969-12-31T23:59:59.999Z");
	assert_true(moment_parse(str_of("2023-11-14T23:13:20.123+01:00"), &ms));
	assert_int_equal(ms, INT64_C(1700000000123));
	assert_true(moment_parse(str_of("2024-02-29T00:00:00Z"), &ms));
	assert_string_equal(moment_text(text, ms), "2024-02-29T00:00:00.000Z");
	assert_false(moment_parse(str_of("2023-11-14"), &ms));
	assert_false(moment_parse(str_of("2023-13-14T23:13:20Z"), &ms));
	assert_false(moment_parse(str_of("2023-11-14T23:13:20"), &ms));
}

static void numbers_are_whole_or_refused(void **state)
{
	int64_t i;
	uint64_t u;
	double d;
	assert_true(str_to_i64(str_of("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_false(str_to_i64(str_of("9223372036854775808"), &i));
	assert_false(str_to_i64(str_of("1 "), &i));
	assert_false(str_to_i64(str_of(""), &i));
	assert_false(str_to_u64(str_of("18446744073709551616"), &u));
	assert_true(str_to_double(str_of("-inf"), &d));
	assert_true(str_to_double(str_of("5e-05"), &d) && d == 5e-05);
	assert_false(str_to_double(str_of("0x10"), &d));
	assert_false(str_to_double(str_of(" 1"), &d));
}

static void utf8_is_checked_by_the_book(void **state)
{
	static const char *const bad[] = { "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
		"\xE2\x82", "\x80", "\xFF" };
	assert_true(str_is_utf8(str_of("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x82")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_is_utf8(str_of(bad[i])));
	assert_false(str_is_utf8((struct str){ "a\0b", 3 }));
	char cut[4];
	str_copy_cut(cut, sizeof(cut), "ab\xC3\xA9");
	assert_string_equal(cut, "ab");
}

static void an_id_is_a_file_name_that_cannot_climb(void **state)
{
	char longest[130];
	memset(longest, 'a', 129);
	longest[128] = '\0';
	assert_true(str_is_id(str_of(longest)));
	longest[128] = 'a';
	longest[129] = '\0';
	assert_false(str_is_id(str_of(longest)));
	assert_true(str_is_id(str_of("run_7-b")));
	assert_false(str_is_id(str_of("..")));
	assert_false(str_is_id(str_of("-a")));
	assert_false(str_is_id(str_of("a/b")));
	assert_false(str_is_id(str_of("")));
}

static void an_error_knows_its_word_status_and_sentence(void **state)
{
	struct err e;
	assert_int_equal(err_set(&e, ERR_STATE, "job %d is %s", 7, "completed"), -1);
	assert_string_equal(e.text, "job 7 is completed");
	assert_int_equal(err_http_status(e.kind), 400);
	assert_int_equal(err_kind_of_word(err_word(ERR_DISK_FULL)), ERR_DISK_FULL);
	assert_int_equal(err_set(NULL, ERR_STATE, "nobody asks"), -1);
}

static void a_cleared_arena_keeps_one_block_and_hands_out_zeroes(void **state)
{
	struct arena a = { 0 };
	memset(arena_alloc(&a, 3000), 'x', 3000);
	memset(arena_alloc(&a, 3000), 'x', 3000);
	arena_clear(&a);
	size_t kept = a.total_bytes;
	char *again = arena_alloc(&a, 3000);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(again[i], 0);
	assert_int_equal(a.total_bytes, kept);
	arena_alloc(&a, 100000);
	arena_clear(&a);
	assert_int_equal(a.total_bytes, kept);
	arena_finish(&a);
}

static void arenas_and_buffers_keep_what_they_are_given(void **state)
{
	struct arena a = { 0 };
	char *first = arena_format(&a, "%s-%d", "job", 1);
	char *large = arena_alloc(&a, 100000);
	memset(large, 'x', 100000);
	assert_string_equal(first, "job-1");
	arena_finish(&a);
	AUTO_BUF b = { 0 };
	buf_text(&b, "hello ");
	buf_format(&b, "%05d", 42);
	buf_drop(&b, 6);
	assert_string_equal(b.bytes, "00042");
}

static void a_list_survives_removal_while_walking(void **state)
{
	struct item {
		int n;
		struct list node;
	} items[4];
	struct list head;
	list_init(&head);
	for (int i = 0; i < 4; i++) {
		items[i].n = i;
		list_append(&head, &items[i].node);
	}
	int sum = 0;
	LIST_EACH(at, &head)
	{
		sum += LIST_ITEM(at, struct item, node)->n;
		list_remove(at);
	}
	assert_int_equal(sum, 6);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_finds_what_was_put_and_nothing_that_was_removed),
		cmocka_unit_test(json_is_escaped_and_never_invalid),
		cmocka_unit_test(json_holds_no_character_that_a_terminal_obeys),
		cmocka_unit_test(every_byte_is_escaped_alike_wherever_it_stands),
		cmocka_unit_test(times_are_written_and_read_back),
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(utf8_is_checked_by_the_book),
		cmocka_unit_test(an_id_is_a_file_name_that_cannot_climb),
		cmocka_unit_test(an_error_knows_its_word_status_and_sentence),
		cmocka_unit_test(a_cleared_arena_keeps_one_block_and_hands_out_zeroes),
		cmocka_unit_test(arenas_and_buffers_keep_what_they_are_given),
		cmocka_unit_test(a_list_survives_removal_while_walking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
