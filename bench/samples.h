/* bench/samples.h -- durations in nanoseconds, and what is said of many of them. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ns(void); /* CLOCK_MONOTONIC: the same in every process */
void pause_ms(int ms);

/* A zeroed struct samples is ready. */
struct samples {
	int64_t *ns;
	size_t count;
	size_t room;
};

void samples_add(struct samples *s, int64_t ns);
/* Sorts. share 0.5 is the median, 0.99 the 99th percentile. */
int64_t samples_at(struct samples *s, double share);
void samples_finish(struct samples *s);

#endif
