/* http/request.c -- a request from its first line to its end. See inside.h.
 *
 * The library calls request_begin with the first line, request_continue once with the whole head,
 * then for each piece of the body, then once more: there the handler runs. A reply given with the
 * head would cost the connection its keep-alive, so that only broken framing is answered there. A
 * refused body is read and thrown away, within limits, before the refusal is sent: a client that
 * is still sending would otherwise see a reset connection instead of the sentence. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "http/inside.h"

#define SPARE_MAX 64

static struct http_request *request_take(struct http *h)
{
	if (list_empty(&h->spare)) {
		struct http_request *r = mem_alloc(sizeof(*r));
		list_init(&r->spare);
		r->http = h;
		return r;
	}
	struct http_request *r = LIST_ITEM(h->spare.next, struct http_request, spare);
	list_remove(&r->spare);
	h->spare_count--;
	return r;
}

void request_free(struct http_request *r)
{
	arena_finish(&r->arena);
	buf_finish(&r->unsent);
	free(r);
}

static void request_give(struct http_request *r)
{
	struct http *h = r->http;
	list_remove(&r->spare);
	loop_poll_destroy(r->watch);
	if (r->response)
		MHD_destroy_response(r->response);
	free(r->body);
	if (h->spare_count >= SPARE_MAX) {
		request_free(r);
		return;
	}
	arena_clear(&r->arena);
	buf_finish(&r->unsent);
	struct arena kept = r->arena;
	/* The tables need no clearing: their counts say what of them is valid. */
	memset(&r->conn, 0,
		offsetof(struct http_request, segments) - offsetof(struct http_request, conn));
	r->segment_count = 0;
	r->queries = NULL;
	r->query_count = 0;
	memset(&r->header_count, 0, sizeof(*r) - offsetof(struct http_request, header_count));
	r->arena = kept;
	list_append(&h->spare, &r->spare);
	h->spare_count++;
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void *request_begin(void *context, const char *target, struct MHD_Connection *mhd)
{
	struct http *h = context;
	struct http_request *r = request_take(h);
	r->conn = conn_of(mhd);
	r->conn->request = r;
	r->started_us = h->now_us;
	r->raw_target = target;
	r->target = arena_string(&r->arena, target ? target : "");
	if (r->conn->wait != WAIT_HEAD)
		conn_wait(r->conn, WAIT_HEAD);
	return r;
}

int request_refuse(struct http_request *r, enum err_kind kind, const char *sentence)
{
	if (!r->refused) {
		r->refused = true;
		r->http->counts.refused++;
		err_set(&r->refusal, kind, "%s", sentence);
	}
	return -1;
}

/* What can be said from the head alone. */
static void judge(struct http_request *r)
{
	if (strict_host(r) < 0 || strict_origin(r) < 0 || target_parse(r) < 0)
		return;
	if (router_find(r) < 0)
		return;
	struct http *h = r->http;
	if (h->quiet)
		request_refuse(r, ERR_UNAVAILABLE, "the server is shutting down");
	else if (r->conn->extra && !(r->route->flags & HTTP_RESERVED))
		request_refuse(r, ERR_UNAVAILABLE, "too many connections are open, try again soon");
}

static size_t body_limit(const struct http_request *r)
{
	if (r->route && r->route->body_limit_bytes)
		return r->route->body_limit_bytes;
	return r->http->config.body_limit_bytes;
}

static void refuse_size(struct http_request *r)
{
	if (r->refused)
		return;
	request_refuse(r, ERR_TOO_LARGE, "");
	err_set(&r->refusal, ERR_TOO_LARGE,
		"the body is larger than the %zu bytes that this "
		"route takes",
		body_limit(r));
}

/* Whose request is refused in any case shall not fill our memory with a body first. */
static void judge_sender(struct http_request *r)
{
	struct http *h = r->http;
	if (!r->refused && h->config.admit &&
		h->config.admit(h->config.context, r, r->route, &r->refusal) < 0) {
		r->refused = true;
		h->counts.refused++;
	}
}

/* Answers with the head and closes: what follows on this connection cannot be trusted. */
static enum MHD_Result refuse_now(struct http_request *r)
{
	r->close_after = true;
	r->stage = STAGE_HANDLER;
	http_error(r, &r->refusal, NULL);
	reply_queue(r);
	return MHD_YES;
}

static bool head_leaves_room(const struct http_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn->mhd,
		MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	return info->header_size + (size_t)r->header_count * HEADER_COST_BYTES +
		RESPONSE_RESERVE_BYTES <=
		CONNECTION_MEMORY_BYTES;
}

