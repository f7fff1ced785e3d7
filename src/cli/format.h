/* cli/format.h -- numbers, times and states in words. */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <stdint.h>

#include "base/buf.h"
#include "client/facts.h"

/* "01:02:03", hours may exceed 99; "--:--:--" for NaN and what is less than 0. */
void format_seconds(struct buf *to, double seconds);
/* "now", "5m ago", "3h ago", "2d ago" for an RFC 3339 time; "" when it is none. */
void format_age(struct buf *to, const char *time, int64_t now_wall_ms);
/* Four significant digits, nothing for NaN. */
void format_value(struct buf *to, double value);
/* The same, or the word that a reply gave instead of a number: "NaN", "Infinity". */
void format_loss(struct buf *to, double value, const char *word);

/* "336/800", "336", or nothing when no step is known. */
void format_steps(struct buf *to, const struct job_facts *f);
/* How a job stands or ended, a sentence without its name: "failed with exit code 3 after 00:01:02",
 * "queued at position 2: waits for a free slot". Not cleaned for a terminal. */
void format_state(struct buf *to, const struct job_facts *f);

/* The exit code that `run` and `wait` end with, see docs/CLI.md. */
int exit_code_of(const struct job_facts *f);

#endif
