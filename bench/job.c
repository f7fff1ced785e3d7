/* bench/job.c -- bench-job, the command that the jobs run. Static, to start fast.
 *
 *   bench-job stamp FIFO          writes the time at which it executes, 8 bytes
 *   bench-job gate FIFO           ends when the FIFO has no writer any more
 *   bench-job flood BYTES FIFO    writes so much to standard output, then how long that took */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE_BYTES 65536

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int tell(const char *fifo, int64_t ns)
{
	int fd = open(fifo, O_WRONLY);
	return fd >= 0 && write(fd, &ns, sizeof(ns)) == sizeof(ns) ? 0 : 1;
}

static int gate(const char *fifo)
{
	char byte;
	int fd = open(fifo, O_RDONLY);
	while (fd >= 0 && read(fd, &byte, 1) > 0)
		;
	return fd < 0;
}

static int flood(int64_t left_bytes, const char *fifo)
{
	static char piece[PIECE_BYTES];
	memset(piece, 'x', sizeof(piece));
	piece[PIECE_BYTES - 1] = '\n';
	int64_t began_ns = now_ns();
	while (left_bytes > 0) {
		ssize_t n = write(1, piece, sizeof(piece));
		if (n <= 0)
			return 1;
		left_bytes -= n;
	}
	return tell(fifo, now_ns() - began_ns);
}

int main(int argc, char *argv[])
{
	int64_t began_ns = now_ns();
	if (argc == 3 && strcmp(argv[1], "stamp") == 0)
		return tell(argv[2], began_ns);
	if (argc == 3 && strcmp(argv[1], "gate") == 0)
		return gate(argv[2]);
	if (argc == 4 && strcmp(argv[1], "flood") == 0)
		return flood(strtoll(argv[2], NULL, 10), argv[3]);
	return 2;
}
