/* bench/crowd.c -- many connections in one thread: see http.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/http.h"
#include "bench/program.h"

#define READ_BYTES 16384
#define EVENTS_A_TURN 64

struct member {
	int fd;
	bool paced;
	bool waiting; /* for a reply */
	int64_t asked_ns;
	size_t length_bytes;
	char in[READ_BYTES];
};

struct state {
	struct crowd *c;
	int epoll;
	struct member *members; /* the paced one is the last */
	size_t sent, answered;
	int64_t paced_due_ns;
};

static bool over(const struct state *s)
{
	return s->c->total ? s->sent >= s->c->total : clock_ns() >= s->c->until_ns;
}

static void ask(struct member *m, const struct buf *request)
{
	m->asked_ns = clock_ns();
	m->waiting = true;
	m->length_bytes = 0;
	if (write(m->fd, request->bytes, request->length_bytes) != (ssize_t)request->length_bytes)
		die("a request could not be written at once: %s", strerror(errno));
}

static void ask_next(struct state *s, struct member *m)
{
	if (over(s))
		return;
	ask(m, &s->c->requests[s->sent++ % s->c->request_count]);
}

static void answered(struct state *s, struct member *m, const struct reply *r)
{
	m->waiting = false;
	if (m->paced) {
		s->c->paced_count++;
		if (r->status >= 300)
			die("status %d: %.*s", r->status, (int)r->body_bytes, r->body);
		return;
	}
	samples_add(&s->c->latency, clock_ns() - m->asked_ns);
	s->answered++;
	if (r->status != s->c->expect_status)
		die("status %d: %.*s", r->status, (int)r->body_bytes, r->body);
	ask_next(s, m);
}

static void on_readable(struct state *s, struct member *m)
{
	struct reply r;
	ssize_t n = read(m->fd, m->in + m->length_bytes, sizeof(m->in) - m->length_bytes);
	if (n <= 0)
		die("the server closed a connection in the middle");
	m->length_bytes += (size_t)n;
	if (reply_read(&r, m->in, m->length_bytes))
		answered(s, m, &r);
	else if (m->length_bytes == sizeof(m->in))
		die("a reply is longer than %d bytes", READ_BYTES);
}

static void pace(struct state *s)
{
	struct member *m = &s->members[s->c->connections];
	if (!s->c->paced || clock_ns() < s->paced_due_ns || m->waiting || over(s))
		return;
	s->paced_due_ns += s->c->paced_every_ns;
	ask(m, &s->c->paced[s->c->paced_count % s->c->paced_total]);
}

static void open_all(struct state *s, int count)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->members = mem_array((size_t)count, sizeof(*s->members));
	for (int i = 0; i < count; i++) {
		struct member *m = &s->members[i];
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = m };
		m->fd = http_connect(s->c->port);
		m->paced = i == s->c->connections;
		if (m->fd < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, m->fd, &e) < 0)
			die("connection %d: %s", i, strerror(errno));
	}
}

void crowd_run(struct crowd *c)
{
	struct state s = { .c = c };
	struct epoll_event events[EVENTS_A_TURN];
	int count = c->connections + (c->paced ? 1 : 0);
	open_all(&s, count);
	int64_t began_ns = clock_ns();
	s.paced_due_ns = began_ns;
	for (int i = 0; i < c->connections; i++)
		ask_next(&s, &s.members[i]);
	while (s.answered < s.sent) {
		pace(&s);
		int n = epoll_wait(s.epoll, events, EVENTS_A_TURN, c->paced ? 1 : -1);
		for (int i = 0; i < n; i++)
			on_readable(&s, events[i].data.ptr);
	}
	c->took_ns = clock_ns() - began_ns;
	for (int i = 0; i < count; i++)
		close(s.members[i].fd);
	close(s.epoll);
	free(s.members);
}
