/* bench/bare.h -- the limit of what is asked over HTTP: a server of nothing but libmicrohttpd, one
 * thread, and SQLite (WAL, synchronous=FULL), which does for a request the least that the claim
 * needs. bench-bare is the program; here it is started.
 *
 *   GET  /reply    so many bytes
 *   POST /commit   the body becomes a row, committed; then the reply
 *   POST /start    the same, and then the command is spawned; then the reply
 *   POST /sleep    spawns a sleep
 *   POST /kill     ends it with TERM, reaps it, commits a row; then the reply */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "bench/http.h"
#include "bench/program.h"

struct bare {
	pid_t pid;
	int port;
	struct line line;
};

/* command may be NULL where /start is not used. */
void bare_start(struct bare *bare, const struct bench *b, size_t reply_bytes,
	const char *const command[]);
void bare_stop(struct bare *bare);

#endif
