/* tests/unit/api/test_logs.c -- facts about lines of logs and about following them. */
#include "unit/api/stage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LOGS "/api/training/logs/one"

static struct stage stage;

static int setup(void **state)
{
	stage_open(&stage);
	return 0;
}

static int teardown(void **state)
{
	stage_close(&stage);
	return 0;
}

static void expect_log(const char *query, const char *body)
{
	AUTO_BUF reply = { 0 };
	char path[200];
	snprintf(path, sizeof(path), LOGS "%s", query);
	assert_int_equal(stage_ask(&stage, OWNER, "GET", path, NULL, &reply), 200);
	assert_string_equal(stage_body(&reply), body);
}

static void a_job_without_a_log_has_none_yet(void **state)
{
	expect_log("",
		"{\"job_id\":\"one\",\"logs\":[],\"total_lines\":0,"
		"\"message\":\"No logs available yet\"}");
}

static void lines_are_taken_by_offset_and_limit(void **state)
{
	static const struct {
		const char *query, *lines;
		int offset, limit;
	} cases[] = {
		{ "", "\"a\",\"b\",\"\",\"d\",\"e\"", 0, 100 },
		{ "?limit=2", "\"a\",\"b\"", 0, 2 },
		{ "?limit=2&offset=1", "\"b\",\"\"", 1, 2 },
		{ "?offset=4", "\"e\"", 4, 100 },
		{ "?offset=5", "", 5, 100 },
		{ "?offset=99", "", 99, 100 },
		{ "?offset=-1", "\"a\",\"b\",\"\",\"d\",\"e\"", 0, 100 },
		{ "?offset=-1&limit=2", "\"d\",\"e\"", 3, 2 },
		{ "?offset=-7&limit=3", "\"\",\"d\",\"e\"", 2, 3 },
		{ "?offset=-1&limit=5", "\"a\",\"b\",\"\",\"d\",\"e\"", 0, 5 },
	};
	stage.log_fd = stage_log("a\nb  \t\r\n\nd\ne");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[400];
		snprintf(body, sizeof(body),
			"{\"job_id\":\"one\",\"logs\":[%s],\"total_lines\":5,\"offset\":%d,"
			"\"limit\":%d,\"dropped_bytes\":0}",
			cases[i].lines, cases[i].offset, cases[i].limit);
		expect_log(cases[i].query, body);
	}
}

static void limits_of_lines_are_checked(void **state)
{
	stage_expect(&stage, OWNER, "GET", LOGS "?limit=0", NULL, 400, "limit must be");
	stage_expect(&stage, OWNER, "GET", LOGS "?limit=1001", NULL, 400, "limit must be");
	stage_expect(&stage, OWNER, "GET", LOGS "?offset=1.5", NULL, 400, "offset must be");
	stage_expect(&stage, OWNER, "GET", LOGS "?follow=yes", NULL, 400,
		"follow must be true or false, got \\\"yes\\\"");
}

static void bytes_that_are_no_utf8_are_shown_as_such(void **state)
{
	stage.log_fd = stage_log("ok\n\xff\xfe bad\n\x1b[31mred\n");
	expect_log("",
		"{\"job_id\":\"one\",\"logs\":[\"ok\",\"\xEF\xBF\xBD\xEF\xBF\xBD bad\","
		"\"\\u001b[31mred\"],\"total_lines\":3,\"offset\":0,\"limit\":100,"
		"\"dropped_bytes\":0}");
}

static void the_first_line_after_dropped_bytes_is_a_whole_one(void **state)
{
	stage.log_fd = stage_log("0123456789\nb\nc\n");
	stage.kept_from_bytes = 4;
	expect_log("",
		"{\"job_id\":\"one\",\"logs\":[\"b\",\"c\"],\"total_lines\":2,\"offset\":0,"
		"\"limit\":100,\"dropped_bytes\":4}");
}

static void a_log_longer_than_a_chunk_is_counted_right(void **state)
{
	AUTO_BUF text = { 0 };
	AUTO_BUF reply = { 0 };
	for (int i = 0; i < 100000; i++)
		buf_format(&text, "line %d\n", i);
	stage.log_fd = stage_log(text.bytes);
	assert_int_equal(stage_ask(&stage, OWNER, "GET", LOGS "?offset=-1&limit=3", NULL, &reply),
		200);
	assert_string_equal(stage_body(&reply),
		"{\"job_id\":\"one\",\"logs\":[\"line 99997\",\"line 99998\",\"line 99999\"],"
		"\"total_lines\":100000,\"offset\":99997,\"limit\":3,\"dropped_bytes\":0}");
	assert_int_equal(stage_ask(&stage, OWNER, "GET", LOGS "?offset=65536&limit=1", NULL,
				 &reply),
		200);
	assert_non_null(strstr(reply.bytes, "[\"line 65536\"]"));
}

static int start_follow(const char *query)
{
	char path[200];
	snprintf(path, sizeof(path), LOGS "?follow=true%s", query);
	return stage_send(&stage, OWNER, "GET", path, "", NULL);
}

