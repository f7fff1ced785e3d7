/* files/follow.h -- reads a growing file by offset, a piece at a time.
 *
 * The caller keeps the offset and stores it together with what it made of the bytes. A file that
 * is shorter than the offset, or that is another file than before, begins a new epoch at 0. */
#ifndef FILES_FOLLOW_H
#define FILES_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct follow {
	int64_t offset_bytes; /* of the first byte not yet taken */
	uint64_t inode;       /* 0 = not seen yet */
	uint32_t epoch;       /* rises when the file starts anew */
};

/* Appends at most limit_bytes from the offset on, and does not move it: the caller does, by what
 * it understood. `restarted` tells that a new epoch began. A missing file is no bytes and no
 * error. Symbolic links are not followed. */
int follow_read(struct follow *f, const char *path, size_t limit_bytes, struct buf *into,
	bool *restarted, struct err *e);

#endif
