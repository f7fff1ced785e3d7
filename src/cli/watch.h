/* cli/watch.h -- asking for a job again and again, through restarts of the server.
 *
 * A server that is away is waited for: it is said once that it is gone and once that it is back.
 * After PATIENCE it counts as gone for good. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"

#define WATCH_PATIENCE_MS (10 * 60 * 1000)
#define WATCH_RETRY_MS 500

struct watch {
	struct client *client;
	int64_t away_since_boot_ms; /* 0 = the server is there */
	/* Called before a line goes to stderr, for a bar to step aside; may be NULL. */
	void (*before_line)(void *context);
	void *context;
};

/* 0: *facts are fresh; 1: nobody answers just now, try again after WATCH_RETRY_MS; -1: *e. */
int watch_job(struct watch *w, const char *id, struct answer *a, struct job_facts *facts,
	struct err *e);
/* The same for a failure that came by another way. 1 or -1. */
int watch_failed(struct watch *w, const struct err *failure, struct err *e);

void watch_say(const struct watch *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* SIGINT, SIGTERM and SIGHUP as a readable descriptor; they no longer end the program. */
int watch_signals(struct err *e);
/* The next one, 0 = none. */
int watch_next_signal(int fd);

#endif
