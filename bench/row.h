/* bench/row.h -- one line of the table: a claim, what was measured, how far the goal is. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdbool.h>

#include "bench/samples.h"

struct row {
	const char *claim; /* as in "P1" */
	const char *what;
	const char *ours;
	const char *limit; /* NULL: there is none */
	const char *peer;
	const char *against; /* what the ratio divides by */
	double ratio;
	double goal;
	bool more_is_better;
};

void row_print(const struct row *r);

/* Beside the row: the 10th percentiles, which know little of who else used the machine. */
void note_quiet(struct samples *ours, struct samples *limit, struct samples *peer);

/* "0.512 ms (p99 0.9)" and others, in one of a ring of buffers. */
const char *text_ms(struct samples *s);
const char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
