/* wire/points.h -- metric points: as they are posted, and as they are shown. */
#ifndef WIRE_POINTS_H
#define WIRE_POINTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json_out.h"
#include "base/str.h"
#include "core/point.h"

#define POINTS_ENTRIES_MAX 5000      /* entries of one post */
#define POINTS_ENTRY_VALUES_MAX 1000 /* fields of one entry */
#define POINTS_VALUES_MAX 100000     /* of all entries together: a second's work for the store */
#define POINTS_STEP_MAX (INT64_C(1) << 53)

/* Values that were posted: points, and beside them what describes the run (step, totals, percent)
 * and is no curve. */
struct points_body {
	struct point *points;
	int count;
	struct point *positions;
	int position_count;
	int entries; /* as the sender counts them */
};

/* {"metrics":[{"step":1,"loss":2.5,...},...]} or one such entry alone; a job_id beside it must be
 * `id`. NaN and infinities may come bare or as text. null values are left out. Texts and points
 * live in the arena; entries without a timestamp get now_wall_ms. */
int wire_read_points(struct str body, const char *id, int64_t now_wall_ms, struct arena *a,
	struct points_body *points, struct err *e);

/* One entry per step, the names of older clients first, all others behind. `points` are ordered by
 * step, then key. */
void wire_points(struct json_out *out, const char *id, const struct point *points, int count);

#endif
