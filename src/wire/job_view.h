/* wire/job_view.h -- a job as it is shown: what is kept of it and what is true of it just now. */
#ifndef WIRE_JOB_VIEW_H
#define WIRE_JOB_VIEW_H

#include "core/record.h"

/* What only the running server knows of an incomplete job. A zeroed one says nothing. */
struct job_live {
	int64_t queue_position;     /* 1.., 0 = does not wait */
	const char *waiting_reason; /* a sentence; NULL = does not wait */
	int64_t process_pid;        /* 0 = no process now */
};

struct job_view {
	const struct job_record *record;
	struct job_live live;
	int64_t now_wall_ms;
	bool show_private; /* the reader may see environment, config and command */
};

/* The queue at one moment. running holds pending jobs too: they have a slot. */
struct queue_view {
	const struct job_record *running;
	int running_count;
	const struct job_record *queued; /* in the order in which they will start */
	int queued_count; /* all that wait, of which the first queued_shown are here */
	int queued_shown;
	int slots;
	bool draining;
};

/* What `GET /api/training/health` found just now. */
struct health_report {
	const char *const *orphaned_jobs;
	int orphaned_count;
	const char *const *stale_pending;
	int stale_count;
	int64_t running_in_store;
	int64_t running_in_memory;
	int64_t checked_wall_ms;
};

/* A log's answer is made from one file of bytes, see wire/log_out.h. */
struct log_view {
	int fd;                  /* opened for this view, which closes it; -1 = no log yet */
	uint32_t attempt;        /* whose log this is */
	int64_t kept_from_bytes; /* older bytes were dropped; 0 = nothing was */
};

#endif
