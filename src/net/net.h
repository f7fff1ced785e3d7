/* net/net.h -- HTTP requests as a client: one call at a time, and streams that run beside it.
 *
 * A struct net keeps connections open between requests. Everything runs on the caller's thread,
 * inside net_call and net_wait; callbacks come from there too. Redirections are not followed, for
 * they would carry the token elsewhere; loopback and unix sockets never go through a proxy. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define NET_REPLY_BYTES_MAX (256u << 20)

struct net;
struct net_stream;

/* Strings are borrowed until the call returns (net_stream_open copies what it needs). */
struct net_request {
	const char *method;          /* "GET", "POST", ... */
	const char *url;             /* http:// or https://, whole */
	const char *socket_path;     /* reached through this unix socket; NULL = TCP */
	const char *token;           /* sent as bearer; NULL = none */
	const char *idempotency_key; /* NULL = none */
	const char *json;            /* the body; NULL = none */
	int64_t timeout_ms;          /* of the whole exchange; 0 = none */
};

/* A zeroed struct net_reply is ready; net_call clears it first. */
struct net_reply {
	int status; /* HTTP */
	struct buf body;
};

/* ERR_UNSUPPORTED when there is no libcurl. */
struct net *net_create(struct err *e);
void net_destroy(struct net *n); /* after its streams; NULL is fine */
void net_reply_finish(struct net_reply *reply);

/* 0 as soon as a whole reply came, whatever its status. ERR_NO_SERVER: nobody answers there;
 * ERR_UNAVAILABLE: the connection broke, the request may have been carried out; ERR_TIMEOUT. */
int net_call(struct net *n, const struct net_request *request, struct net_reply *reply,
	struct err *e);

/* A reply that is handed over as it comes. fn is called with its bytes only when its status is
 * 200; the bytes of an error reply are kept for net_stream_end. */
typedef void net_bytes_fn(void *context, const char *bytes, size_t size_bytes);
struct net_stream *net_stream_open(struct net *n, const struct net_request *request,
	net_bytes_fn *fn, void *context, struct err *e);
void net_stream_close(struct net_stream *s); /* NULL is fine */

/* False while it runs. Then *reply is filled, or *e as net_call would: exactly one has a status
 * or a kind other than 0. */
bool net_stream_end(struct net_stream *s, struct net_reply *reply, struct err *e);

/* Moves the streams until something came, an fd of `fds` is readable, or the time is over.
 * Returns the bits of the readable fds (fds[0] is 1). A signal also ends it. At most 8 fds. */
unsigned net_wait(struct net *n, int64_t timeout_ms, const int *fds, int fd_count);

#endif
