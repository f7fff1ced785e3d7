/* formats/metrics_line.h -- one line of TRAINYARD_METRICS: a JSON object.
 *
 *     {"step": 120, "loss": 0.41, "learning_rate": 3e-4, "time": 1700000000.25}
 *     {"event": "control_ready"}
 *
 * Every numeric member is a value under its own name, NaN and Infinity included; other members are
 * passed over. The step is `step` or one of its aliases (core's list is not known here: the names
 * are given by the caller). `time` is Unix seconds. Pure; everything lives in the arena. */
#ifndef FORMATS_METRICS_LINE_H
#define FORMATS_METRICS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define METRICS_LINE_BYTES_MAX 65536

struct metrics_value {
	const char *name;
	double value;
};

struct metrics_line {
	const char *event; /* NULL = a line of values */
	bool has_step;
	int64_t step;
	int64_t at_wall_ms;           /* 0 = not said */
	struct metrics_value *values; /* without step and time */
	int count;
};

typedef bool metrics_is_step(struct str name);

/* ERR_INPUT for what is no JSON object, longer than METRICS_LINE_BYTES_MAX, or has a step that is
 * not a whole number from 0 up. */
int metrics_line_parse(struct str text, metrics_is_step *is_step, struct arena *a,
	struct metrics_line *line, struct err *e);

#endif
