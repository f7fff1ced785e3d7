/* http/test_requests.c -- routing, what a handler gets, and what a client gets back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/http/site.h"

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

static struct site site;
static struct reply reply;

static int open_site(void **state)
{
	site_open(&site, (struct http_config){ 0 });
	site_serve(&site);
	return 0;
}

static int close_site(void **state)
{
	reply_clear(&reply);
	site_close(&site);
	return 0;
}

static void expect(const char *request, int status, const char *body)
{
	site_ask(&site, request, &reply);
	if (reply.status != status)
		print_message("%s\n", request);
	assert_int_equal(reply.status, status);
	if (body)
		assert_string_equal(reply.body.bytes ? reply.body.bytes : "", body);
}

#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void a_path_finds_its_handler_and_literals_win_over_names(void **state)
{
	expect(GET("/health"), 200, "{\"alive\":true}");
	expect(GET("/api/items/42"), 200, "42");
	expect(GET("/api/items/special"), 200, "special");
	expect("POST /api/items/special HTTP/1.1\r\n" HOST "\r\n", 200, "the special one");
	expect("DELETE /api/items/special HTTP/1.1\r\n" HOST "\r\n", 200, "special");
	expect(GET("/api/items/42/parts/wheel"), 200, "42 has wheel");
	expect(GET("/api/files/a/b/c.txt"), 200, "a/b/c.txt");
}

static void what_is_not_in_the_table_is_not_found(void **state)
{
	int before = site.handled;
	expect(GET("/"), 404, NULL);
	expect(GET("/healthy"), 404, NULL);
	expect(GET("/health/"), 404, NULL);
	expect(GET("//health"), 404, NULL);
	expect(GET("/api/items/"), 404, NULL);
	expect(GET("/api/items"), 404, NULL);
	expect(GET("/api/files"), 404, NULL);
	expect(GET("/api/files/a//b"), 404, NULL);
	expect(GET("/api/items/42/parts"), 404, NULL);
	assert_int_equal(site.handled, before);
}

static void a_wrong_method_is_told_which_ones_there_are(void **state)
{
	char allow[100];
	expect("PUT /api/items/special HTTP/1.1\r\n" HOST "\r\n", 405, NULL);
	assert_true(reply_header(&reply, "Allow", allow, sizeof(allow)));
	assert_string_equal(allow, "POST, GET, DELETE, HEAD");
	expect("OPTIONS /health HTTP/1.1\r\n" HOST "\r\n", 405, NULL);
	assert_true(reply_header(&reply, "Allow", allow, sizeof(allow)));
	assert_string_equal(allow, "GET, HEAD");
}

static void names_in_a_path_are_decoded_once(void **state)
{
	expect(GET("/api/items/a%20b"), 200, "a b");
	expect(GET("/api/items/%C3%A9"), 200, "\xC3\xA9");
	expect(GET("/api/items/a%252Fb"), 200, "a%2Fb");
	expect(GET("/api/items/a+b"), 200, "a+b");
	expect(GET("/%68ealth"), 200, NULL);
	expect(GET("/api/files/x%20y/z"), 200, "x y/z");
	expect(GET("/api/items/a%2Fb"), 400, NULL);
	expect(GET("/api/items/%2e%2e"), 400, NULL);
	expect(GET("/api/items/%00"), 400, NULL);
	expect(GET("/api/items/%ff"), 400, NULL);
	expect(GET("/api/items/%4"), 400, NULL);
	expect(GET("/api/items/%0a"), 400, NULL);
}

static void a_query_is_decoded_and_kept_in_order(void **state)
{
	expect(GET("/api/query"), 200, "{}");
	expect(GET("/api/query?"), 200, "{}");
	expect(GET("/api/query?a=1&b=x%26y&c&=d&a=2"), 200,
		"{\"a\":\"1\",\"b\":\"x&y\",\"c\":\"\",\"\":\"d\",\"a\":\"2\"}");
	expect(GET("/api/query?q=a+b%2Bc&&r=%C3%A9?/"), 200,
		"{\"q\":\"a b+c\",\"r\":\"\xC3\xA9?/\"}");
	expect(GET("/api/query?q=%80"), 400, NULL);
	expect(GET("/api/query?q=%00"), 400, NULL);
	expect(GET("/api/query?q=%zz"), 400, NULL);
}

static void a_body_arrives_whole(void **state)
{
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST JSON
	       "Content-Length: 7\r\n\r\n{\"a\":1}",
		200, "{\"a\":1}");
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"
	       "3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
		200, "{\"a\":1}");
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST "\r\n", 200, "");
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, "");
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST
	       "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}",
		200, "{}");
}

static void a_large_body_within_the_limit_is_taken(void **state)
{
	struct buf request = { 0 };
	size_t size = 1u << 20;
	buf_format(&request,
		"POST /api/training/jobs HTTP/1.1\r\n" HOST JSON "Content-Length: %zu\r\n\r\n",
		size);
	for (size_t i = 0; i < size; i++)
		buf_char(&request, (char)('a' + i % 26));
	site_ask(&site, request.bytes, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body.length_bytes, size);
	assert_memory_equal(reply.body.bytes, request.bytes + request.length_bytes - size, size);
	buf_finish(&request);
}

static void a_route_may_take_any_type_and_set_its_own_limit(void **state)
{
	expect("POST /api/any HTTP/1.1\r\n" HOST "Content-Type: image/png\r\n"
	       "Content-Length: 3\r\n\r\nabc",
		200, "abc");
	expect("POST /api/any HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 200, "abc");
	expect("POST /api/any HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n"
	       "0123456789012345678901234567890123456789012345678901234567890123x",
		413, NULL);
}

static void a_body_that_is_refused_leaves_the_connection_usable(void **state)
{
	int fd = site_dial(&site);
	site_send(fd, "POST /api/training/jobs HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 415);
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
}

static void a_client_that_expects_100_is_told_before_it_sends(void **state)
{
	reply_clear(&reply);
	int fd = site_dial(&site);
	site_send(fd,
		"POST /api/training/jobs HTTP/1.1\r\n" HOST JSON
		"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	SITE_UNTIL(&site, (reply_pull(&reply, fd), reply.rest.length_bytes > 0));
	assert_true(strncmp(reply.rest.bytes, "HTTP/1.1 100 ", 13) == 0);
	site_send(fd, "{}");
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST JSON
	       "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
		413, NULL);
}

static void head_is_get_without_the_body(void **state)
{
	char length[40];
	expect("HEAD /health HTTP/1.1\r\n" HOST "\r\n", 200, "");
	assert_true(reply_header(&reply, "Content-Length", length, sizeof(length)));
	assert_string_equal(length, "14");
	assert_int_equal(reply.rest.length_bytes, 0);
}

static void every_reply_carries_the_safety_headers(void **state)
{
	const char *const requests[] = {
		GET("/health"),
		GET("/nowhere"),
		GET("/api/error"),
		GET("/api/items/%ff"),
		"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"PUT /health HTTP/1.1\r\n" HOST "\r\n",
	};
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		char value[200];
		site_ask(&site, requests[i], &reply);
		assert_true(reply.status > 0);
		assert_true(reply_header(&reply, "X-Content-Type-Options", value, sizeof(value)));
		assert_string_equal(value, "nosniff");
		assert_true(reply_header(&reply, "Content-Security-Policy", value, sizeof(value)));
		assert_non_null(strstr(value, "default-src 'none'"));
		assert_true(reply_header(&reply, "Referrer-Policy", value, sizeof(value)));
		assert_true(reply_header(&reply, "Cache-Control", value, sizeof(value)));
		assert_string_equal(value, "no-store");
		assert_true(reply_header(&reply, "Content-Type", value, sizeof(value)));
		assert_string_equal(value, "application/json");
	}
}

static void an_error_has_the_field_that_each_client_looks_for(void **state)
{
	expect(GET("/api/error"), 400,
		"{\"success\":false,\"error\":\"job 7 is completed, cannot pause\","
		"\"message\":\"job 7 is completed, cannot pause\","
		"\"detail\":\"job 7 is completed, cannot pause\",\"code\":\"wrong_state\","
		"\"job_id\":\"7\"}");
	expect(GET("/nowhere"), 404,
		"{\"success\":false,\"error\":\"there is nothing at this path\","
		"\"message\":\"there is nothing at this path\","
		"\"detail\":\"there is nothing at this path\",\"code\":\"not_found\"}");
}

static void a_reply_may_bring_its_own_safety_headers(void **state)
{
	char value[100];
	expect(GET("/page"), 200, "<p>");
	assert_true(reply_header(&reply, "Content-Security-Policy", value, sizeof(value)));
	assert_string_equal(value, "script-src 'self'");
	assert_null(strstr(reply.head.bytes, "default-src"));
	assert_true(reply_header(&reply, "Cache-Control", value, sizeof(value)));
	assert_string_equal(value, "no-cache");
	assert_true(reply_header(&reply, "X-Content-Type-Options", value, sizeof(value)));
}

static void who_is_not_known_is_told_how_to_say_it(void **state)
{
	char value[100];
	expect(GET("/api/secret"), 401, NULL);
	assert_true(reply_header(&reply, "WWW-Authenticate", value, sizeof(value)));
	assert_true(strncmp(value, "Bearer", 6) == 0);
}

static void our_own_names_and_our_own_page_are_welcome(void **state)
{
	const char *const lines[] = {
		"Host: localhost",
		"Host: LocalHost:1",
		"Host: 127.0.0.1",
		"Host: 127.0.0.1:8000",
		"Host: [::1]",
		"Host: [::1]:8000",
		"Host: localhost:",
		"Host: localhost\r\nSec-Fetch-Site: same-origin",
		"Host: localhost\r\nSec-Fetch-Site: none",
		"Host: localhost:8000\r\nOrigin: http://localhost:8000",
		"Host: LOCALHOST:8000\r\nOrigin: https://localhost:8000",
		"Host: [::1]:8000\r\nOrigin: http://[::1]:8000",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char request[200];
		snprintf(request, sizeof(request), "GET /health HTTP/1.1\r\n%s\r\n\r\n", lines[i]);
		expect(request, 200, "{\"alive\":true}");
	}
}

static void a_reply_that_the_client_has_is_not_sent_again(void **state)
{
	char etag[100], request[300];
	expect(GET("/api/items/7"), 200, "7");
	assert_true(reply_header(&reply, "ETag", etag, sizeof(etag)));
	snprintf(request, sizeof(request),
		"GET /api/items/7 HTTP/1.1\r\n" HOST "If-None-Match: W/\"x\", %s\r\n\r\n", etag);
	expect(request, 304, "");
	snprintf(request, sizeof(request),
		"GET /api/items/8 HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", etag);
	expect(request, 200, "8");
	expect("POST /api/training/jobs HTTP/1.1\r\n" HOST "If-None-Match: *\r\n\r\n", 200, "");
	assert_false(reply_header(&reply, "ETag", etag, sizeof(etag)));
}

static void a_connection_serves_request_after_request(void **state)
{
	reply_clear(&reply);
	int fd = site_dial(&site);
	for (int i = 0; i < 50; i++) {
		char request[100], want[20];
		snprintf(request, sizeof(request), GET("/api/items/%d"), i);
		snprintf(want, sizeof(want), "%d", i);
		site_send(fd, request);
		site_read(&site, fd, &reply, false);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.body.bytes, want);
	}
	assert_int_equal(http_counts(site.http).connections, 1);
	close(fd);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
}

static void requests_sent_together_are_answered_in_order(void **state)
{
	reply_clear(&reply);
	int fd = site_dial(&site);
	struct buf all = { 0 };
	for (int i = 0; i < 20; i++)
		buf_format(&all, GET("/api/items/%d"), i);
	buf_text(&all,
		"POST /api/training/jobs HTTP/1.1\r\n" HOST JSON
		"Content-Length: 2\r\n\r\n{}" GET("/nowhere"));
	site_send(fd, all.bytes);
	buf_finish(&all);
	for (int i = 0; i < 20; i++) {
		char want[20];
		snprintf(want, sizeof(want), "%d", i);
		site_read(&site, fd, &reply, false);
		assert_string_equal(reply.body.bytes, want);
	}
	site_read(&site, fd, &reply, false);
	assert_string_equal(reply.body.bytes, "{}");
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 404);
	close(fd);
}

static void http_1_0_is_answered_and_closed(void **state)
{
	expect("GET /health HTTP/1.0\r\n" HOST "\r\n", 200, "{\"alive\":true}");
	reply_clear(&reply);
	int fd = site_dial(&site);
	site_send(fd, "GET /health HTTP/1.0\r\n" HOST "\r\n");
	site_read(&site, fd, &reply, false);
	SITE_UNTIL(&site, (reply_pull(&reply, fd), reply.closed));
	close(fd);
}

static void a_client_that_closes_its_sending_half_is_answered(void **state)
{
	reply_clear(&reply);
	int fd = site_dial(&site);
	site_send(fd, GET("/health"));
	shutdown(fd, SHUT_WR);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_its_handler_and_literals_win_over_names),
		cmocka_unit_test(what_is_not_in_the_table_is_not_found),
		cmocka_unit_test(a_wrong_method_is_told_which_ones_there_are),
		cmocka_unit_test(names_in_a_path_are_decoded_once),
		cmocka_unit_test(a_query_is_decoded_and_kept_in_order),
		cmocka_unit_test(a_body_arrives_whole),
		cmocka_unit_test(a_large_body_within_the_limit_is_taken),
		cmocka_unit_test(a_route_may_take_any_type_and_set_its_own_limit),
		cmocka_unit_test(a_body_that_is_refused_leaves_the_connection_usable),
		cmocka_unit_test(a_client_that_expects_100_is_told_before_it_sends),
		cmocka_unit_test(head_is_get_without_the_body),
		cmocka_unit_test(every_reply_carries_the_safety_headers),
		cmocka_unit_test(an_error_has_the_field_that_each_client_looks_for),
		cmocka_unit_test(a_reply_may_bring_its_own_safety_headers),
		cmocka_unit_test(who_is_not_known_is_told_how_to_say_it),
		cmocka_unit_test(our_own_names_and_our_own_page_are_welcome),
		cmocka_unit_test(a_reply_that_the_client_has_is_not_sent_again),
		cmocka_unit_test(a_connection_serves_request_after_request),
		cmocka_unit_test(requests_sent_together_are_answered_in_order),
		cmocka_unit_test(http_1_0_is_answered_and_closed),
		cmocka_unit_test(a_client_that_closes_its_sending_half_is_answered),
	};
	return cmocka_run_group_tests(tests, open_site, close_site);
}