static void add_to_log(const char *text)
{
	assert_int_equal(write(stage.log_fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* A chunked body without its frames; the chunks here are short texts. */
static void unframed(const struct buf *reply, struct buf *body)
{
	const char *at = strstr(reply->bytes, "\r\n\r\n");
	assert_non_null(strcasestr(reply->bytes, "transfer-encoding: chunked"));
	for (at += 4; *at;) {
		char *data;
		size_t size = strtoul(at, &data, 16);
		buf_add(body, data + 2, size);
		at = data + 2 + size + 2;
	}
}

static void assert_followed(int fd, struct buf *reply, const char *expected)
{
	AUTO_BUF body = { 0 };
	STAGE_UNTIL(&stage, !stage_pull(fd, reply));
	unframed(reply, &body);
	assert_string_equal(body.bytes ? body.bytes : "", expected);
	assert_int_equal(stage.unfollows, stage.follows);
	close(fd);
}

static void a_followed_log_comes_whole_as_it_grows_and_ends_with_the_job(void **state)
{
	AUTO_BUF reply = { 0 };
	stage.log_fd = stage_log("a\n");
	int fd = start_follow("");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, false);
	STAGE_UNTIL(&stage,
		stage_pull(fd, &reply) && reply.bytes && strstr(reply.bytes, "a\n\r\n"));
	add_to_log("b\n\xff");
	stage.wake(stage.wake_to, 1, false);
	add_to_log("c");
	stage.wake(stage.wake_to, 1, true);
	assert_followed(fd, &reply,
		"a\nb\n\xff"
		"c");
}

static void a_follower_may_begin_with_the_last_lines(void **state)
{
	AUTO_BUF reply = { 0 };
	stage.log_fd = stage_log("a\nb\nc\n");
	int fd = start_follow("&offset=-1&limit=2");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, true);
	assert_followed(fd, &reply, "b\nc\n");
}

static void a_follower_may_begin_at_a_line(void **state)
{
	AUTO_BUF reply = { 0 };
	stage.log_fd = stage_log("a\nb\nc\n");
	int fd = start_follow("&offset=2");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, true);
	assert_followed(fd, &reply, "c\n");
}

static void a_log_may_begin_after_its_follower(void **state)
{
	AUTO_BUF reply = { 0 };
	int fd = start_follow("&offset=-1");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, false);
	stage.log_fd = stage_log("late\n");
	stage.wake(stage.wake_to, 1, true);
	assert_followed(fd, &reply, "late\n");
}

static void a_new_attempt_goes_on_in_the_same_log(void **state)
{
	AUTO_BUF reply = { 0 };
	stage.log_fd = stage_log("first\n");
	int fd = start_follow("");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, false);
	add_to_log("rest\n");
	stage.attempt = 2;
	add_to_log("second\n");
	stage.wake(stage.wake_to, 2, true);
	assert_followed(fd, &reply, "first\nrest\nsecond\n");
}

static void bytes_dropped_before_a_reader_came_to_them_are_told(void **state)
{
	AUTO_BUF reply = { 0 };
	AUTO_BUF text = { 0 };
	for (int i = 0; i < 2 * 4096; i++)
		buf_char(&text, i < 4096 ? 'x' : 'y');
	buf_char(&text, '\n');
	stage.log_fd = stage_log(text.bytes);
	assert_int_equal(fallocate(stage.log_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				 4096),
		0);
	int fd = start_follow("");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, true);
	buf_clear(&text);
	buf_text(&text, "[trainyard: 4096 bytes of this log were dropped]\n");
	for (int i = 0; i < 4096; i++)
		buf_char(&text, 'y');
	buf_char(&text, '\n');
	assert_followed(fd, &reply, text.bytes);
}

static void a_follower_that_leaves_is_forgotten(void **state)
{
	stage.log_fd = stage_log("a\n");
	int fd = start_follow("");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, false);
	close(fd);
	STAGE_UNTIL(&stage, stage.unfollows == 1);
	STAGE_UNTIL(&stage, http_counts(stage.http).streams == 0);
}

static void a_reader_that_is_slow_gets_every_byte(void **state)
{
	enum { LINES = 200000 };
	AUTO_BUF text = { 0 };
	AUTO_BUF reply = { 0 };
	AUTO_BUF body = { 0 };
	for (int i = 0; i < LINES; i++)
		buf_format(&text, "%09d\n", i);
	stage.log_fd = stage_log(text.bytes);
	int fd = start_follow("");
	STAGE_UNTIL(&stage, stage.wake);
	stage.wake(stage.wake_to, 1, true);
	STAGE_UNTIL(&stage, !stage_pull(fd, &reply));
	unframed(&reply, &body);
	assert_int_equal(body.length_bytes, text.length_bytes);
	assert_memory_equal(body.bytes, text.bytes, text.length_bytes);
	close(fd);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(a_job_without_a_log_has_none_yet),
		FACT(lines_are_taken_by_offset_and_limit),
		FACT(limits_of_lines_are_checked),
		FACT(bytes_that_are_no_utf8_are_shown_as_such),
		FACT(the_first_line_after_dropped_bytes_is_a_whole_one),
		FACT(a_log_longer_than_a_chunk_is_counted_right),
		FACT(a_followed_log_comes_whole_as_it_grows_and_ends_with_the_job),
		FACT(a_follower_may_begin_with_the_last_lines),
		FACT(a_follower_may_begin_at_a_line),
		FACT(a_log_may_begin_after_its_follower),
		FACT(a_new_attempt_goes_on_in_the_same_log),
		FACT(bytes_dropped_before_a_reader_came_to_them_are_told),
		FACT(a_follower_that_leaves_is_forgotten),
		FACT(a_reader_that_is_slow_gets_every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
