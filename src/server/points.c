/* server/points.c -- metrics in, points and progress out. Points bypass the core. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/scope.h"
#include "core/metric.h"
#include "server/server.h"

/* Brings progress and pace up to what these points say. */
static void advance(const struct point *points, size_t count, struct job_progress *progress,
	struct progress_pace *pace)
{
	size_t i = 0;
	while (i < count) {
		int64_t step = points[i].step, at_wall_ms = points[i].at_wall_ms;
		for (; i < count && points[i].step == step; i++)
			progress_take(progress, str_of(points[i].key), step, points[i].value,
				points[i].at_wall_ms);
		progress_settle(progress, pace, step, at_wall_ms);
	}
}

/* What describes the run is for the status line and no curve. Moves the curves to the front. */
static size_t keep_curves(struct point *points, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		int field = metric_field(str_of(points[i].key));
		if (field < 0 || !metric_is_position((enum progress_field)field))
			points[kept++] = points[i];
	}
	return kept;
}

static int store_batch(struct server *s, const struct ingest_batch *b,
	const struct job_progress *progress, struct err *e)
{
	struct store_offset at = { b->at->offset_bytes, b->at->inode, b->at->epoch };
	size_t curves = keep_curves(b->points, b->count);
	if (b->count > 0 && store_progress_put(s->store, b->job_id, progress, e) < 0)
		return -1;
	if (curves > 0 && store_points_put(s->store, b->job_id, b->points, curves, e) < 0)
		return -1;
	return store_offset_put(s->store, b->job_id, "metrics", &at, e);
}

int points_take(void *context, const struct ingest_batch *batches, size_t count, struct err *e)
{
	struct server *s = context;
	AUTO_FREE struct job_progress *progress = mem_array(count, sizeof(*progress));
	AUTO_FREE struct progress_pace *pace = mem_array(count, sizeof(*pace));
	if (store_begin(s->store, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct live_job *live = batches[i].owner;
		progress[i] = live->progress;
		if (live->pace)
			pace[i] = *live->pace;
		advance(batches[i].points, batches[i].count, &progress[i], &pace[i]);
		if (store_batch(s, &batches[i], &progress[i], e) < 0) {
			store_rollback(s->store);
			return -1;
		}
	}
	if (store_commit(s->store, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct live_job *live = batches[i].owner;
		live->progress = progress[i];
		if (live->pace)
			*live->pace = pace[i];
		if (batches[i].refused)
			log_warn("job %s: %d metrics lines were passed over: %s", live->id,
				batches[i].refused, batches[i].why);
	}
	return 0;
}

static int post(struct server *s, const struct metrics_ask *ask, struct err *e)
{
	struct live_job *live = live_find(s, ask->id);
	if (!live)
		return err_set(e, ERR_STATE, "job %s has ended: it takes no more metrics", ask->id);
	struct job_progress progress = live->progress;
	struct progress_pace pace = live->pace ? *live->pace : (struct progress_pace){ 0 };
	advance(ask->positions, (size_t)ask->position_count, &progress, &pace);
	advance(ask->points, (size_t)ask->count, &progress, &pace);
	if (store_begin(s->store, e) < 0)
		return -1;
	if ((ask->count > 0 &&
		    store_points_put(s->store, ask->id, ask->points, (size_t)ask->count, e) < 0) ||
		store_progress_put(s->store, ask->id, &progress, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	if (store_commit(s->store, e) < 0)
		return -1;
	live->progress = progress;
	if (live->pace)
		*live->pace = pace;
	return 0;
}

static void metrics_post(void *server, const struct metrics_ask *ask, plain_answer *answer,
	void *context)
{
	struct err e;
	answer(context, post(server, ask, &e) < 0 ? &e : NULL);
}

static int points_read(void *server, const char *id, const struct point_query *query,
	struct arena *a, struct point_page *page, struct err *e)
{
	struct server *s = server;
	struct point *points;
	size_t count;
	if (store_points_get(s->store, id, query, a, &points, &count, e) < 0)
		return -1;
	*page = (struct point_page){ points, (int)count };
	return 0;
}

void points_ports(struct ports *p)
{
	p->metrics_post = metrics_post;
	p->points_read = points_read;
}
