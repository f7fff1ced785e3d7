/* core/query.h -- which jobs a reader asks for, in which order, which page. */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

#include "core/record.h"

#define JOB_LIMIT_DEFAULT 100
#define JOB_LIMIT_MAX 1000

struct job_query {
	unsigned states;         /* bits of TO(x); 0 = any */
	const char *owner;       /* NULL = any */
	int limit;               /* 1 .. JOB_LIMIT_MAX */
	int64_t offset;          /* ignored when a cursor is given */
	uint64_t before_arrival; /* cursor: only jobs that arrived earlier; 0 = from the newest */
};

/* Newest first. next_before is the cursor of the following page, 0 = there is none. */
struct job_page {
	struct job_record *jobs;
	int count;
	int64_t total; /* that match, on all pages */
	uint64_t next_before;
};

/* Points of one job, ordered by step, then key. */
struct point_query {
	const char *keys;  /* comma-separated; NULL = all */
	int64_t from_step; /* inclusive */
	int64_t to_step;   /* inclusive */
	int64_t limit;     /* most points; the newest are kept */
};

#endif
