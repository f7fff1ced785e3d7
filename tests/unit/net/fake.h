/* tests/unit/net/fake.h -- a server that says what a test tells it to, one reply a request.
 *
 * It lives in a child process; what it was asked is kept and can be read after each call. */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <sys/types.h>

#include "base/buf.h"

/* Replies that are no bytes. */
#define FAKE_CUT ((const char *)1)     /* reads the request and closes */
#define FAKE_SILENCE ((const char *)2) /* reads the request and says nothing until it is stopped */

struct fake {
	pid_t pid;
	char folder[64];
	char url[64];          /* of a fake on TCP */
	char socket_path[256]; /* of a fake on a unix socket */
	char asked_path[128];
};

/* A reply of this JSON with its length. The memory is the caller's to free. */
char *fake_json(int status, const char *json);

/* The replies in order, NULL at its end; the last one is said again and again. */
void fake_start(struct fake *f, const char *const *replies);
/* On a socket in a folder of its own, whose path is longer than sun_path when asked so. */
void fake_start_unix(struct fake *f, const char *const *replies, int long_path);
void fake_stop(struct fake *f);

/* All requests so far, bytes as they came. */
void fake_asked(const struct fake *f, struct buf *to);
int fake_count(const struct fake *f, const char *text); /* how often they hold a text */

#endif
