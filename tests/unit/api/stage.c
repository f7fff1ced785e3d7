/* tests/unit/api/stage.c -- see stage.h. */
#include "unit/api/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct auth_identity callers[CALLERS] = {
	[VIEWER] = { AUTH_VIEWER, "vera", "" },
	[OWNER] = { AUTH_USER, "ana", "" },
	[OTHER] = { AUTH_USER, "uwe", "" },
	[ADMIN] = { AUTH_ADMIN, "admin", "" },
	[JOB_ONE] = { AUTH_USER, "ana", "one" },
	[JOB_TWO] = { AUTH_USER, "ana", "two" },
};

static void fill(struct stage *s)
{
	s->facts = (struct server_facts){ .version = "1.2.3", .user = "keeper", .uid = getuid() };
	s->job.job = (struct job){ .id = "one",
		.state = JOB_RUNNING,
		.attempt = 1,
		.end.exit_code = -1,
		.grace_ms = -1,
		.created_wall_ms = 1000,
		.started_wall_ms = 2000 };
	s->job.spec = (struct job_spec){ .name = "first",
		.owner = "ana",
		.command_json = "[\"sleep\"]",
		.env_json = "{\"A\":\"b\"}",
		.umask_bits = -1 };
	s->log_fd = -1;
	s->attempt = 1;
	for (int who = VIEWER; who < CALLERS; who++) {
		auth_token_make(s->tokens[who], s->known[who].hash);
		s->known[who].identity = callers[who];
	}
}

void stage_open(struct stage *s)
{
	struct http_config config = { .context = NULL };
	struct err e = { 0 };
	*s = (struct stage){ .ports = stage_ports };
	assert_int_equal(auth_init(NULL), 0);
	fill(s);
	s->ports.server = s;
	s->loop = loop_create(&e);
	s->api = api_create(&s->ports, &e);
	config.routes = api_routes(&config.route_count);
	config.handle = api_handle;
	config.admit = api_admit;
	config.context = s->api;
	s->http = http_create(s->loop, &config, &e);
	if (!s->http || http_listen(s->http, "127.0.0.1:0", &e) || http_serve(s->http, &e))
		fail_msg("%s", e.text);
}

void stage_close(struct stage *s)
{
	http_quiesce(s->http);
	STAGE_UNTIL(s, http_busy(s->http) == 0);
	http_destroy(s->http);
	api_destroy(s->api);
	if (s->log_fd >= 0)
		close(s->log_fd);
	while (loop_run_once(s->loop, false))
		;
	loop_destroy(s->loop);
}

static void woken(void *context)
{
}

/* Waits for something to happen, at most until the timer. */
void stage_turn(struct stage *s)
{
	struct loop_timer *timer = loop_timer_create(s->loop, woken, NULL);
	loop_timer_at(timer, loop_now().boot_ms + 5);
	loop_run_once(s->loop, true);
	loop_timer_destroy(timer);
}

static int dial(struct stage *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(s->http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

int stage_send(struct stage *s, enum caller who, const char *method, const char *path,
	const char *more, const char *body)
{
	AUTO_BUF text = { 0 };
	int fd = dial(s);
	buf_format(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", method,
		path, more);
	if (who != NOBODY)
		buf_format(&text, "Authorization: Bearer %s\r\n", s->tokens[who]);
	if (body)
		buf_format(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			strlen(body));
	buf_format(&text, "\r\n%s", body ? body : "");
	for (size_t at = 0; at < text.length_bytes;) {
		ssize_t sent = send(fd, text.bytes + at, text.length_bytes - at, MSG_NOSIGNAL);
		if (sent > 0)
			at += (size_t)sent;
		else
			stage_turn(s);
	}
	return fd;
}

bool stage_pull(int fd, struct buf *into)
{
	char chunk[4096];
	for (;;) {
		ssize_t size = recv(fd, chunk, sizeof(chunk), 0);
		if (size > 0)
			buf_add(into, chunk, (size_t)size);
		else
			return size < 0 && errno == EAGAIN;
	}
}

int stage_ask(struct stage *s, enum caller who, const char *method, const char *path,
	const char *body, struct buf *reply)
{
	int fd = stage_send(s, who, method, path, "", body);
	buf_clear(reply);
	STAGE_UNTIL(s, !stage_pull(fd, reply));
	close(fd);
	return reply->length_bytes > 12 ? atoi(reply->bytes + 9) : 0;
}

void stage_expect(struct stage *s, enum caller who, const char *method, const char *path,
	const char *body, int status, const char *part)
{
	AUTO_BUF reply = { 0 };
	int got = stage_ask(s, who, method, path, body, &reply);
	if (got != status || !strstr(reply.bytes, part))
		fail_msg("%s %s %s: expected %d with %s, got %s", method, path, body ? body : "",
			status, part, reply.bytes);
}

const char *stage_body(const struct buf *reply)
{
	const char *body = strstr(reply->bytes, "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

int stage_log(const char *text)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}
