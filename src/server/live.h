/* server/live.h -- what the server keeps in memory of an incomplete job beside the core's own row:
 * what it runs, how far it is, who waits for it. Active jobs are answered from here. */
#ifndef SERVER_LIVE_H
#define SERVER_LIVE_H

#include "auth/auth.h"
#include "base/list.h"
#include "core/progress.h"
#include "core/record.h"

struct ingest_source;
struct server;

/* Specifications with more text than this keep environment and configuration on disk only. */
#define LIVE_TEXT_BYTES_MAX 1024

struct live_job {
	char id[JOB_ID_BYTES];
	struct job_spec spec; /* its strings are in `text` */
	char *text;
	bool cold;     /* environment and config are to be read from the store */
	bool ending;   /* its end is known and being recorded */
	bool started;  /* exec said so; told again to a rebuilt yard */
	char *refused; /* why the start was not even handed to exec; told again after a rebuild */
	bool no_room;  /* ... for the disk was full: it never started */
	struct job_progress progress;
	struct progress_pace *pace;     /* of the attempt that runs; NULL before */
	struct attempt_record *attempt; /* NULL before the first */
	struct ingest_source *source;   /* its metrics file; NULL before the first attempt */
	char token[AUTH_TOKEN_BYTES];   /* of the attempt about to start; empty once handed over */
	struct list waiters;            /* for its end: struct end_waiter of jobs.c */
};

struct live_job *live_find(struct server *s, const char *id); /* NULL = not incomplete */
struct live_job *live_add(struct server *s, const struct job_record *record);
void live_remove(struct server *s, struct live_job *live);
void live_remove_all(struct server *s);

/* A new attempt: its record, and no pace yet. */
void live_new_attempt(struct live_job *live, const struct attempt_record *attempt);

#endif
