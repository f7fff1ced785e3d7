/* base/moment.h -- a point in time as it is passed in: base and core read no clock.
 *
 * boot_ms (CLOCK_BOOTTIME) is for deadlines and durations; wall_ms (Unix time) is for display only,
 * for it may jump. Both are milliseconds. */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct moment {
	int64_t boot_ms;
	int64_t wall_ms;
};

#define MOMENT_TEXT_SIZE 80

/* RFC 3339 UTC with milliseconds and Z, into a buffer of MOMENT_TEXT_SIZE; returns it. */
const char *moment_text(char *text, int64_t wall_ms);

/* Reads RFC 3339 (any offset, fraction optional). */
bool moment_parse(struct str text, int64_t *wall_ms);

#endif
