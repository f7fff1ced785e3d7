/* files/follow.c -- see follow.h. */
#include "files/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/scope.h"

int follow_read(struct follow *f, const char *path, size_t limit_bytes, struct buf *into,
	bool *restarted, struct err *e)
{
	struct stat now;
	*restarted = false;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &now) < 0)
		return err_errno(e, ERR_IO, "cannot read %s", path);
	if (!S_ISREG(now.st_mode))
		return err_set(e, ERR_IO, "cannot follow %s: not a regular file", path);
	bool another = f->inode != 0 && f->inode != now.st_ino;
	if (another || now.st_size < f->offset_bytes) {
		f->offset_bytes = 0;
		f->epoch++;
		*restarted = true;
	}
	f->inode = now.st_ino;
	if (now.st_size == f->offset_bytes)
		return 0;
	buf_reserve(into, limit_bytes);
	ssize_t n = io_pread_all(fd, into->bytes + into->length_bytes, limit_bytes,
		f->offset_bytes);
	if (n < 0)
		return err_errno(e, ERR_IO, "cannot read %s", path);
	into->length_bytes += (size_t)n;
	into->bytes[into->length_bytes] = '\0';
	return 0;
}
