/* tests/unit/http/site.c -- see site.h. */
#include "unit/http/site.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "base/json_out.h"

enum deed {
	DEED_HEALTH,
	DEED_ITEM,
	DEED_SPECIAL,
	DEED_PART,
	DEED_REST,
	DEED_ECHO,
	DEED_QUERY,
	DEED_ERROR,
	DEED_LATER,
	DEED_STREAM,
	DEED_LARGE,
	DEED_PAGE,
	DEED_SECRET,
};

static const enum deed deeds[] = {
	DEED_HEALTH,
	DEED_ITEM,
	DEED_SPECIAL,
	DEED_PART,
	DEED_REST,
	DEED_ECHO,
	DEED_QUERY,
	DEED_ERROR,
	DEED_LATER,
	DEED_STREAM,
	DEED_LARGE,
	DEED_PAGE,
	DEED_SECRET,
};

#define ROW(deed) &deeds[deed]

static const struct http_route routes[] = {
	{ "GET", "/health", ROW(DEED_HEALTH), HTTP_RESERVED, 0 },
	{ "GET", "/api/items/:id", ROW(DEED_ITEM), 0, 0 },
	{ "DELETE", "/api/items/:id", ROW(DEED_ITEM), 0, 0 },
	{ "POST", "/api/items/special", ROW(DEED_SPECIAL), 0, 0 },
	{ "GET", "/api/items/:id/parts/:part", ROW(DEED_PART), 0, 0 },
	{ "GET", "/api/files/*path", ROW(DEED_REST), 0, 0 },
	{ "POST", "/api/training/jobs", ROW(DEED_ECHO), 0, 0 },
	{ "POST", "/api/any", ROW(DEED_ECHO), HTTP_ANY_TYPE, 64 },
	{ "GET", "/api/query", ROW(DEED_QUERY), 0, 0 },
	{ "GET", "/api/error", ROW(DEED_ERROR), 0, 0 },
	{ "GET", "/api/later", ROW(DEED_LATER), 0, 0 },
	{ "GET", "/api/stream", ROW(DEED_STREAM), 0, 0 },
	{ "GET", "/page", ROW(DEED_PAGE), 0, 0 },
	{ "GET", "/api/secret", ROW(DEED_SECRET), 0, 0 },
	{ "GET", "/api/large", ROW(DEED_LARGE), HTTP_NO_ETAG, 0 },
};

static void on_left(void *context, struct http_request *r)
{
	struct site *s = context;
	s->left++;
	for (int i = 0; i < s->kept_count; i++) {
		if (s->kept[i] == r) {
			s->kept[i] = NULL;
			return;
		}
	}
	fail_msg("left is told of a request that nobody keeps");
}

static void on_room(void *context, struct http_request *r)
{
	struct site *s = context;
	s->rooms++;
}

static void keep(struct site *s, struct http_request *r)
{
	assert_true(s->kept_count < KEPT_MAX);
	s->kept[s->kept_count++] = r;
}

static void answer_query(struct http_request *r)
{
	AUTO_BUF body = { 0 };
	struct json_out j = { .to = &body };
	json_object(&j);
	for (size_t i = 0; i < http_query_count(r); i++) {
		const char *value;
		const char *name = http_query_at(r, i, &value);
		json_put_text(&j, name, value);
	}
	json_end(&j);
	http_reply_buf(r, 200, NULL, &body);
}

static void answer_large(struct http_request *r)
{
	size_t size = 4u << 20;
	char *bytes = malloc(size);
	memset(bytes, 'x', size);
	http_reply(r, 200, "text/plain", bytes, size);
	free(bytes);
}

static void start_stream(struct site *s, struct http_request *r)
{
	struct err e;
	if (http_stream_start(r, 200, "text/event-stream", on_left, on_room, s, &e) < 0)
		http_error(r, &e, NULL);
	else
		keep(s, r);
}

static void reply_text(struct http_request *r, const char *text)
{
	http_reply(r, 200, "text/plain", text, strlen(text));
}

static void handle(void *context, struct http_request *r, const struct http_route *route)
{
	struct site *s = context;
	s->handled++;
	s->peer = *http_peer(r);
	struct err e;
	char text[600];
	switch (*(const enum deed *)route->row) {
	case DEED_HEALTH:
		http_reply(r, 200, NULL, "{\"alive\":true}", 14);
		break;
	case DEED_ITEM:
		reply_text(r, http_param(r, "id"));
		break;
	case DEED_SPECIAL:
		reply_text(r, "the special one");
		break;
	case DEED_PART:
		snprintf(text, sizeof(text), "%s has %s", http_param(r, "id"),
			http_param(r, "part"));
		reply_text(r, text);
		break;
	case DEED_REST:
		reply_text(r, http_param(r, "path"));
		break;
	case DEED_ECHO:
		http_reply(r, 200, "text/plain", http_body(r).at, http_body(r).length_bytes);
		break;
	case DEED_QUERY:
		answer_query(r);
		break;
	case DEED_ERROR:
		err_set(&e, ERR_STATE, "job 7 is completed, cannot pause");
		http_error(r, &e, "7");
		break;
	case DEED_LATER:
		http_defer(r, on_left, s);
		keep(s, r);
		break;
	case DEED_STREAM:
		start_stream(s, r);
		break;
	case DEED_LARGE:
		answer_large(r);
		break;
	case DEED_PAGE:
		http_add_header(r, "Content-Security-Policy", "script-src 'self'");
		http_add_header(r, "Cache-Control", "no-cache");
		http_reply(r, 200, "text/html", "<p>", 3);
		break;
	case DEED_SECRET:
		err_set(&e, ERR_AUTH, "a token is needed");
		http_error(r, &e, NULL);
		break;
	}
}

