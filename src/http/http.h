/* http/http.h -- HTTP/1.1 for trainyard: a table of routes, requests, replies, streams.
 *
 * One loop, one thread. The table and the config must outlive the struct http. `handle` is called
 * once a request, with the whole body there, after every check of strictness, Host, origin, route
 * and size has passed. Before it returns it does exactly one of:
 *   - http_reply, http_reply_buf or http_error: answered now;
 *   - http_defer: the owner keeps `r` and answers from any later turn;
 *   - http_stream_start: the owner keeps `r` and writes until http_stream_end.
 * After the answer, http_stream_end or a `left` callback, r and all that was borrowed from it
 * (headers, body, arena) are gone. Until then they stay where they are.
 *
 * A request so broken that libmicrohttpd itself gives up on it (a line without a colon, a length
 * that is no number, more than fits) gets the library's own sentence, in HTML. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct loop;
struct http;
struct http_request;

#define HTTP_ANY_TYPE 1u /* a body of any Content-Type, not only application/json */
#define HTTP_RESERVED 2u /* still answered when all usual connections are taken */
#define HTTP_NO_ETAG 4u  /* no ETag: the reply never stays the same */

/* A path is segments: literal, `:name` for one, `*name` as the last for all that is left.
 * A literal wins over a name. GET answers HEAD too. */
struct http_route {
	const char *method;
	const char *path;
	const void *row; /* the owner's own */
	unsigned flags;
	size_t body_limit_bytes; /* 0 = the config's */
};

typedef void http_handle_fn(void *context, struct http_request *r, const struct http_route *route);

/* From the head alone, before a body is read: -1 and *e refuse the request. Headers, peer, method
 * and path are there; it may add no header and answers nothing. */
typedef int http_admit_fn(void *context, struct http_request *r, const struct http_route *route,
	struct err *e);

struct http_config {
	const struct http_route *routes;
	size_t route_count;
	http_handle_fn *handle;
	http_admit_fn *admit; /* of requests with a body; or NULL */
	void *context;
	const char *const *host_names; /* beside localhost and the listen address; or NULL */
	size_t host_name_count;
	/* Bounds; 0 = the default. */
	int connections;           /* without streams: 512 */
	int reserved;              /* more of them, for HTTP_RESERVED routes: 16 */
	int streams;               /* 2048 */
	size_t body_limit_bytes;   /* 1 MiB */
	size_t stream_limit_bytes; /* unsent bytes of one stream: 1 MiB */
	int head_ms;               /* from the accept to the end of the head: 10 s */
	int body_ms;               /* from there to the end of the body: 60 s */
	int idle_ms;               /* between two requests: 75 s */
	int send_ms;               /* a whole reply, or a stream's next bytes: 60 s */
	int watch_ms;              /* a deferred request's client is watched after: 20 ms */
};

/* Creating opens nothing. Bad routes (two the same, a wildcard that is not last) are asserted. */
struct http *http_create(struct loop *l, const struct http_config *config, struct err *e);

/* Its own early step: ERR_CONFLICT when the port is in use. `address` is HOST:PORT, [V6]:PORT;
 * port 0 picks one. Connections wait in the kernel until http_serve. */
int http_listen(struct http *h, const char *address, struct err *e);
/* Mode 0666: whoever reaches the directory may connect, the uid of http_peer decides. The path
 * may be longer than sun_path. A dead server's socket is replaced; a live one is ERR_CONFLICT. */
int http_listen_unix(struct http *h, const char *path, struct err *e);
int http_port(const struct http *h); /* 0 = no TCP listener */
int http_serve(struct http *h, struct err *e);

/* Accepts no more, answers deferred requests with 503, ends streams; calls `left` for each. Then
 * replies under way are still sent while the loop turns; http_busy counts their connections. */
void http_quiesce(struct http *h);
int http_busy(const struct http *h);
void http_destroy(struct http *h); /* cuts what is left; NULL is fine */

/* Who asks. Of a unix peer, the credentials of the process that connected. */
struct http_peer {
	bool is_unix;
	uid_t uid;
	pid_t pid;
	char address[64]; /* "127.0.0.1", "::1", "unix" */
};

const struct http_peer *http_peer(const struct http_request *r);
const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* as sent, without the query */
/* Decoded once, UTF-8, no control characters, not empty; NULL if the route has no such name.
 * Never "." or "..", and a slash only in a `*name`. */
const char *http_param(const struct http_request *r, const char *name);
/* Decoded ('+' is a space), UTF-8, no NUL; the first of that name; NULL if absent. */
const char *http_query(const struct http_request *r, const char *name);
size_t http_query_count(const struct http_request *r);
const char *http_query_at(const struct http_request *r, size_t at, const char **value);
const char *http_header(const struct http_request *r, const char *name); /* any case; NULL */
struct str http_body(const struct http_request *r);                      /* NUL-terminated beside */
struct arena *http_arena(struct http_request *r);
int64_t http_started_us(const struct http_request *r); /* loop_now_us at its head */

/* Before the answer: one more header, copied. Neither may come unchecked from a client. */
void http_add_header(struct http_request *r, const char *name, const char *value);
/* type NULL = application/json. Bytes are copied. */
void http_reply(struct http_request *r, int status, const char *type, const void *bytes,
	size_t size_bytes);
/* The same without a copy: takes the bytes out of *body. A GET with status 200 gets an ETag, and
 * If-None-Match is obeyed. */
void http_reply_buf(struct http_request *r, int status, const char *type, struct buf *body);
/* {"success":false,"error","message","detail","code","job_id"?}; job_id may be NULL. */
void http_error(struct http_request *r, const struct err *e, const char *job_id);
/* The same body, for replies that a room assembles itself. */
void http_error_body(struct buf *body, const struct err *e, const char *job_id);

/* Called at most once, when the client is gone or the server quiesces, instead of the answer.
 * The owner forgets r; it may not answer. */
typedef void http_left_fn(void *context, struct http_request *r);
void http_defer(struct http_request *r, http_left_fn *left, void *context);

/* A reply of unknown length (chunked for HTTP/1.1). May follow http_defer. -1 with ERR_BUSY when
 * `streams` are open: answer with http_error then. `room`, which may be NULL, is called from the
 * loop whenever all that was written has been sent. */
typedef void http_room_fn(void *context, struct http_request *r);
int http_stream_start(struct http_request *r, int status, const char *type, http_left_fn *left,
	http_room_fn *room, void *context, struct err *e);
/* -1, and nothing is kept, when it would exceed stream_limit_bytes: a slow reader. */
int http_stream_write(struct http_request *r, const void *bytes, size_t size_bytes);
size_t http_stream_unsent(const struct http_request *r);
void http_stream_end(struct http_request *r); /* what was written is still sent */

struct http_counts {
	int connections; /* all that are open */
	int streams;
	int deferred;
	uint64_t requests; /* since the start */
	uint64_t refused;  /* by this room, before a handler saw them */
	uint64_t timed_out;
};
struct http_counts http_counts(const struct http *h);

#endif
