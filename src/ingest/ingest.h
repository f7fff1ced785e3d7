/* ingest/ingest.h -- turns what jobs append to their metrics files into batches of points.
 *
 * A source is one file of one job, followed from the offset that was stored with its last points.
 * Changes are noticed by inotify (or looked for twice a second where it cannot see) and gathered
 * for INGEST_GATHER_MS, so that many writers cost few transactions. The taker stores points and
 * offsets in one transaction and says whether that worked: if not, the same bytes are read again
 * after a second. Nothing is lost and nothing is counted twice. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/point.h"
#include "files/follow.h"
#include "loop/loop.h"

#define INGEST_GATHER_MS 50
#define INGEST_POINTS_MAX 500 /* in one call of the taker, about */

struct ingest;
struct ingest_source;

/* What one source gave. Everything is borrowed for the call. */
struct ingest_batch {
	const char *job_id;
	void *owner;          /* as given to ingest_follow */
	struct point *points; /* in the order in which they were written */
	size_t count;
	int64_t last_step;         /* of the last line that had one; -1 = none yet */
	int64_t last_step_wall_ms; /* and its time */
	const struct follow *at;   /* where the file is read on after this batch */
	int refused;               /* lines that were not understood */
	const char *why;           /* the first of them, a sentence; NULL = none */
};

/* 0: durable. -1: not, *e says why; the same batch comes again. */
typedef int ingest_take(void *context, const struct ingest_batch *batches, size_t count,
	struct err *e);
typedef void ingest_drained(void *context);

struct ingest *ingest_create(struct loop *l, ingest_take *take, void *context, struct err *e);
void ingest_destroy(struct ingest *g); /* forgets every source */

/* The path's file may not exist yet: then it is made, empty, for a watch needs it. */
struct ingest_source *ingest_follow(struct ingest *g, const char *job_id, const char *path,
	struct follow from, int64_t last_step, void *owner);

/* True when nothing of the file is left to read, as it is now: a drain would find nothing. */
bool ingest_is_drained(const struct ingest_source *s);

/* Calls done once all that is in the file now is durable, or limit_ms have passed without that.
 * The last line counts even without a newline. Not from inside this call. */
void ingest_drain(struct ingest_source *s, int64_t limit_ms, ingest_drained *done, void *context);
void ingest_forget(struct ingest_source *s); /* NULL is fine; an open drain is dropped */

#endif
