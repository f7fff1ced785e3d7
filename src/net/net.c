/* net/net.c -- see net.h. Every request is an exchange on one curl multi handle, so that a call
 * moves the streams as well while it waits. */
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/curl.h"

struct net {
	const struct curl_calls *curl;
	CURLM *multi;
};

/* One request under way; a stream is one with a callback. */
struct net_stream {
	struct net *net;
	CURL *easy;
	struct curl_slist *headers;
	int directory_fd; /* of a socket whose path is too long for sun_path; -1 */
	net_bytes_fn *fn;
	void *context;
	struct net_reply reply;
	bool started; /* the first byte of the body has come */
	bool too_large;
	bool ended;
	CURLcode result;
	long os_errno;
	char where[200]; /* for error sentences */
};

struct net *net_create(struct err *e)
{
	const struct curl_calls *curl = curl_calls_open(e);
	if (!curl)
		return NULL;
	struct net *n = mem_alloc(sizeof(*n));
	n->curl = curl;
	n->multi = curl->multi_init();
	if (!n->multi)
		mem_exhausted(sizeof(*n));
	return n;
}

void net_destroy(struct net *n)
{
	if (!n)
		return;
	n->curl->multi_cleanup(n->multi);
	free(n);
}

void net_reply_finish(struct net_reply *reply)
{
	buf_finish(&reply->body);
	reply->status = 0;
}

static size_t on_bytes(char *bytes, size_t one, size_t count, void *context)
{
	struct net_stream *s = context;
	size_t size_bytes = one * count;
	if (!s->started) {
		long status = 0;
		s->net->curl->easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
		s->reply.status = (int)status;
		s->started = true;
	}
	if (s->fn && s->reply.status == 200) {
		s->fn(s->context, bytes, size_bytes);
		return size_bytes;
	}
	if (s->reply.body.length_bytes + size_bytes > NET_REPLY_BYTES_MAX) {
		s->too_large = true;
		return 0;
	}
	buf_add(&s->reply.body, bytes, size_bytes);
	return size_bytes;
}

/* A proxy of the environment is for the world outside, not for this machine. */
static bool is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
		strncmp(host, "[::1]", 5) == 0;
}

static void add_header(struct net_stream *s, const char *name, const char *value)
{
	struct buf line = { 0 };
	buf_format(&line, "%s: %s", name, value);
	struct curl_slist *longer = s->net->curl->slist_append(s->headers, line.bytes);
	buf_finish(&line);
	if (!longer)
		mem_exhausted(0);
	s->headers = longer;
}

