/* http/reply.c -- answers: headers that every one has, ETags, and the form of an error. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "http/inside.h"

#define ADDED_MAX 16
#define ETAG_BYTES 35 /* 32 digits, two quotes, a NUL */

static const char json_type[] = "application/json";

/* A reply may bring its own of these instead: the page needs scripts, assets may be kept. */
static const struct header usual_headers[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cache-Control", "no-store" },
};

void http_add_header(struct http_request *r, const char *name, const char *value)
{
	assert(r->added_count < ADDED_MAX);
	if (!r->added)
		r->added = arena_array(&r->arena, struct header, ADDED_MAX);
	r->added[r->added_count++] = (struct header){
		arena_string(&r->arena, name),
		arena_string(&r->arena, value),
	};
}

static bool has_added(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->added_count; i++) {
		if (strcasecmp(r->added[i].name, name) == 0)
			return true;
	}
	return false;
}

static void put_header(struct MHD_Response *response, const char *name, const char *value)
{
	enum MHD_Result status = MHD_add_response_header(response, name, value);
	assert(status == MHD_YES && "a header of a reply is one line");
	(void)status;
}

struct MHD_Response *reply_finish(struct http_request *r, struct MHD_Response *response,
	const char *type)
{
	if (!response)
		mem_exhausted(sizeof(response));
	if (type)
		put_header(response, "Content-Type", type);
	for (size_t i = 0; i < sizeof(usual_headers) / sizeof(*usual_headers); i++) {
		if (!has_added(r, usual_headers[i].name))
			put_header(response, usual_headers[i].name, usual_headers[i].value);
	}
	for (size_t i = 0; i < r->added_count; i++)
		put_header(response, r->added[i].name, r->added[i].value);
	if (r->close_after || r->conn->extra || r->http->quiet)
		put_header(response, "Connection", "close");
	return response;
}

/* Hands the finished reply to the library: only from inside its own call. */
void reply_queue(struct http_request *r)
{
	assert(r->http->running);
	conn_wait(r->conn, WAIT_SEND);
	enum MHD_Result status = MHD_queue_response(r->conn->mhd, (unsigned)r->status, r->response);
	assert(status == MHD_YES);
	(void)status;
	MHD_destroy_response(r->response);
	r->response = NULL;
}

static void mix(uint64_t state[2], uint64_t word)
{
	state[0] = (state[0] ^ word) * 0xFF51AFD7ED558CCDu;
	state[0] ^= state[0] >> 32;
	state[1] = (state[1] + word) * 0xC4CEB9FE1A85EC53u;
	state[1] ^= state[1] >> 29;
}

/* 128 bits of the body, eight bytes at a time. It tells versions of one document apart; it does not
 * have to withstand anybody. */
static void etag_of(char etag[ETAG_BYTES], const char *bytes, size_t size_bytes)
{
	uint64_t state[2] = { 0x9E3779B97F4A7C15u ^ size_bytes, 0xC2B2AE3D27D4EB4Fu };
	uint64_t word;
	size_t at = 0;
	for (; at + sizeof(word) <= size_bytes; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		mix(state, word);
	}
	word = 0;
	if (at < size_bytes)
		memcpy(&word, bytes + at, size_bytes - at);
	mix(state, word);
	etag[0] = '"';
	str_to_hex(etag + 1, state, sizeof(state));
	etag[ETAG_BYTES - 2] = '"';
	etag[ETAG_BYTES - 1] = 0;
}

static bool client_has(const struct http_request *r, const char *etag)
{
	const char *have = r->known[KNOWN_IF_NONE_MATCH];
	return have && (strcmp(have, "*") == 0 || strstr(have, etag));
}

static void answer(struct http_request *r, int status, const char *type, char *bytes,
	size_t size_bytes)
{
	assert(r->stage == STAGE_HANDLER || r->stage == STAGE_DEFERRED);
	bool reads = r->method[0] == 'G' || r->method[0] == 'H';
	bool tagged = status == 200 && reads && r->route && !(r->route->flags & HTTP_NO_ETAG);
	char etag[ETAG_BYTES];
	if (tagged) {
		etag_of(etag, bytes, size_bytes);
		if (client_has(r, etag)) {
			status = 304;
			size_bytes = 0;
		}
	}
	r->status = status;
	if (size_bytes == 0)
		type = NULL;
	else if (!type)
		type = json_type;
	r->response = reply_finish(r,
		MHD_create_response_from_buffer(size_bytes, bytes, MHD_RESPMEM_MUST_FREE), type);
	if (tagged)
		put_header(r->response, "ETag", etag);
	if (r->stage == STAGE_DEFERRED)
		r->http->counts.deferred--;
	r->left = NULL;
	r->stage = STAGE_ANSWERED;
	/* A client that closes its sending half while the reply travels still gets it. */
	loop_poll_destroy(r->watch);
	r->watch = NULL;
	request_wake(r);
}

void http_reply(struct http_request *r, int status, const char *type, const void *bytes,
	size_t size_bytes)
{
	char *copy = malloc(size_bytes + 1);
	if (!copy)
		mem_exhausted(size_bytes);
	if (size_bytes > 0)
		memcpy(copy, bytes, size_bytes);
	answer(r, status, type, copy, size_bytes);
}

void http_reply_buf(struct http_request *r, int status, const char *type, struct buf *body)
{
	size_t size_bytes = body->length_bytes;
	answer(r, status, type, buf_take(body), size_bytes);
}

void http_error_body(struct buf *body, const struct err *e, const char *job_id)
{
	struct json_out j = { .to = body };
	json_object(&j);
	json_put_bool(&j, "success", false);
	json_put_text(&j, "error", e->text);
	json_put_text(&j, "message", e->text);
	json_put_text(&j, "detail", e->text);
	json_put_text(&j, "code", err_word(e->kind));
	if (job_id)
		json_put_text(&j, "job_id", job_id);
	json_end(&j);
}

void http_error(struct http_request *r, const struct err *e, const char *job_id)
{
	if (e->kind == ERR_AUTH && !has_added(r, "WWW-Authenticate"))
		http_add_header(r, "WWW-Authenticate", "Bearer realm=\"trainyard\"");
	if (e->kind == ERR_METHOD && r->allow)
		http_add_header(r, "Allow", r->allow);
	if ((e->kind == ERR_BUSY || e->kind == ERR_UNAVAILABLE) && !has_added(r, "Retry-After"))
		http_add_header(r, "Retry-After", "1");
	AUTO_BUF body = { 0 };
	http_error_body(&body, e, job_id);
	http_reply_buf(r, err_http_status(e->kind), NULL, &body);
}
