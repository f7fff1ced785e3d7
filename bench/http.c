/* bench/http.c -- requests, replies, and a line of one connection: see http.h. */
#include "bench/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "bench/program.h"

#define READ_BYTES 65536

void request_make(struct buf *b, const char *token, const char *method, const char *path,
	const char *body)
{
	buf_format(b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path);
	if (token)
		buf_format(b, "Authorization: Bearer %s\r\n", token);
	if (body)
		buf_format(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			strlen(body));
	else if (strcmp(method, "POST") == 0)
		buf_text(b, "Content-Length: 0\r\n");
	buf_text(b, "\r\n");
	if (body)
		buf_text(b, body);
}

bool reply_read(struct reply *r, char *bytes, size_t length_bytes)
{
	static const char field[] = "Content-Length: ";
	char *end = memmem(bytes, length_bytes, "\r\n\r\n", 4);
	if (!end)
		return false;
	char *length = memmem(bytes, (size_t)(end + 2 - bytes), field, sizeof(field) - 1);
	if (length_bytes < 12 || memcmp(bytes, "HTTP/1.1 ", 9) != 0 || !length)
		die("no reply: %.*s", (int)(end - bytes), bytes);
	r->status = (int)strtol(bytes + 9, NULL, 10);
	r->body = end + 4;
	r->body_bytes = strtoul(length + sizeof(field) - 1, NULL, 10);
	r->whole_bytes = (size_t)(r->body - bytes) + r->body_bytes;
	return length_bytes >= r->whole_bytes;
}

int http_connect(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

void line_open(struct line *l, int port, const char *token)
{
	*l = (struct line){ .fd = -1, .port = port, .token = token };
}

void line_close(struct line *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_finish(&l->out);
	buf_finish(&l->in);
}

/* False when the connection turned out to be closed, as an idle one may be. */
static bool exchange(struct line *l, const struct buf *request, struct reply *r)
{
	buf_clear(&l->in);
	if (io_write_all(l->fd, request->bytes, request->length_bytes) < 0)
		return false;
	do {
		buf_reserve(&l->in, READ_BYTES);
		ssize_t n = read(l->fd, l->in.bytes + l->in.length_bytes, READ_BYTES);
		if (n <= 0)
			return false;
		l->in.length_bytes += (size_t)n;
		l->in.bytes[l->in.length_bytes] = '\0';
	} while (!reply_read(r, l->in.bytes, l->in.length_bytes));
	return true;
}

struct reply line_send(struct line *l, const struct buf *request)
{
	struct reply r = { 0 };
	for (int tries = 0; tries < 2; tries++) {
		if (l->fd < 0 && (l->fd = http_connect(l->port)) < 0)
			die("nobody listens on port %d", l->port);
		if (exchange(l, request, &r))
			return r;
		close(l->fd);
		l->fd = -1;
	}
	die("the server on port %d closes its connections", l->port);
}

struct reply line_ask(struct line *l, const char *method, const char *path, const char *body)
{
	buf_clear(&l->out);
	request_make(&l->out, l->token, method, path, body);
	return line_send(l, &l->out);
}