/* sun_path holds 108 bytes; a longer path is reached through an open descriptor of its folder. */
static int set_socket(struct net_stream *s, const char *path, struct err *e)
{
	char short_path[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (slash && strlen(path) > 100) {
		AUTO_BUF folder = { 0 };
		buf_add(&folder, path, (size_t)(slash - path) + 1);
		s->directory_fd = open(folder.bytes, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (s->directory_fd < 0)
			return err_errno(e, ERR_NO_SERVER, "cannot open %s", folder.bytes);
		snprintf(short_path, sizeof(short_path), "/proc/self/fd/%d%s", s->directory_fd,
			slash);
		path = short_path;
	}
	if (s->net->curl->easy_setopt(s->easy, CURLOPT_UNIX_SOCKET_PATH, path) != CURLE_OK)
		return err_set(e, ERR_INPUT, "no usable socket path: %s", path);
	return 0;
}

static void set_options(struct net_stream *s, const struct net_request *r)
{
	const struct curl_calls *c = s->net->curl;
	c->easy_setopt(s->easy, CURLOPT_URL, r->url);
	c->easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, r->method);
	c->easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	c->easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
	c->easy_setopt(s->easy, CURLOPT_PATH_AS_IS, 1L);
	c->easy_setopt(s->easy, CURLOPT_USERAGENT, "trainyard/" TRAINYARD_VERSION);
	c->easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	c->easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	c->easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
	c->easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	if (r->socket_path || is_loopback(r->url))
		c->easy_setopt(s->easy, CURLOPT_PROXY, "");
	if (r->json) {
		c->easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(r->json));
		c->easy_setopt(s->easy, CURLOPT_COPYPOSTFIELDS, r->json);
		add_header(s, "Content-Type", "application/json");
	} else if (strcmp(r->method, "GET") != 0) {
		c->easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
		c->easy_setopt(s->easy, CURLOPT_COPYPOSTFIELDS, "");
		add_header(s, "Content-Type", ""); /* no type for no body */
	}
	/* Waiting for "100 Continue" would cost a round trip, or a second with an old server. */
	add_header(s, "Expect", "");
	if (r->token) {
		AUTO_BUF bearer = { 0 };
		buf_format(&bearer, "Bearer %s", r->token);
		add_header(s, "Authorization", bearer.bytes);
	}
	if (r->idempotency_key)
		add_header(s, "Idempotency-Key", r->idempotency_key);
	c->easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

void net_stream_close(struct net_stream *s)
{
	if (!s)
		return;
	s->net->curl->multi_remove_handle(s->net->multi, s->easy);
	s->net->curl->easy_cleanup(s->easy);
	s->net->curl->slist_free_all(s->headers);
	if (s->directory_fd >= 0)
		close(s->directory_fd);
	net_reply_finish(&s->reply);
	free(s);
}

struct net_stream *net_stream_open(struct net *n, const struct net_request *request,
	net_bytes_fn *fn, void *context, struct err *e)
{
	struct net_stream *s = mem_alloc(sizeof(*s));
	s->net = n;
	s->directory_fd = -1;
	s->fn = fn;
	s->context = context;
	str_copy_cut(s->where, sizeof(s->where),
		request->socket_path ? request->socket_path : request->url);
	s->easy = n->curl->easy_init();
	if (!s->easy)
		mem_exhausted(0);
	if (request->socket_path && set_socket(s, request->socket_path, e)) {
		net_stream_close(s);
		return NULL;
	}
	set_options(s, request);
	n->curl->easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	n->curl->multi_add_handle(n->multi, s->easy);
	return s;
}

static int tell_failure(const struct net_stream *s, struct err *e)
{
	const char *why = s->net->curl->easy_strerror(s->result);
	if (s->os_errno && s->result == CURLE_COULDNT_CONNECT)
		why = strerror((int)s->os_errno);
	if (s->too_large)
		return err_set(e, ERR_TOO_LARGE, "the reply of %s is larger than %u bytes",
			s->where, NET_REPLY_BYTES_MAX);
	switch (s->result) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return err_set(e, ERR_NO_SERVER, "no server at %s (%s)", s->where, why);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, ERR_TIMEOUT, "no reply from %s in time", s->where);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_set(e, ERR_INPUT, "not an http address: %s", s->where);
	default:
		return err_set(e, ERR_UNAVAILABLE, "the connection to %s broke (%s)", s->where,
			why);
	}
}

bool net_stream_end(struct net_stream *s, struct net_reply *reply, struct err *e)
{
	if (!s->ended)
		return false;
	net_reply_finish(reply);
	*e = (struct err){ 0 };
	if (s->result != CURLE_OK) {
		tell_failure(s, e);
		return true;
	}
	*reply = s->reply;
	s->reply = (struct net_reply){ 0 };
	return true;
}

/* Lets curl work, and marks the exchanges that it has brought to an end. */
static int perform(struct net *n)
{
	int running = 0, left = 0, ended = 0;
	n->curl->multi_perform(n->multi, &running);
	CURLMsg *message;
	while ((message = n->curl->multi_info_read(n->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct net_stream *s = NULL;
		long status = 0;
		n->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		n->curl->easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
		n->curl->easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &s->os_errno);
		s->reply.status = (int)status;
		s->result = message->data.result;
		s->ended = true;
		ended++;
	}
	return ended;
}

int net_call(struct net *n, const struct net_request *request, struct net_reply *reply,
	struct err *e)
{
	net_reply_finish(reply);
	struct net_stream *s = net_stream_open(n, request, NULL, NULL, e);
	if (!s)
		return -1;
	for (perform(n); !s->ended; perform(n))
		n->curl->multi_poll(n->multi, NULL, 0, 1000, NULL);
	struct err failure;
	net_stream_end(s, reply, &failure);
	net_stream_close(s);
	if (failure.kind == ERR_NONE)
		return 0;
	if (e)
		*e = failure;
	return -1;
}

unsigned net_wait(struct net *n, int64_t timeout_ms, const int *fds, int fd_count)
{
	struct curl_waitfd watched[8] = { 0 };
	unsigned readable = 0;
	int signalled = 0;
	assert(fd_count <= 8);
	for (int i = 0; i < fd_count; i++)
		watched[i] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
	if (perform(n))
		timeout_ms = 0;
	n->curl->multi_poll(n->multi, watched, (unsigned)fd_count,
		(int)(timeout_ms > INT_MAX ? INT_MAX : timeout_ms), &signalled);
	perform(n);
	for (int i = 0; i < fd_count; i++) {
		if (watched[i].revents)
			readable |= 1u << i;
	}
	return readable;
}
