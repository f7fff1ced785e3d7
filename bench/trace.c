/* bench/trace.c -- reads what `strace -f -y -ttt` wrote: see trace.h. */
#include "bench/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/scope.h"
#include "bench/program.h"

double trace_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* PID TIME fdatasync(5</path/to/file>) = 0; of a call seen in two halves the first is counted. */
struct syncs trace_count(const char *path, double since)
{
	struct syncs s = { 0 };
	char line[4096];
	AUTO_FCLOSE FILE *file = fopen(path, "re");
	if (!file)
		die("strace wrote nothing to %s", path);
	while (fgets(line, sizeof(line), file)) {
		char *time = strchr(line, ' ');
		if (!time || strtod(time, NULL) < since || !strstr(line, "sync("))
			continue;
		if (strstr(line, ".db-wal>"))
			s.database++;
		else if (strstr(line, ".db>"))
			s.checkpoints++;
		else if (strstr(line, "/exit>") || strstr(line, "/slot-"))
			s.slots++;
		else
			s.others++;
	}
	return s;
}

void trace_note(const char *whose, const struct syncs *s, long jobs)
{
	long all = s->database + s->checkpoints + s->slots + s->others;
	note("%s: %.2f syncs a job: %.2f of the database's log, %.3f of checkpoints, %.2f of the "
	     "end record, %.3f others",
		whose, (double)all / (double)jobs, (double)s->database / (double)jobs,
		(double)s->checkpoints / (double)jobs, (double)s->slots / (double)jobs,
		(double)s->others / (double)jobs);
}
