/* tests/unit/http/site.h -- a small server and its raw clients, in one process and one loop.
 *
 * Clients are plain non-blocking sockets. Whatever waits, turns the loop until its condition holds,
 * and fails the test after ten seconds. */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include "base/buf.h"
#include "http/http.h"
#include "loop/loop.h"

#define SITE_DEADLINE_MS 10000
#define KEPT_MAX 16

struct site {
	struct loop *loop;
	struct http *http;
	int port;
	/* What the handlers saw and hold. */
	int handled;
	struct http_request *kept[KEPT_MAX]; /* deferred requests and streams, oldest first */
	int kept_count;
	int left;
	int rooms;
	struct http_peer peer;
};

/* routes, handle and context are set here; all else of the config is the caller's. */
void site_open(struct site *s, struct http_config config);
void site_serve(struct site *s); /* listens on 127.0.0.1 and serves */
void site_close(struct site *s);

void site_turn(struct site *s);
/* Turns until the condition holds. */
#define SITE_UNTIL(site, condition)                                     \
	do {                                                            \
		int64_t due_ms = loop_now().boot_ms + SITE_DEADLINE_MS; \
		while (!(condition)) {                                  \
			assert_true(loop_now().boot_ms < due_ms);       \
			site_turn(site);                                \
		}                                                       \
	} while (0)

int site_dial(struct site *s);
int site_dial_unix(const char *path);
void site_send(int fd, const char *text);
void site_send_bytes(struct site *s, int fd, const void *bytes, size_t size_bytes);

/* One reply as a client sees it. status 0: closed without one. */
struct reply {
	int status;
	struct buf head;
	struct buf body;
	struct buf rest; /* bytes behind the reply */
	bool closed;     /* the server closed the connection */
};

void reply_clear(struct reply *r);
/* Reads what is there into `rest`; sets closed at the end. */
void reply_pull(struct reply *r, int fd);
/* Whole replies only; r->rest is kept for the next one. no_body: of a HEAD. */
void site_read(struct site *s, int fd, struct reply *r, bool no_body);
/* Dials, sends, reads one reply, hangs up. */
void site_ask(struct site *s, const char *request, struct reply *r);
/* The value of a header of the reply, copied into `value`; false if there is none. */
bool reply_header(const struct reply *r, const char *name, char *value, size_t value_bytes);

#endif
