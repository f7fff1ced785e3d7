/* bench/fifo.c -- see fifo.h. */
#include "bench/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

void fifo_open(struct fifo *f, const struct bench *b, const char *name)
{
	str_copy(f->path, sizeof(f->path), path_in(b->scratch, "%s", name));
	unlink(f->path);
	if (mkfifo(f->path, 0600) < 0 || (f->fd = open(f->path, O_RDWR | O_CLOEXEC)) < 0)
		die("%s: %s", f->path, strerror(errno));
}

int64_t fifo_hear(struct fifo *f)
{
	struct pollfd at = { f->fd, POLLIN, 0 };
	int64_t number;
	if (poll(&at, 1, 60000) != 1 || read(f->fd, &number, sizeof(number)) != sizeof(number))
		die("a job tells nothing for a minute");
	return number;
}

void fifo_close(struct fifo *f)
{
	close(f->fd);
	f->fd = -1;
}
