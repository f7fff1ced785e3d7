/* tests/unit/net/test_net.c -- facts about HTTP requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/net/fake.h"
#include "net/net.h"

static const char *const hello[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	NULL,
};

static int call(struct net *n, const struct fake *f, struct net_request r, struct net_reply *reply,
	struct err *e)
{
	char url[300];
	snprintf(url, sizeof(url), "%s/thing", f->url[0] ? f->url : "http://localhost");
	r.method = r.method ? r.method : "GET";
	r.url = url;
	r.socket_path = f->socket_path[0] ? f->socket_path : NULL;
	return net_call(n, &r, reply, e);
}

static void a_reply_has_its_status_and_its_bytes(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	const char *const replies[] = { hello[0],
		"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone", NULL };
	fake_start(&f, replies);
	struct net *n = net_create(&e);
	assert_int_equal(call(n, &f, (struct net_request){ 0 }, &reply, &e), 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body.bytes, "hello");
	assert_int_equal(call(n, &f, (struct net_request){ 0 }, &reply, &e), 0);
	assert_int_equal(reply.status, 404);
	assert_string_equal(reply.body.bytes, "none");
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void a_body_goes_as_json_with_token_and_key(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	AUTO_BUF asked = { 0 };
	fake_start(&f, hello);
	struct net *n = net_create(&e);
	struct net_request r = { .method = "POST",
		.json = "{\"a\":1}",
		.token = "secret",
		.idempotency_key = "k1" };
	assert_int_equal(call(n, &f, r, &reply, &e), 0);
	fake_asked(&f, &asked);
	assert_memory_equal(asked.bytes, "POST /thing HTTP/1.1\r\n", 22);
	assert_non_null(strstr(asked.bytes, "\r\nAuthorization: Bearer secret\r\n"));
	assert_non_null(strstr(asked.bytes, "\r\nIdempotency-Key: k1\r\n"));
	assert_non_null(strstr(asked.bytes, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(asked.bytes, "\r\n\r\n{\"a\":1}"));
	assert_null(strstr(asked.bytes, "Expect:"));
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void a_post_without_a_body_says_its_length_and_no_type(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	AUTO_BUF asked = { 0 };
	fake_start(&f, hello);
	struct net *n = net_create(&e);
	assert_int_equal(call(n, &f, (struct net_request){ .method = "POST" }, &reply, &e), 0);
	fake_asked(&f, &asked);
	assert_non_null(strstr(asked.bytes, "\r\nContent-Length: 0\r\n"));
	assert_null(strcasestr(asked.bytes, "Content-Type"));
	assert_null(strcasestr(asked.bytes, "Authorization"));
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void a_socket_is_reached_even_when_its_path_is_too_long_for_one(void **state)
{
	for (int long_path = 0; long_path <= 1; long_path++) {
		struct fake f;
		struct err e = { 0 };
		struct net_reply reply = { 0 };
		fake_start_unix(&f, hello, long_path);
		struct net *n = net_create(&e);
		assert_int_equal(strlen(f.socket_path) > 108, long_path);
		assert_int_equal(call(n, &f, (struct net_request){ 0 }, &reply, &e), 0);
		assert_string_equal(reply.body.bytes, "hello");
		net_reply_finish(&reply);
		net_destroy(n);
		fake_stop(&f);
	}
}

static void nobody_there_a_cut_and_a_silence_are_three_errors(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	const char *const replies[] = { FAKE_CUT, FAKE_SILENCE, NULL };
	fake_start(&f, replies);
	struct net *n = net_create(&e);
	assert_int_equal(call(n, &f, (struct net_request){ .method = "POST" }, &reply, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_int_equal(call(n, &f, (struct net_request){ .timeout_ms = 100 }, &reply, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	struct fake gone = f;
	fake_stop(&f);
	assert_int_equal(call(n, &gone, (struct net_request){ 0 }, &reply, &e), -1);
	assert_int_equal(e.kind, ERR_NO_SERVER);
	struct net_request odd = { .method = "GET", .url = "ftp://127.0.0.1/" };
	assert_int_equal(net_call(n, &odd, &reply, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	net_destroy(n);
}

static void a_redirection_is_not_followed(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	const char *const replies[] = {
		"HTTP/1.1 302 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", NULL
	};
	fake_start(&f, replies);
	struct net *n = net_create(&e);
	assert_int_equal(call(n, &f, (struct net_request){ .token = "secret" }, &reply, &e), 0);
	assert_int_equal(reply.status, 302);
	assert_int_equal(fake_count(&f, "/elsewhere"), 0);
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void a_proxy_of_the_environment_never_sees_a_loopback_request(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	fake_start(&f, hello);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	struct net *n = net_create(&e);
	assert_int_equal(call(n, &f, (struct net_request){ 0 }, &reply, &e), 0);
	assert_int_equal(reply.status, 200);
	unsetenv("http_proxy");
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void keep(void *context, const char *bytes, size_t size_bytes)
{
	buf_add(context, bytes, size_bytes);
}

static void a_stream_hands_its_bytes_over_and_tells_its_end(void **state)
{
	struct fake f;
	struct err e = { 0 };
	struct net_reply reply = { 0 };
	struct buf got = { 0 };
	const char *const replies[] = { "HTTP/1.1 200 OK\r\n\r\none two three",
		"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n{}", NULL };
	fake_start(&f, replies);
	struct net *n = net_create(&e);
	struct net_request r = { .method = "GET", .url = f.url };
	struct net_stream *s = net_stream_open(n, &r, keep, &got, &e);
	while (!net_stream_end(s, &reply, &e))
		net_wait(n, 1000, NULL, 0);
	assert_int_equal(e.kind, ERR_NONE);
	assert_int_equal(reply.status, 200);
	assert_string_equal(got.bytes, "one two three");
	net_stream_close(s);
	s = net_stream_open(n, &r, keep, &got, &e);
	while (!net_stream_end(s, &reply, &e))
		net_wait(n, 1000, NULL, 0);
	assert_int_equal(reply.status, 403);
	assert_string_equal(reply.body.bytes, "{}");
	assert_string_equal(got.bytes, "one two three");
	net_stream_close(s);
	buf_finish(&got);
	net_reply_finish(&reply);
	net_destroy(n);
	fake_stop(&f);
}

static void waiting_ends_when_a_descriptor_can_be_read(void **state)
{
	struct err e = { 0 };
	int ends[2];
	struct net *n = net_create(&e);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(net_wait(n, 0, ends, 1), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(net_wait(n, 60000, ends, 1), 1);
	close(ends[0]);
	close(ends[1]);
	net_destroy(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_has_its_status_and_its_bytes),
		cmocka_unit_test(a_body_goes_as_json_with_token_and_key),
		cmocka_unit_test(a_post_without_a_body_says_its_length_and_no_type),
		cmocka_unit_test(a_socket_is_reached_even_when_its_path_is_too_long_for_one),
		cmocka_unit_test(nobody_there_a_cut_and_a_silence_are_three_errors),
		cmocka_unit_test(a_redirection_is_not_followed),
		cmocka_unit_test(a_proxy_of_the_environment_never_sees_a_loopback_request),
		cmocka_unit_test(a_stream_hands_its_bytes_over_and_tells_its_end),
		cmocka_unit_test(waiting_ends_when_a_descriptor_can_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
