/* api/log_scan.h -- finds lines in a log, a file of bytes that may grow meanwhile.
 *
 * Lines end with a newline; a rest without one is a line too. It blocks on the disk: run it on
 * another thread. Inside this room only. */
#ifndef API_LOG_SCAN_H
#define API_LOG_SCAN_H

#include <stdint.h>

#include "base/err.h"
#include "base/json_out.h"

#define LOG_LINES_MAX 1000
#define LOG_LINE_BYTES_MAX (16 << 10) /* longer lines are cut when they are shown */

struct log_scan {
	/* set by the caller */
	int fd;
	int64_t kept_from_bytes; /* older bytes are gone: the first line after them is 0 */
	int64_t offset;          /* first line wanted; negative = the last `limit` */
	int limit;               /* 1 .. LOG_LINES_MAX */
	/* found */
	int64_t total_lines;
	int64_t first_line; /* number of the first line found */
	int count;
	int64_t size_bytes; /* of the file, as far as it was scanned */
	struct log_span {
		int64_t from_bytes, to_bytes; /* without the newline */
	} lines[LOG_LINES_MAX];
};

int log_scan(struct log_scan *s, struct err *e);

/* Writes the lines found as a JSON array of texts, trimmed on the right. */
int log_scan_write(const struct log_scan *s, struct json_out *out, struct err *e);

#endif
