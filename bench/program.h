/* bench/program.h -- the frame of every program here.
 *
 * bench_main makes a scratch directory and runs `measure` in a process of its own. When that has
 * ended, however it ended, every process that it started, daemons and their children included, is
 * killed, and the directory is gone. So a program may simply die in the middle. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bench {
	char programs[1024]; /* the directory of trainyardd and trainyard-runner */
	char tools[1024];    /* the directory of bench-bare, bench-job, bench-drain */
	char scratch[1024];  /* on a real disk: under TMPDIR, or /var/tmp */
	int rounds;          /* as --rounds says, else the program's own */
};

typedef void bench_measure(struct bench *b);

int bench_main(int argc, char *argv[], bench_measure *measure, int rounds);

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line beside the table. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A path in one of a ring of buffers: good for a few calls. */
const char *path_in(const char *directory, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Standard output and error go to `out`, or nowhere if that is -1. Dies when it cannot start. */
pid_t child_start(const char *const argv[], int out);
int child_wait(pid_t pid); /* its exit code; 128 + n for signal n */
/* Runs it to its end and keeps what it said; dies unless it exits with 0. */
void child_run(const char *const argv[], char *said, size_t said_bytes);

#endif
