/* http/stream.c -- answers that come later, and answers without an end. See http.h.
 *
 * Both leave the connection suspended, where the library does not look at its socket: so we watch
 * it for the client's leaving, but only after watch_ms, since most deferred requests wait for one
 * commit and are answered long before. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/inside.h"

#define BLOCK_BYTES 1024 /* of a stream to an HTTP/1.0 client */
#define KEEP_BYTES 4096  /* more than this is freed when all is sent */

void request_wake(struct http_request *r)
{
	if (!r->suspended)
		return;
	r->suspended = false;
	MHD_resume_connection(r->conn->mhd);
	loop_timer_at(r->http->again, 0);
}

/* Takes the request away from its owner. Harmless when it has none. */
void request_leave(struct http_request *r)
{
	if (r->stage != STAGE_DEFERRED && r->stage != STAGE_STREAM)
		return;
	if (r->stage == STAGE_DEFERRED)
		r->http->counts.deferred--;
	http_left_fn *left = r->left;
	r->stage = STAGE_GONE;
	r->left = NULL;
	r->room = NULL;
	if (left)
		left(r->context, r);
}

/* The same while the client is still there: it is told. */
void request_dismiss(struct http_request *r)
{
	bool stream = r->stage == STAGE_STREAM;
	if (!stream && r->stage != STAGE_DEFERRED)
		return;
	request_leave(r);
	if (stream) {
		r->stage = STAGE_ANSWERED;
		r->stream_ended = true;
		request_wake(r);
		return;
	}
	struct err e;
	err_set(&e, ERR_UNAVAILABLE, "the server is shutting down");
	r->stage = STAGE_HANDLER;
	http_error(r, &e, NULL);
}

static void on_hang_up(void *context, int events)
{
	struct http_request *r = context;
	loop_poll_destroy(r->watch);
	r->watch = NULL;
	request_leave(r);
	conn_cut(r->conn, 0);
	request_wake(r);
}

void request_watch(struct http_request *r)
{
	if (r->watch || !r->suspended)
		return;
	r->watch = loop_poll_create(r->http->loop, r->conn->fd, on_hang_up, r, NULL);
	if (r->watch)
		loop_poll_set(r->watch, LOOP_DISCONNECT);
}

void http_defer(struct http_request *r, http_left_fn *left, void *context)
{
	assert(r->stage == STAGE_HANDLER);
	r->stage = STAGE_DEFERRED;
	r->left = left;
	r->context = context;
	r->http->counts.deferred++;
}

size_t http_stream_unsent(const struct http_request *r)
{
	return r->unsent.length_bytes - r->unsent_from;
}

static void all_sent(struct http_request *r)
{
	r->unsent_from = 0;
	if (r->unsent.room_bytes > KEEP_BYTES)
		buf_finish(&r->unsent);
	else
		buf_clear(&r->unsent);
	if (r->room && list_empty(&r->spare))
		list_append(&r->http->roomy, &r->spare);
}

/* The library asks for the next bytes, which also means that it sent the last ones. */
static ssize_t next_bytes(void *context, uint64_t at, char *to, size_t room_bytes)
{
	struct http_request *r = context;
	if (r->stage == STAGE_GONE)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t size = http_stream_unsent(r);
	if (size > 0) {
		size = size < room_bytes ? size : room_bytes;
		memcpy(to, r->unsent.bytes + r->unsent_from, size);
		r->unsent_from += size;
		if (r->unsent_from == r->unsent.length_bytes)
			all_sent(r);
		conn_wait(r->conn, WAIT_SEND);
		return (ssize_t)size;
	}
	if (r->stream_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(r->conn->mhd);
	r->suspended = true;
	conn_wait(r->conn, r->watch ? WAIT_NOTHING : WAIT_WATCH);
	return 0;
}

int http_stream_start(struct http_request *r, int status, const char *type, http_left_fn *left,
	http_room_fn *room, void *context, struct err *e)
{
	struct http *h = r->http;
	assert(r->stage == STAGE_HANDLER || r->stage == STAGE_DEFERRED);
	if (h->counts.streams >= h->config.streams)
		return err_set(e, ERR_BUSY, "%d streams are open, which is the limit",
			h->counts.streams);
	r->status = status;
	r->response = reply_finish(r,
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, next_bytes, r,
			NULL),
		type ? type : "application/json");
	if (r->stage == STAGE_DEFERRED)
		h->counts.deferred--;
	r->stage = STAGE_STREAM;
	r->left = left;
	r->room = room;
	r->context = context;
	r->conn->is_stream = true;
	h->counts.streams++;
	request_wake(r);
	return 0;
}

int http_stream_write(struct http_request *r, const void *bytes, size_t size_bytes)
{
	assert(r->stage == STAGE_STREAM);
	size_t limit = r->http->config.stream_limit_bytes;
	size_t unsent = http_stream_unsent(r);
	if (unsent > limit || size_bytes > limit - unsent)
		return -1;
	if (r->unsent_from > r->unsent.length_bytes / 2 && r->unsent_from > 0) {
		buf_drop(&r->unsent, r->unsent_from);
		r->unsent_from = 0;
	}
	buf_add(&r->unsent, bytes, size_bytes);
	request_wake(r);
	return 0;
}

void http_stream_end(struct http_request *r)
{
	assert(r->stage == STAGE_STREAM);
	r->stage = STAGE_ANSWERED;
	r->left = NULL;
	r->room = NULL;
	r->stream_ended = true;
	request_wake(r);
}

void streams_tell_room(struct http *h)
{
	while (!list_empty(&h->roomy)) {
		struct http_request *r = LIST_ITEM(h->roomy.next, struct http_request, spare);
		list_remove(&r->spare);
		if (r->room && r->unsent.length_bytes == 0)
			r->room(r->context, r);
	}
}
