/* http/http.c -- the server as a whole: libmicrohttpd driven by our loop. See http.h.
 *
 * The library brings its own epoll set, whose fd we watch. It runs only in http_run, never from
 * inside a handler. It notices a resumed connection only when it runs: whoever resumes one asks for
 * a run at the start of the next turn, one for all that this turn has resumed. Time limits are ours
 * (conn.c); it has none of its own. */
#include "http/http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/inside.h"

#define RUNS_A_TURN 4

static void set_defaults(struct http_config *c)
{
	const struct http_config usual = {
		.connections = 512,
		.reserved = 16,
		.streams = 2048,
		.body_limit_bytes = 1u << 20,
		.stream_limit_bytes = 1u << 20,
		.head_ms = 10000,
		.body_ms = 60000,
		.idle_ms = 75000,
		.send_ms = 60000,
		.watch_ms = 20,
	};
#define OR_USUAL(field) c->field = c->field > 0 ? c->field : usual.field
	OR_USUAL(connections);
	OR_USUAL(reserved);
	OR_USUAL(streams);
	OR_USUAL(body_limit_bytes);
	OR_USUAL(stream_limit_bytes);
	OR_USUAL(head_ms);
	OR_USUAL(body_ms);
	OR_USUAL(idle_ms);
	OR_USUAL(send_ms);
	OR_USUAL(watch_ms);
#undef OR_USUAL
}

/* Connections may take half of the descriptors that the process may have: the other half belongs to
 * the database, the logs and the runners. */
static void fit_descriptors(struct http_config *c)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return;
	long half = (long)(limit.rlim_cur / 2);
	if (c->connections + c->reserved + c->streams <= half)
		return;
	long few = half / 8 > 0 ? half / 8 : 1;
	if (c->reserved > few)
		c->reserved = (int)few;
	long rest = half - c->reserved;
	if (c->connections > rest / 2)
		c->connections = (int)(rest / 2 > 0 ? rest / 2 : 1);
	rest -= c->connections;
	if (c->streams > rest)
		c->streams = (int)(rest > 0 ? rest : 1);
}

static size_t keep_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void library_says(void *context, const char *format,
	va_list args)
{
	char text[300];
	int length = vsnprintf(text, sizeof(text), format, args);
	while (length > 0 && length < (int)sizeof(text) && text[length - 1] == '\n')
		text[--length] = 0;
	log_debug("http: %s", text);
}

int64_t http_now_ms(struct http *h)
{
	if (!h->running)
		h->now_us = loop_now_us();
	return h->now_us / 1000;
}

void http_run(struct http *h)
{
	assert(!h->running);
	h->now_us = loop_now_us();
	h->running = true;
	MHD_UNSIGNED_LONG_LONG wait_ms = 1;
	bool more = true;
	for (int i = 0; more && i < RUNS_A_TURN; i++) {
		MHD_run(h->daemon);
		more = MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES && wait_ms == 0;
	}
	h->running = false;
	if (more)
		loop_timer_at(h->again, 0);
	streams_tell_room(h);
}

static void on_ready(void *context, int events)
{
	http_run(context);
}

static void on_again(void *context)
{
	http_run(context);
}

static void on_accept_again(void *context)
{
	listen_resume(context);
}

static int start_library(struct http *h, struct err *e)
{
	const struct http_config *c = &h->config;
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, request_continue, h, MHD_OPTION_EXTERNAL_LOGGER, library_says, h,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)(c->connections + c->reserved + c->streams),
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		request_begin, h, MHD_OPTION_NOTIFY_COMPLETED, request_done, h,
		MHD_OPTION_NOTIFY_CONNECTION, conn_notice, h, MHD_OPTION_END);
	if (!h->daemon)
		return err_errno(e, ERR_IO, "libmicrohttpd cannot start");
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->poll = loop_poll_create(h->loop, info->epoll_fd, on_ready, h, e);
	if (!h->poll)
		return -1;
	loop_poll_set(h->poll, LOOP_READABLE);
	return 0;
}

struct http *http_create(struct loop *l, const struct http_config *config, struct err *e)
{
	struct http *h = mem_alloc(sizeof(*h));
	h->loop = l;
	h->config = *config;
	set_defaults(&h->config);
	fit_descriptors(&h->config);
	h->tcp.fd = h->local.fd = -1;
	h->armed_ms = INT64_MAX;
	list_init(&h->conns);
	list_init(&h->spare);
	list_init(&h->roomy);
	for (int i = 0; i < WAIT_COUNT; i++)
		list_init(&h->waits[i]);
	h->router = router_create(config->routes, config->route_count);
	h->again = loop_timer_create(l, on_again, h);
	h->accept_again = loop_timer_create(l, on_accept_again, h);
	h->deadline = loop_timer_create(l, conn_timer, h);
	if (start_library(h, e) < 0) {
		http_destroy(h);
		return NULL;
	}
	return h;
}

int http_port(const struct http *h)
{
	return h->port;
}

int http_serve(struct http *h, struct err *e)
{
	return listen_start(h, e);
}

int http_busy(const struct http *h)
{
	return h->counts.connections;
}

struct http_counts http_counts(const struct http *h)
{
	return h->counts;
}

void http_quiesce(struct http *h)
{
	if (h->quiet)
		return;
	h->quiet = true;
	listen_close(h);
	LIST_EACH(node, &h->conns)
	{
		struct conn *c = LIST_ITEM(node, struct conn, node);
		if (c->request)
			request_dismiss(c->request);
		else
			conn_cut(c, 0);
	}
}

/* The library aborts the process when a connection is suspended while it stops: quiescing resumed
 * them all, one run lets it take notice. */
void http_destroy(struct http *h)
{
	if (!h)
		return;
	assert(!h->running);
	http_quiesce(h);
	if (h->daemon) {
		if (h->poll)
			http_run(h);
		loop_poll_destroy(h->poll);
		h->running = true;
		MHD_stop_daemon(h->daemon);
		h->running = false;
	}
	assert(list_empty(&h->conns));
	loop_timer_destroy(h->again);
	loop_timer_destroy(h->accept_again);
	loop_timer_destroy(h->deadline);
	LIST_EACH(node, &h->spare)
	{
		list_remove(node);
		request_free(LIST_ITEM(node, struct http_request, spare));
	}
	router_destroy(h->router);
	free(h->listen_name);
	free(h->socket_path);
	free(h);
}
