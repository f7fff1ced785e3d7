/* http/test_bounds.c -- listeners, peers, and every limit of the config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/http/site.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct site site;
static struct reply reply;
static char folder[] = "/tmp/trainyard-http-XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

static void open_with(struct http_config config)
{
	site_open(&site, config);
	site_serve(&site);
}

static int finish(void **state)
{
	reply_clear(&reply);
	site_close(&site);
	return 0;
}

static void wait_closed(int fd)
{
	reply_clear(&reply);
	SITE_UNTIL(&site, (reply_pull(&reply, fd), reply.closed));
	close(fd);
}

static void a_port_in_use_is_a_clear_conflict(void **state)
{
	open_with((struct http_config){ 0 });
	struct site other;
	site_open(&other, (struct http_config){ 0 });
	char address[40];
	snprintf(address, sizeof(address), "127.0.0.1:%d", site.port);
	struct err e = { 0 };
	assert_int_equal(http_listen(other.http, address, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "is in use"));
	site_close(&other);
}

static void addresses_that_are_none_are_refused(void **state)
{
	open_with((struct http_config){ 0 });
	const char *const bad[] = { "", "localhost", ":8000", "127.0.0.1:", "127.0.0.1:x",
		"127.0.0.1:65536", "[::1]", "no.such.host.invalid:0", "203.0.113.1:0" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct site other;
		site_open(&other, (struct http_config){ 0 });
		struct err e = { 0 };
		assert_int_equal(http_listen(other.http, bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_true(strlen(e.text) > 10);
		site_close(&other);
	}
}

static void connections_made_before_serving_wait(void **state)
{
	site_open(&site, (struct http_config){ 0 });
	struct err e;
	assert_int_equal(http_listen(site.http, "127.0.0.1:0", &e), 0);
	site.port = http_port(site.http);
	int fd = site_dial(&site);
	site_send(fd, GET("/health"));
	for (int i = 0; i < 5; i++)
		site_turn(&site);
	assert_int_equal(http_busy(site.http), 0);
	assert_int_equal(http_serve(site.http, &e), 0);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
}

static void a_unix_peer_is_known_by_its_credentials(void **state)
{
	char path[200];
	struct err e;
	snprintf(path, sizeof(path), "%s/sock", folder);
	site_open(&site, (struct http_config){ 0 });
	assert_int_equal(http_listen_unix(site.http, path, &e), 0);
	site_serve(&site);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	int fd = site_dial_unix(path);
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_true(site.peer.is_unix);
	assert_int_equal(site.peer.uid, getuid());
	assert_int_equal(site.peer.pid, getpid());
	close(fd);
	site_ask(&site, GET("/health"), &reply);
	assert_false(site.peer.is_unix);
	assert_int_equal(site.peer.uid, (uid_t)-1);
	assert_string_equal(site.peer.address, "127.0.0.1");
	http_quiesce(site.http);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_socket_path_may_be_longer_than_sun_path(void **state)
{
	char sub[200], path[300], link[100];
	struct err e = { 0 };
	snprintf(sub, sizeof(sub), "%s/", folder);
	while (strlen(sub) < 190)
		memcpy(sub + strlen(sub), "x", 2);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(path, sizeof(path), "%s/trainyard.sock", sub);
	site_open(&site, (struct http_config){ 0 });
	if (http_listen_unix(site.http, path, &e) < 0)
		fail_msg("%s", e.text);
	site_serve(&site);
	snprintf(link, sizeof(link), "%s/short", folder);
	assert_int_equal(symlink(path, link), 0);
	int fd = site_dial_unix(link);
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
	http_quiesce(site.http);
	assert_int_equal(access(path, F_OK), -1);
	unlink(link);
	rmdir(sub);
}

static void a_dead_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	char path[200];
	struct err e;
	snprintf(path, sizeof(path), "%s/sock", folder);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	memcpy(un.sun_path, path, strlen(path) + 1);
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(dead, (struct sockaddr *)&un, sizeof(un)), 0);
	close(dead);
	site_open(&site, (struct http_config){ 0 });
	assert_int_equal(http_listen_unix(site.http, path, &e), 0);

	struct site other;
	site_open(&other, (struct http_config){ 0 });
	assert_int_equal(http_listen_unix(other.http, path, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	site_close(&other);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_file_in_the_sockets_place_is_left_alone(void **state)
{
	struct err e;
	site_open(&site, (struct http_config){ 0 });
	assert_int_equal(http_listen_unix(site.http, "/etc/passwd", &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	assert_int_equal(http_listen_unix(site.http, "/no/such/folder/sock", &e), -1);
}

static void a_head_that_does_not_end_is_408(void **state)
{
	open_with((struct http_config){ .head_ms = 50 });
	const char *const halves[] = { "", "GET /hea", "GET /health HTTP/1.1\r\n",
		"GET /health HTTP/1.1\r\nHost: local" };
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		int fd = site_dial(&site);
		site_send(fd, halves[i]);
		reply_clear(&reply);
		site_read(&site, fd, &reply, false);
		assert_int_equal(reply.status, 408);
		assert_non_null(strstr(reply.body.bytes, "\"code\":\"timeout\""));
		wait_closed(fd);
	}
	assert_int_equal(http_counts(site.http).timed_out, 4);
}

static void a_head_that_trickles_is_408_all_the_same(void **state)
{
	open_with((struct http_config){ .head_ms = 60 });
	int fd = site_dial(&site);
	site_send(fd, "GET /health HTTP/1.1\r\nX: ");
	SITE_UNTIL(&site,
		(send(fd, "y", 1, MSG_NOSIGNAL), reply_pull(&reply, fd),
			reply.rest.length_bytes > 0));
	assert_true(strncmp(reply.rest.bytes, "HTTP/1.1 408 ", 13) == 0);
	wait_closed(fd);
}

static void a_body_that_does_not_end_is_408(void **state)
{
	open_with((struct http_config){ .body_ms = 50 });
	int fd = site_dial(&site);
	site_send(fd,
		"POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"a\"");
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 408);
	wait_closed(fd);
	assert_int_equal(site.handled, 0);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
	open_with((struct http_config){ .idle_ms = 50 });
	int fd = site_dial(&site);
	site_send(fd, GET("/health"));
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	wait_closed(fd);
	assert_int_equal(reply.rest.length_bytes, 0);
	assert_int_equal(http_counts(site.http).timed_out, 0);
}

static void a_reply_that_nobody_takes_ends_the_connection(void **state)
{
	open_with((struct http_config){ .send_ms = 50 });
	int fd = site_dial(&site);
	site_send(fd, GET("/api/large"));
	SITE_UNTIL(&site, http_counts(site.http).timed_out == 1);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	close(fd);
}

static void a_stream_that_nobody_takes_ends_and_its_owner_is_told(void **state)
{
	open_with((struct http_config){ .send_ms = 50 });
	int fd = site_dial(&site);
	site_send(fd, GET("/api/stream"));
	SITE_UNTIL(&site, site.kept_count == 1);
	static const char block[65536];
	SITE_UNTIL(&site,
		site.left == 1 || (http_stream_write(site.kept[0], block, sizeof(block)), false));
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	assert_int_equal(http_counts(site.http).streams, 0);
	close(fd);
}

static void a_silent_stream_may_last(void **state)
{
	open_with((struct http_config){ .head_ms = 20,
		.body_ms = 20,
		.idle_ms = 20,
		.send_ms = 20,
		.watch_ms = 1 });
	int fd = site_dial(&site);
	site_send(fd, GET("/api/stream"));
	SITE_UNTIL(&site, site.kept_count == 1);
	/* Ten times as long as any limit, told by connections that run into theirs. */
	for (uint64_t i = 1; i <= 10; i++) {
		int slow = site_dial(&site);
		SITE_UNTIL(&site, http_counts(site.http).timed_out == i);
		close(slow);
	}
	assert_int_equal(site.left, 0);
	http_stream_end(site.kept[0]);
	site_read(&site, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	close(fd);
}

