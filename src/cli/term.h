/* cli/term.h -- where output goes: stdout through one buffer, and what the terminal is like.
 *
 * A pipe whose reader has left ends the program quietly with 141, as SIGPIPE would have; a full
 * disk is an error and not silence. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

bool term_is_tty(int fd);
int term_width(int fd); /* 0 = no terminal: no limit */

/* Writes at once. */
int term_write(const void *bytes, size_t size_bytes, struct err *e);
int term_write_buf(const struct buf *b, struct err *e);
/* The bytes of a JSON reply, with a line end behind them. */
int term_write_json(const struct buf *b, struct err *e);
/* What printf left in stdio's own buffer. */
int term_flush(struct err *e);

#endif
