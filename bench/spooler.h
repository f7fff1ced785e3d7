/* bench/spooler.h -- the peer: Debian's task-spooler, on a socket in the scratch directory. */
#ifndef BENCH_SPOOLER_H
#define BENCH_SPOOLER_H

#include <sys/types.h>

#include "bench/program.h"

/* It blocks for ever when about this many jobs are queued. */
#define SPOOLER_JOBS_MAX 900

/* Dies when it is not installed. */
void spooler_start(const struct bench *b, int slots);
void spooler_stop(void);

/* -n: it keeps no output, its fastest way. */
pid_t spooler_submit_begin(const char *const command[]);
int spooler_submit(const char *const command[], bool keep_output); /* the job's id */
pid_t spooler_pid(int id); /* of a running job's command; waits for it */
void spooler_wait(int id);
pid_t spooler_server(void);

#endif
