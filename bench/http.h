/* bench/http.h -- a client that costs next to nothing: requests are made beforehand, replies are
 * searched for their length and no more. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdbool.h>

#include "base/buf.h"
#include "bench/samples.h"

struct reply {
	int status;
	char *body; /* NUL-terminated by line_ask, not by the crowd */
	size_t body_bytes;
	size_t whole_bytes;
};

/* token and body may be NULL. Appends. */
void request_make(struct buf *b, const char *token, const char *method, const char *path,
	const char *body);

/* False: not whole yet. Dies of what is no reply. */
bool reply_read(struct reply *r, char *bytes, size_t length_bytes);

int http_connect(int port); /* -1: nobody is there */

/* One kept connection, one request at a time. */
struct line {
	int fd; /* -1 = closed */
	int port;
	const char *token;
	struct buf out, in;
};

void line_open(struct line *l, int port, const char *token);
void line_close(struct line *l);
/* The reply is good until the next call. */
struct reply line_ask(struct line *l, const char *method, const char *path, const char *body);
/* What was made beforehand. */
struct reply line_send(struct line *l, const struct buf *request);

/* Many connections, each asking again as soon as it was answered, in one thread. */
struct crowd {
	int port;
	int connections;
	const struct buf *requests; /* taken in turn, round and round */
	size_t request_count;
	size_t total; /* 0: until until_ns */
	int64_t until_ns;
	int expect_status;
	const struct buf *paced; /* sent beside in turn by one more connection, NULL = nothing */
	size_t paced_total;
	int64_t paced_every_ns;
	/* told afterwards */
	struct samples latency;
	size_t paced_count;
	int64_t took_ns;
};

void crowd_run(struct crowd *c);

#endif