void site_open(struct site *s, struct http_config config)
{
	struct err e;
	*s = (struct site){ 0 };
	config.routes = routes;
	config.route_count = sizeof(routes) / sizeof(*routes);
	config.handle = handle;
	config.context = s;
	s->loop = loop_create(&e);
	assert_non_null(s->loop);
	s->http = http_create(s->loop, &config, &e);
	assert_non_null(s->http);
}

void site_serve(struct site *s)
{
	struct err e = { 0 };
	if (http_listen(s->http, "127.0.0.1:0", &e) < 0 || http_serve(s->http, &e) < 0)
		fail_msg("%s", e.text);
	s->port = http_port(s->http);
	assert_true(s->port > 0);
}

void site_close(struct site *s)
{
	http_destroy(s->http);
	loop_destroy(s->loop);
}

/* A turn that waits a moment for the clients' sockets, which the loop does not know. */
void site_turn(struct site *s)
{
	for (int i = 0; i < 4; i++)
		loop_run_once(s->loop, false);
	poll(NULL, 0, 1);
	loop_run_once(s->loop, false);
}

int site_dial(struct site *s)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

int site_dial_unix(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(to.sun_path));
	memcpy(to.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void site_send(int fd, const char *text)
{
	ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL);
	assert_int_equal(sent, (ssize_t)strlen(text));
}

/* Large bodies need the server to read meanwhile. Ends early when the server hangs up. */
void site_send_bytes(struct site *s, int fd, const void *bytes, size_t size_bytes)
{
	size_t sent = 0;
	while (sent < size_bytes) {
		ssize_t n = send(fd, (const char *)bytes + sent, size_bytes - sent, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN)
			return;
		site_turn(s);
	}
}

void reply_clear(struct reply *r)
{
	buf_finish(&r->head);
	buf_finish(&r->body);
	buf_finish(&r->rest);
	*r = (struct reply){ 0 };
}

void reply_pull(struct reply *r, int fd)
{
	char bytes[65536];
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n > 0) {
			buf_add(&r->rest, bytes, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			r->closed = true;
		return;
	}
}

bool reply_header(const struct reply *r, const char *name, char *value, size_t value_bytes)
{
	struct str left = { r->head.bytes, r->head.length_bytes }, line;
	while (str_next(&left, '\n', &line)) {
		if (!str_starts(line, name) && strncasecmp(line.at, name, strlen(name)) != 0)
			continue;
		if (line.length_bytes <= strlen(name) || line.at[strlen(name)] != ':')
			continue;
		struct str v = { line.at + strlen(name) + 1, line.length_bytes - strlen(name) - 1 };
		v = str_trim(v);
		assert_true(v.length_bytes < value_bytes);
		memcpy(value, v.at, v.length_bytes);
		value[v.length_bytes] = 0;
		return true;
	}
	return false;
}

static bool take_head(struct reply *r)
{
	char *end = r->rest.bytes ? strstr(r->rest.bytes, "\r\n\r\n") : NULL;
	if (!end)
		return false;
	size_t size = (size_t)(end - r->rest.bytes) + 4;
	buf_add(&r->head, r->rest.bytes, size);
	buf_drop(&r->rest, size);
	r->status = atoi(r->head.bytes + strlen("HTTP/1.1 "));
	return true;
}

/* A chunk into the body: 1 = one more may come, 0 = that was the last, -1 = not whole yet. */
static int take_chunk(struct reply *r)
{
	char *line = r->rest.bytes ? strstr(r->rest.bytes, "\r\n") : NULL;
	if (!line)
		return -1;
	size_t size = strtoul(r->rest.bytes, NULL, 16);
	size_t before = (size_t)(line - r->rest.bytes) + 2;
	if (r->rest.length_bytes < before + size + 2)
		return -1;
	buf_add(&r->body, r->rest.bytes + before, size);
	buf_drop(&r->rest, before + size + 2);
	return size > 0;
}

static bool take_body(struct reply *r, bool no_body)
{
	char value[64];
	if (no_body || r->status == 304 || r->status == 204)
		return true;
	if (reply_header(r, "Content-Length", value, sizeof(value))) {
		size_t size = strtoul(value, NULL, 10);
		if (r->rest.length_bytes < size)
			return false;
		buf_add(&r->body, r->rest.bytes, size);
		buf_drop(&r->rest, size);
		return true;
	}
	if (reply_header(r, "Transfer-Encoding", value, sizeof(value))) {
		int more;
		while ((more = take_chunk(r)) > 0)
			;
		return more == 0;
	}
	return r->closed;
}

void site_read(struct site *s, int fd, struct reply *r, bool no_body)
{
	buf_finish(&r->head);
	buf_finish(&r->body);
	r->status = 0;
	bool have_head = false;
	int64_t due_ms = loop_now().boot_ms + SITE_DEADLINE_MS;
	for (;;) {
		reply_pull(r, fd);
		have_head = have_head || take_head(r);
		if (have_head && r->status == 100) {
			buf_clear(&r->head);
			have_head = false;
			continue;
		}
		if (have_head && take_body(r, no_body))
			return;
		if (r->closed)
			return;
		assert_true(loop_now().boot_ms < due_ms);
		site_turn(s);
	}
}

void site_ask(struct site *s, const char *request, struct reply *r)
{
	reply_clear(r);
	int fd = site_dial(s);
	site_send_bytes(s, fd, request, strlen(request));
	site_read(s, fd, r, strncmp(request, "HEAD ", 5) == 0);
	close(fd);
}
