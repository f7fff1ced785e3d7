/* base/io.h -- read(2) and write(2) until done. Interrupted calls are repeated. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* 0, or -1 with errno. */
int io_write_all(int fd, const void *bytes, size_t size_bytes);
/* Bytes read: fewer than asked only at the end of the file; -1 with errno. */
ssize_t io_read_all(int fd, void *bytes, size_t size_bytes);
ssize_t io_pread_all(int fd, void *bytes, size_t size_bytes, off_t offset_bytes);

/* Appends a whole file; ERR_TOO_LARGE beyond limit_bytes, ERR_NOT_FOUND when there is none. */
int io_read_file(const char *path, size_t limit_bytes, struct buf *into, struct err *e);

/* Writes path whole or not at all: temp file beside it, fsync, rename, fsync of the directory. */
int io_write_file(const char *path, const void *bytes, size_t size_bytes, unsigned mode,
	struct err *e);

#endif
