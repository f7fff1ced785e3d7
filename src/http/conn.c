/* http/conn.c -- a connection's life and how long it may wait for its client. See inside.h.
 *
 * The library notices nothing of time: when a limit passes we shut the socket down, and it finds a
 * closed peer. The socket's number stays valid until the connection-closed notice, which is where
 * the conn, and with it the limit, ends. */
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/inside.h"

static int wait_ms(const struct http *h, enum wait what)
{
	switch (what) {
	case WAIT_IDLE:
		return h->config.idle_ms;
	case WAIT_HEAD:
		return h->config.head_ms;
	case WAIT_BODY:
		return h->config.body_ms;
	case WAIT_SEND:
		return h->config.send_ms;
	case WAIT_WATCH:
		return h->config.watch_ms;
	case WAIT_NOTHING:
		break;
	}
	return 0;
}

/* Waiting for something anew begins a new limit; WAIT_NOTHING has none. */
void conn_wait(struct conn *c, enum wait what)
{
	struct http *h = c->http;
	list_remove(&c->waiting);
	c->wait = what;
	if (what == WAIT_NOTHING)
		return;
	c->due_ms = http_now_ms(h) + wait_ms(h, what);
	list_append(&h->waits[what], &c->waiting);
	if (c->due_ms < h->armed_ms) {
		h->armed_ms = c->due_ms;
		loop_timer_at(h->deadline, c->due_ms);
	}
}

/* Between a request's first byte and its reply nothing of ours is under way on the socket, so the
 * last word may bypass the library. */
static void say_last_word(const struct conn *c, int status)
{
	const char *line, *sentence;
	enum err_kind kind;
	switch (status) {
	case 408:
		line = "408 Request Timeout";
		kind = ERR_TIMEOUT;
		sentence = "the request did not arrive in time";
		break;
	case 413:
		line = "413 Content Too Large";
		kind = ERR_TOO_LARGE;
		sentence = "the body is larger than this route takes";
		break;
	default:
		line = "431 Request Header Fields Too Large";
		kind = ERR_HEADERS;
		sentence = "the head of the request is larger than this server takes";
		break;
	}
	struct err e;
	err_set(&e, kind, "%s", sentence);
	AUTO_BUF body = { 0 };
	AUTO_BUF text = { 0 };
	http_error_body(&body, &e, NULL);
	buf_format(&text,
		"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
		"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		line, body.length_bytes, body.bytes);
	(void)!send(c->fd, text.bytes, text.length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void conn_cut(struct conn *c, int status)
{
	conn_wait(c, WAIT_NOTHING);
	if (status)
		say_last_word(c, status);
	shutdown(c->fd, SHUT_RDWR);
	c->http->cut_count += !c->cut;
	c->cut = true;
}

static void overdue(struct conn *c)
{
	struct http *h = c->http;
	switch (c->wait) {
	case WAIT_WATCH:
		conn_wait(c, WAIT_NOTHING);
		request_watch(c->request);
		return;
	case WAIT_HEAD:
	case WAIT_BODY:
		h->counts.timed_out++;
		conn_cut(c, 408);
		return;
	case WAIT_SEND:
		h->counts.timed_out++;
		conn_cut(c, 0);
		return;
	case WAIT_IDLE:
		conn_cut(c, 0);
		return;
	case WAIT_NOTHING:
		break;
	}
	assert(!"a connection that waits for nothing is overdue");
}

void conn_timer(void *context)
{
	struct http *h = context;
	int64_t now = http_now_ms(h);
	int64_t next = INT64_MAX;
	for (int i = 0; i < WAIT_COUNT; i++) {
		struct list *head = &h->waits[i];
		while (!list_empty(head)) {
			struct conn *c = LIST_ITEM(head->next, struct conn, waiting);
			if (c->due_ms > now) {
				next = c->due_ms < next ? c->due_ms : next;
				break;
			}
			overdue(c);
		}
	}
	h->armed_ms = next;
	if (next < INT64_MAX)
		loop_timer_at(h->deadline, next);
}

static bool end_slow(struct http *h, enum wait what)
{
	struct list *slow = &h->waits[what];
	if (list_empty(slow))
		return false;
	struct conn *c = LIST_ITEM(slow->next, struct conn, waiting);
	int limit_ms = wait_ms(h, what);
	if (http_now_ms(h) - (c->due_ms - limit_ms) < limit_ms / 10)
		return false;
	h->counts.timed_out++;
	conn_cut(c, 408);
	return true;
}

/* An idle connection loses nothing but a handshake. A head or a body that has been on its way for a
 * tenth of its time is most likely sent slowly on purpose. */
bool conn_make_room(struct http *h)
{
	struct list *idle = &h->waits[WAIT_IDLE];
	if (!list_empty(idle)) {
		conn_cut(LIST_ITEM(idle->next, struct conn, waiting), 0);
		return true;
	}
	return end_slow(h, WAIT_HEAD) || end_slow(h, WAIT_BODY);
}

void conn_notice(void *context, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *h = context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct conn *c = h->accepting;
		h->accepting = NULL;
		c->mhd = mhd;
		*socket_context = c;
		return;
	}
	struct conn *c = *socket_context;
	*socket_context = NULL;
	assert(!c->request);
	conn_wait(c, WAIT_NOTHING);
	list_remove(&c->node);
	h->counts.connections--;
	h->cut_count -= c->cut;
	free(c);
	if (h->full)
		loop_timer_at(h->accept_again, 0);
}
