/* bench/proc.h -- how much memory a process has, and which process holds a lock. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stddef.h>
#include <sys/types.h>

#include "bench/samples.h"

/* KiB of a line such as "Rss" or "Pss" of /proc/PID/smaps_rollup; dies when there is none. */
long proc_kib(pid_t pid, const char *line);

/* What it has used of processors so far. */
int64_t proc_cpu_ns(pid_t pid);

/* Every process that holds the lock of a runner below STATE/runners, those of the pool included;
 * how many, at most `most`. */
size_t proc_runners(const char *state, pid_t *pids, size_t most);

#endif
