/* base/io.c -- see io.h. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"

int io_write_all(int fd, const void *bytes, size_t size_bytes)
{
	const char *at = bytes;
	while (size_bytes > 0) {
		ssize_t n = write(fd, at, size_bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size_bytes -= (size_t)n;
	}
	return 0;
}

ssize_t io_read_all(int fd, void *bytes, size_t size_bytes)
{
	size_t done = 0;
	while (done < size_bytes) {
		ssize_t n = read(fd, (char *)bytes + done, size_bytes - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t io_pread_all(int fd, void *bytes, size_t size_bytes, off_t offset_bytes)
{
	size_t done = 0;
	while (done < size_bytes) {
		ssize_t n = pread(fd, (char *)bytes + done, size_bytes - done,
			offset_bytes + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int io_read_file(const char *path, size_t limit_bytes, struct buf *into, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s",
			path);
	size_t before = into->length_bytes;
	for (;;) {
		buf_reserve(into, 65536);
		ssize_t n = io_read_all(fd, into->bytes + into->length_bytes, 65536);
		if (n < 0)
			return err_errno(e, ERR_IO, "cannot read %s", path);
		into->length_bytes += (size_t)n;
		into->bytes[into->length_bytes] = '\0';
		if (into->length_bytes - before > limit_bytes)
			return err_set(e, ERR_TOO_LARGE, "%s is larger than %zu bytes", path,
				limit_bytes);
		if (n < 65536)
			return 0;
	}
}

static int directory_sync(const char *path, struct err *e)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) : 1;
	snprintf(directory, sizeof(directory), "%.*s", length ? length : 1, slash ? path : ".");
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_IO, "cannot sync the directory %s", directory);
	return 0;
}

int io_write_file(const char *path, const void *bytes, size_t size_bytes, unsigned mode,
	struct err *e)
{
	char temporary[PATH_MAX];
	if (snprintf(temporary, sizeof(temporary), "%s.%ld.new", path, (long)getpid()) >=
		(int)sizeof(temporary))
		return err_set(e, ERR_INPUT, "the path %s is too long", path);
	AUTO_CLOSE int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(e, ERR_IO, "cannot create %s", temporary);
	if (io_write_all(fd, bytes, size_bytes) < 0 || fsync(fd) < 0 ||
		rename(temporary, path) < 0) {
		err_errno(e, ERR_IO, "cannot write %s", path);
		unlink(temporary);
		return -1;
	}
	return directory_sync(path, e);
}
