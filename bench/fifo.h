/* bench/fifo.h -- what the jobs of bench-job tell. */
#ifndef BENCH_FIFO_H
#define BENCH_FIFO_H

#include <stdint.h>

#include "bench/program.h"

struct fifo {
	char path[1280];
	int fd; /* both ends, so that nobody's open blocks */
};

void fifo_open(struct fifo *f, const struct bench *b, const char *name);
int64_t fifo_hear(struct fifo *f); /* the next number that a job tells; dies after a minute */
void fifo_close(struct fifo *f);   /* jobs that wait for its end go on */

#endif