static void health_is_answered_when_all_connections_are_taken(void **state)
{
	open_with((struct http_config){ .connections = 4, .reserved = 2 });
	int busy[4];
	for (int i = 0; i < 4; i++) {
		busy[i] = site_dial(&site);
		site_send(busy[i], "GET /he");
	}
	SITE_UNTIL(&site, http_busy(site.http) == 4);
	site_ask(&site, GET("/api/items/1"), &reply);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body.bytes, "too many connections"));
	site_ask(&site, GET("/health"), &reply);
	assert_int_equal(reply.status, 200);
	char value[20];
	assert_true(reply_header(&reply, "Connection", value, sizeof(value)));
	assert_string_equal(value, "close");
	for (int i = 0; i < 4; i++)
		close(busy[i]);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	site_ask(&site, GET("/api/items/1"), &reply);
	assert_int_equal(reply.status, 200);
}

static void an_idle_connection_gives_way_to_a_new_one(void **state)
{
	open_with((struct http_config){ .connections = 2, .reserved = 2 });
	int first = site_dial(&site);
	site_send(first, GET("/health"));
	site_read(&site, first, &reply, false);
	int second = site_dial(&site);
	site_send(second, GET("/health"));
	site_read(&site, second, &reply, false);
	int third = site_dial(&site);
	site_send(third, GET("/health"));
	site_read(&site, third, &reply, false);
	assert_int_equal(reply.status, 200);
	close(third);
	wait_closed(first);
	reply_clear(&reply);
	site_send(second, GET("/health"));
	site_read(&site, second, &reply, false);
	assert_int_equal(reply.status, 200);
	close(second);
}