static enum MHD_Result on_head(struct http_request *r, const char *method, const char *version)
{
	r->http->counts.requests++;
	r->method = method;
	int status = strict_headers(r, version);
	if (r->header_count >= HEADERS_MAX || !head_leaves_room(r)) {
		r->http->counts.refused++;
		r->stage = STAGE_GONE;
		conn_cut(r->conn, 431);
		return MHD_YES;
	}
	if (status < 0 || strict_framing(r) < 0)
		return refuse_now(r);
	judge(r);
	if (r->body_expected_bytes > 0 && !r->refused) {
		if (r->body_expected_bytes > body_limit(r))
			refuse_size(r);
		else
			strict_body_type(r);
	}
	if (r->body_expected_bytes == 0 && !r->body_chunked)
		return MHD_YES;
	judge_sender(r);
	/* A client that asks before it sends is told at once; a body without end is not read. */
	if (r->refused && (r->known[KNOWN_EXPECT] || r->body_expected_bytes > DRAIN_BYTES))
		return refuse_now(r);
	r->stage = STAGE_BODY;
	conn_wait(r->conn, WAIT_BODY);
	return MHD_YES;
}

static void body_add(struct http_request *r, const char *bytes, size_t size_bytes)
{
	if (r->stage == STAGE_GONE)
		return;
	if (r->body_chunked && !r->refused && r->body_bytes == 0)
		strict_body_type(r);
	size_t limit = body_limit(r);
	if (!r->refused && size_bytes > limit - r->body_bytes)
		refuse_size(r);
	if (r->refused) {
		r->drained_bytes += size_bytes;
		if (r->drained_bytes <= DRAIN_BYTES)
			return;
		r->stage = STAGE_GONE;
		conn_cut(r->conn, 413);
		return;
	}
	size_t need = r->body_bytes + size_bytes;
	if (need > r->body_room_bytes) {
		size_t room = r->body_expected_bytes ? (size_t)r->body_expected_bytes : need * 2;
		r->body_room_bytes = room < limit ? room : limit;
		r->body = mem_resize(r->body, r->body_room_bytes + 1);
	}
	memcpy(r->body + r->body_bytes, bytes, size_bytes);
	r->body_bytes = need;
	r->body[need] = 0;
}

static enum MHD_Result on_whole(struct http_request *r)
{
	struct http *h = r->http;
	if (r->stage < STAGE_HANDLER) {
		r->stage = STAGE_HANDLER;
		conn_wait(r->conn, WAIT_NOTHING);
		if (r->refused)
			http_error(r, &r->refusal, NULL);
		else
			h->config.handle(h->config.context, r, r->route);
		assert(r->stage != STAGE_HANDLER && "a handler answers, defers or streams");
	}
	if (r->response)
		reply_queue(r);
	else if (r->stage == STAGE_DEFERRED) {
		MHD_suspend_connection(r->conn->mhd);
		r->suspended = true;
		conn_wait(r->conn, WAIT_WATCH);
	} else {
		return MHD_NO;
	}
	return MHD_YES;
}

enum MHD_Result request_continue(void *context, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **request)
{
	struct http_request *r = *request;
	if (!r->method)
		return on_head(r, method, version);
	if (*upload_bytes > 0) {
		body_add(r, upload, *upload_bytes);
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (r->stage == STAGE_GONE)
		return MHD_NO;
	return on_whole(r);
}

void request_done(void *context, struct MHD_Connection *mhd, void **request,
	enum MHD_RequestTerminationCode code)
{
	struct http_request *r = *request;
	*request = NULL;
	if (!r)
		return;
	struct conn *c = r->conn;
	request_leave(r);
	if (c->is_stream)
		r->http->counts.streams--;
	c->is_stream = false;
	c->request = NULL;
	if (r->http->quiet)
		conn_cut(c, 0);
	else
		conn_wait(c, WAIT_IDLE);
	request_give(r);
}

const struct http_peer *http_peer(const struct http_request *r)
{
	return &r->conn->peer;
}

const char *http_method(const struct http_request *r)
{
	return r->method;
}

const char *http_path(const struct http_request *r)
{
	return r->path ? r->path : r->target;
}

const char *http_query(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->query_count; i++) {
		if (strcmp(r->queries[i].name, name) == 0)
			return r->queries[i].value;
	}
	return NULL;
}

size_t http_query_count(const struct http_request *r)
{
	return r->query_count;
}

const char *http_query_at(const struct http_request *r, size_t at, const char **value)
{
	assert(at < r->query_count);
	*value = r->queries[at].value;
	return r->queries[at].name;
}

const char *http_header(const struct http_request *r, const char *name)
{
	for (int i = 0; i < r->header_count; i++) {
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	}
	return NULL;
}

struct str http_body(const struct http_request *r)
{
	return (struct str){ r->body ? r->body : "", r->body_bytes };
}

struct arena *http_arena(struct http_request *r)
{
	return &r->arena;
}

int64_t http_started_us(const struct http_request *r)
{
	return r->started_us;
}
