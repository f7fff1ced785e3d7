/* bench/yard.h -- trainyard itself, on a state directory in the scratch directory. */
#ifndef BENCH_YARD_H
#define BENCH_YARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "bench/http.h"
#include "bench/program.h"

struct yard {
	const struct bench *bench;
	char state[1024];
	char token[256];
	char trace[1024]; /* strace writes here; empty = runs without */
	int slots;
	pid_t pid; /* of strace, if that is used */
	int port;
	struct line line;
};

void yard_init(struct yard *y, const struct bench *b, const char *name, int slots);
/* Returns when the first request was answered: in so many nanoseconds. */
int64_t yard_start(struct yard *y);
void yard_stop(struct yard *y); /* in order; jobs go on */
void yard_kill(struct yard *y); /* with -9 */

/* A submission as people make them: `extra` is more members, "" for none. */
void yard_body(struct buf *body, const char *id, const char *const command[], const char *extra);
void yard_submit(struct yard *y, const char *id, const char *const command[], const char *extra);

/* A text or number of the job as it is shown, and waiting until it says so (a minute at most). */
void yard_field(struct yard *y, const char *id, const char *field, char *value, size_t value_bytes);
void yard_wait(struct yard *y, const char *id, const char *status);
bool yard_is(struct yard *y, const char *id, const char *status);
long yard_count(struct yard *y, const char *status); /* jobs in that state */
void yard_cancel(struct yard *y, const char *id);

/* `field` of a JSON object as text, quotes taken off; empty when it is not there. */
void json_field(const char *json, const char *field, char *value, size_t value_bytes);

#endif
