/* core/point.h -- one metric value at one step. */
#ifndef CORE_POINT_H
#define CORE_POINT_H

#include <stdint.h>

/* (job, key, step) is unique: a later point replaces an earlier one. `key` is borrowed.
 * `value` may be NaN or infinite. */
struct point {
	const char *key;
	int64_t step;
	double value;
	int64_t at_wall_ms;
};

#define POINT_KEY_BYTES_MAX 250
#define POINT_KEYS_PER_JOB_MAX 1000

#endif
