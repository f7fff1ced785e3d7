/* bench/trace.h -- the syncs that strace saw, by the file that they were about. */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

struct syncs {
	long database;    /* *.db-wal */
	long checkpoints; /* *.db: moving the log into the database */
	long slots;       /* a runner's end of an attempt */
	long others;
};

double trace_now(void); /* strace's clock */
struct syncs trace_count(const char *path, double since);
void trace_note(const char *whose, const struct syncs *s, long jobs);

#endif
