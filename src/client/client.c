/* client/client.c -- see client.h: finding the server, and one call. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "client/answer.h"

#define CALL_TIMEOUT_MS 30000

struct client {
	struct client_where where;
	struct place place; /* zeroed until it is found */
	struct net *net;
};

struct client *client_open(const struct client_where *where, struct err *e)
{
	struct net *net = net_create(e);
	if (!net)
		return NULL;
	struct client *c = mem_alloc(sizeof(*c));
	c->where = *where;
	c->net = net;
	return c;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	place_finish(&c->place);
	net_destroy(c->net);
	free(c);
}

struct net *client_net(struct client *c)
{
	return c->net;
}

static int locate(struct client *c, struct err *e)
{
	return c->place.url ? 0 : place_find(&c->place, &c->where, e);
}

const char *client_server_name(struct client *c)
{
	return locate(c, NULL) ? "the server" : place_name(&c->place);
}

/* Says how to start a server; and forgets the place, for the next one may live elsewhere. */
static int tell_nobody(struct client *c, struct err *e)
{
	if (c->place.named)
		err_set(e, ERR_NO_SERVER,
			"no server at %s: start one with `trainyard serve`, or name "
			"another with --server",
			c->place.url);
	else
		err_set(e, ERR_NO_SERVER,
			"no server at %s: start one with `trainyard serve --state %s`",
			place_name(&c->place), c->place.state);
	place_finish(&c->place);
	return -1;
}

static int fill_request(struct client *c, const struct client_request *r, struct buf *url,
	struct net_request *request, struct err *e)
{
	if (locate(c, e))
		return -1;
	buf_format(url, "%s%s", c->place.url, r->path);
	*request = (struct net_request){
		.method = r->method,
		.url = url->bytes,
		.socket_path = c->place.socket_path,
		.token = c->place.token,
		.idempotency_key = r->idempotency_key,
		.json = r->json,
		.timeout_ms = r->timeout_ms == 0 ? CALL_TIMEOUT_MS
			: r->timeout_ms < 0      ? 0
						 : r->timeout_ms,
	};
	return 0;
}

int client_call(struct client *c, const struct client_request *r, struct answer *a, struct err *e)
{
	AUTO_BUF url = { 0 };
	struct net_request request;
	struct net_reply reply = { 0 };
	struct err failure = { 0 };
	answer_finish(a);
	if (fill_request(c, r, &url, &request, e))
		return -1;
	if (net_call(c->net, &request, &reply, &failure)) {
		if (failure.kind == ERR_NO_SERVER)
			return tell_nobody(c, e);
		return err_set(e, failure.kind, "%s", failure.text);
	}
	answer_take(a, &reply);
	return answer_error(a, place_name(&c->place), e);
}

struct net_stream *client_stream(struct client *c, const char *path, net_bytes_fn *fn,
	void *context, struct err *e)
{
	AUTO_BUF url = { 0 };
	struct net_request request;
	struct client_request r = { .method = "GET", .path = path, .timeout_ms = -1 };
	if (fill_request(c, &r, &url, &request, e))
		return NULL;
	return net_stream_open(c->net, &request, fn, context, e);
}

int client_refusal(struct client *c, const struct net_reply *reply, struct err *e)
{
	struct answer a = { 0 };
	struct net_reply copy = { .status = reply->status };
	buf_add(&copy.body, reply->body.bytes ? reply->body.bytes : "", reply->body.length_bytes);
	answer_take(&a, &copy);
	int failed = answer_error(&a, client_server_name(c), e);
	answer_finish(&a);
	return failed;
}

void client_escape(struct buf *to, const char *text)
{
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || strchr("-_.~,", c);
		if (plain)
			buf_char(to, *at);
		else
			buf_format(to, "%%%02X", c);
	}
}