static void above_all_limits_connections_wait_their_turn(void **state)
{
	open_with((struct http_config){ .connections = 2, .reserved = 1, .head_ms = 600000 });
	int fds[5];
	for (int i = 0; i < 5; i++) {
		fds[i] = site_dial(&site);
		site_send(fds[i], "GET /health HTTP/1.1\r\n");
	}
	SITE_UNTIL(&site, http_busy(site.http) == 3);
	for (int i = 0; i < 5; i++)
		site_turn(&site);
	assert_int_equal(http_busy(site.http), 3);
	for (int i = 0; i < 5; i++) {
		reply_clear(&reply);
		site_send(fds[i], "Host: localhost\r\nConnection: close\r\n\r\n");
		site_read(&site, fds[i], &reply, false);
		assert_int_equal(reply.status, 200);
		close(fds[i]);
	}
}

static void slow_heads_give_way_when_nothing_is_left(void **state)
{
	open_with((struct http_config){ .connections = 2, .reserved = 1, .head_ms = 5000 });
	int slow[3];
	for (int i = 0; i < 3; i++) {
		slow[i] = site_dial(&site);
		site_send(slow[i], "GET /health HTTP/1.1\r\n");
		SITE_UNTIL(&site, http_busy(site.http) == i + 1);
	}
	site_ask(&site, GET("/health"), &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	site_read(&site, slow[0], &reply, false);
	assert_int_equal(reply.status, 408);
	reply_clear(&reply);
	reply_pull(&reply, slow[2]);
	assert_false(reply.closed);
	for (int i = 0; i < 3; i++)
		close(slow[i]);
}

static void slow_bodies_give_way_when_nothing_is_left(void **state)
{
	open_with((struct http_config){ .connections = 2, .reserved = 1, .body_ms = 5000 });
	int slow[3];
	for (int i = 0; i < 3; i++) {
		slow[i] = site_dial(&site);
		site_send(slow[i],
			"POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n"
			"Content-Length: 9\r\nContent-Type: application/json\r\n\r\n{");
		SITE_UNTIL(&site, http_busy(site.http) == i + 1);
	}
	site_ask(&site, GET("/health"), &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	site_read(&site, slow[0], &reply, false);
	assert_int_equal(reply.status, 408);
	for (int i = 0; i < 3; i++)
		close(slow[i]);
}

static void streams_do_not_count_as_connections(void **state)
{
	open_with((struct http_config){ .connections = 1, .reserved = 1, .streams = 4 });
	int fds[4];
	for (int i = 0; i < 4; i++) {
		fds[i] = site_dial(&site);
		site_send(fds[i], GET("/api/stream"));
		SITE_UNTIL(&site, site.kept_count == i + 1);
	}
	site_ask(&site, GET("/api/items/1"), &reply);
	assert_int_equal(reply.status, 200);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void other_names_are_allowed_when_configured(void **state)
{
	const char *const names[] = { "train.example" };
	open_with((struct http_config){ .host_names = names, .host_name_count = 1 });
	site_ask(&site, "GET /health HTTP/1.1\r\nHost: Train.Example:80\r\n\r\n", &reply);
	assert_int_equal(reply.status, 200);
	site_ask(&site, "GET /health HTTP/1.1\r\nHost: example\r\n\r\n", &reply);
	assert_int_equal(reply.status, 403);
}

#define TEST(name) cmocka_unit_test_teardown(name, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_in_use_is_a_clear_conflict),
		TEST(addresses_that_are_none_are_refused),
		TEST(connections_made_before_serving_wait),
		TEST(a_unix_peer_is_known_by_its_credentials),
		TEST(a_socket_path_may_be_longer_than_sun_path),
		TEST(a_dead_socket_is_replaced_and_a_live_one_is_not),
		TEST(a_file_in_the_sockets_place_is_left_alone),
		TEST(a_head_that_does_not_end_is_408),
		TEST(a_head_that_trickles_is_408_all_the_same),
		TEST(a_body_that_does_not_end_is_408),
		TEST(an_idle_connection_is_closed_without_a_word),
		TEST(a_reply_that_nobody_takes_ends_the_connection),
		TEST(a_stream_that_nobody_takes_ends_and_its_owner_is_told),
		TEST(a_silent_stream_may_last),
		TEST(health_is_answered_when_all_connections_are_taken),
		TEST(an_idle_connection_gives_way_to_a_new_one),
		TEST(above_all_limits_connections_wait_their_turn),
		TEST(slow_heads_give_way_when_nothing_is_left),
		TEST(slow_bodies_give_way_when_nothing_is_left),
		TEST(streams_do_not_count_as_connections),
		TEST(other_names_are_allowed_when_configured),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
