/* http/test_later.c -- answers that come later, streams, clients that leave, the server's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/http/site.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct site site;
static struct reply reply;

static int open_site(void **state)
{
	site_open(&site,
		(struct http_config){ .streams = 3, .stream_limit_bytes = 300000, .watch_ms = 1 });
	site_serve(&site);
	return 0;
}

static int close_site(void **state)
{
	reply_clear(&reply);
	if (site.http)
		site_close(&site);
	return 0;
}

static void wait_kept(int count)
{
	SITE_UNTIL(&site, site.kept_count == count);
}

static int ask_later(const char *request)
{
	int fd = site_dial(&site);
	int count = site.kept_count;
	site_send(fd, request);
	wait_kept(count + 1);
	return fd;
}

static void a_deferred_request_is_answered_from_another_turn(void **state)
{
	int fd = ask_later(GET("/api/later"));
	assert_int_equal(http_counts(site.http).deferred, 1);
	http_reply(site.kept[0], 200, NULL, "{}", 2);
	assert_int_equal(http_counts(site.http).deferred, 0);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body.bytes, "{}");
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
	assert_int_equal(site.left, 0);
}

static void many_deferred_requests_are_answered_in_any_order(void **state)
{
	int fds[KEPT_MAX];
	for (int i = 0; i < KEPT_MAX; i++)
		fds[i] = ask_later(GET("/api/later"));
	for (int i = KEPT_MAX - 1; i >= 0; i--) {
		char text[20];
		snprintf(text, sizeof(text), "%d", i);
		http_reply(site.kept[i], 200, NULL, text, strlen(text));
	}
	for (int i = 0; i < KEPT_MAX; i++) {
		reply_clear(&reply);
		site_read(&site, fds[i], &reply, false);
		assert_int_equal(atoi(reply.body.bytes), i);
		close(fds[i]);
	}
}

static void a_request_behind_a_deferred_one_waits_for_it(void **state)
{
	int fd = ask_later(GET("/api/later") GET("/health"));
	for (int i = 0; i < 5; i++)
		site_turn(&site);
	assert_int_equal(site.handled, 1);
	http_reply(site.kept[0], 200, NULL, "{}", 2);
	site_read(&site, fd, &reply, false);
	assert_string_equal(reply.body.bytes, "{}");
	site_read(&site, fd, &reply, false);
	assert_string_equal(reply.body.bytes, "{\"alive\":true}");
	close(fd);
}

static void a_client_that_leaves_while_deferred_is_told_of(void **state)
{
	int fd = ask_later(GET("/api/later"));
	close(fd);
	SITE_UNTIL(&site, site.left == 1);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	assert_null(site.kept[0]);
	assert_int_equal(http_counts(site.http).deferred, 0);
}

static void a_stream_sends_what_is_written_when_it_is_written(void **state)
{
	int fd = ask_later(GET("/api/stream"));
	struct http_request *r = site.kept[0];
	assert_int_equal(http_stream_write(r, "data: 1\n\n", 9), 0);
	SITE_UNTIL(&site,
		(reply_pull(&reply, fd),
			reply.rest.bytes && strstr(reply.rest.bytes, "data: 1\n\n")));
	SITE_UNTIL(&site, site.rooms == 1);
	assert_int_equal(http_stream_write(r, "data: 2\n\n", 9), 0);
	SITE_UNTIL(&site, (reply_pull(&reply, fd), strstr(reply.rest.bytes, "data: 2\n\n")));
	assert_int_equal(http_stream_write(r, "end\n", 4), 0);
	http_stream_end(r);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body.bytes, "data: 1\n\ndata: 2\n\nend\n");
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_int_equal(http_counts(site.http).streams, 0);
	assert_int_equal(site.left, 0);
	close(fd);
}

static void a_stream_to_an_http_1_0_client_ends_with_the_connection(void **state)
{
	int fd = ask_later("GET /api/stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
	assert_int_equal(http_stream_write(site.kept[0], "one\n", 4), 0);
	http_stream_end(site.kept[0]);
	SITE_UNTIL(&site, (reply_pull(&reply, fd), reply.closed));
	assert_non_null(strstr(reply.rest.bytes, "\r\n\r\none\n"));
	assert_null(strstr(reply.rest.bytes, "chunked"));
	close(fd);
}

static void a_slow_reader_is_refused_more_than_the_limit_and_loses_nothing(void **state)
{
	int fd = ask_later(GET("/api/stream"));
	struct http_request *r = site.kept[0];
	struct buf wanted = { 0 };
	char line[1000];
	int number = 0;
	for (;;) {
		snprintf(line, sizeof(line), "line %d of a log that nobody reads yet %0900d\n",
			number, number);
		if (http_stream_write(r, line, strlen(line)) < 0)
			break;
		buf_text(&wanted, line);
		number++;
		if (number % 20 == 0)
			site_turn(&site);
		assert_true(number < 10000000);
	}
	assert_true(http_stream_unsent(r) <= 300000);
	assert_true(http_stream_unsent(r) + strlen(line) > 300000);
	http_stream_end(r);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.body.length_bytes, wanted.length_bytes);
	assert_memory_equal(reply.body.bytes, wanted.bytes, wanted.length_bytes);
	buf_finish(&wanted);
	close(fd);
}

static void a_client_that_leaves_a_silent_stream_is_told_of(void **state)
{
	int fd = ask_later(GET("/api/stream"));
	SITE_UNTIL(&site, (reply_pull(&reply, fd), reply.rest.length_bytes > 0));
	close(fd);
	SITE_UNTIL(&site, site.left == 1);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	assert_int_equal(http_counts(site.http).streams, 0);
}

static void a_client_that_leaves_a_busy_stream_is_told_of(void **state)
{
	int fd = ask_later(GET("/api/stream"));
	close(fd);
	SITE_UNTIL(&site, site.left == 1 || (http_stream_write(site.kept[0], "more\n", 5), false));
	SITE_UNTIL(&site, http_busy(site.http) == 0);
}

static void a_stream_above_the_limit_is_refused_with_a_sentence(void **state)
{
	int fds[3];
	for (int i = 0; i < 3; i++)
		fds[i] = ask_later(GET("/api/stream"));
	site_ask(&site, GET("/api/stream"), &reply);
	assert_int_equal(reply.status, 429);
	assert_non_null(strstr(reply.body.bytes, "3 streams are open"));
	close(fds[0]);
	SITE_UNTIL(&site, http_counts(site.http).streams == 2);
	fds[0] = ask_later(GET("/api/stream"));
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	assert_int_equal(site.left, 4);
}

static void the_head_of_a_stream_is_all_that_head_gets(void **state)
{
	site_ask(&site, "HEAD /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n", &reply);
	assert_int_equal(reply.status, 200);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	assert_int_equal(site.left, 1);
}

static void quiescing_answers_the_waiting_and_ends_the_streams(void **state)
{
	int later = ask_later(GET("/api/later"));
	int stream = ask_later(GET("/api/stream"));
	int idle = site_dial(&site);
	site_send(idle, GET("/health"));
	site_read(&site, idle, &reply, false);
	assert_int_equal(http_stream_write(site.kept[1], "last words\n", 11), 0);

	http_quiesce(site.http);
	assert_int_equal(site.left, 2);
	reply_clear(&reply);
	site_read(&site, later, &reply, false);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body.bytes, "the server is shutting down"));
	reply_clear(&reply);
	site_read(&site, stream, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body.bytes, "last words\n");
	reply_clear(&reply);
	SITE_UNTIL(&site, (reply_pull(&reply, idle), reply.closed));
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	close(later);
	close(stream);
	close(idle);
}

static void destroying_at_any_point_leaves_nothing(void **state)
{
	int fds[8];
	fds[0] = ask_later(GET("/api/later"));
	fds[1] = ask_later(GET("/api/stream"));
	assert_int_equal(http_stream_write(site.kept[1], "x", 1), 0);
	const char *const halves[] = { "", "GE", "GET /health HTTP/1.1\r\nHo",
		("POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
		 "Content-Type: application/json\r\n\r\n{") };
	for (int i = 0; i < 4; i++) {
		fds[i + 2] = site_dial(&site);
		site_send(fds[i + 2], halves[i]);
	}
	fds[6] = ask_later(GET("/api/stream"));
	close(fds[6]);
	fds[6] = ask_later(GET("/api/later"));
	site_turn(&site);
	site_close(&site);
	assert_int_equal(site.left, 4);
	site.http = NULL;
	for (int i = 0; i < 7; i++)
		close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_site, close_site)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deferred_request_is_answered_from_another_turn),
		TEST(many_deferred_requests_are_answered_in_any_order),
		TEST(a_request_behind_a_deferred_one_waits_for_it),
		TEST(a_client_that_leaves_while_deferred_is_told_of),
		TEST(a_stream_sends_what_is_written_when_it_is_written),
		TEST(a_stream_to_an_http_1_0_client_ends_with_the_connection),
		TEST(a_slow_reader_is_refused_more_than_the_limit_and_loses_nothing),
		TEST(a_client_that_leaves_a_silent_stream_is_told_of),
		TEST(a_client_that_leaves_a_busy_stream_is_told_of),
		TEST(a_stream_above_the_limit_is_refused_with_a_sentence),
		TEST(the_head_of_a_stream_is_all_that_head_gets),
		TEST(quiescing_answers_the_waiting_and_ends_the_streams),
		TEST(destroying_at_any_point_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
