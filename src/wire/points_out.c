/* wire/points_out.c -- shows points, an entry per step; see points.h. */
#include <string.h>

#include "core/metric.h"
#include "wire/job_out.h"
#include "wire/points.h"

/* The names that older clients look for: they are in every entry, null when there is no value.
 *        name              the field that its aliases feed, -1 = none */
#define POINT_NAMES(X)                                       \
	X("epoch",                   PROGRESS_EPOCH)         \
	X("train_loss",              PROGRESS_LOSS)          \
	X("eval_loss",               PROGRESS_EVAL_LOSS)     \
	X("learning_rate",           PROGRESS_LEARNING_RATE) \
	X("grad_norm",               PROGRESS_GRAD_NORM)     \
	X("gpu_memory_allocated_gb", -1)                     \
	X("gpu_memory_reserved_gb",  -1)                     \
	X("gpu_utilization_percent", -1)                     \
	X("perplexity",              -1)                     \
	X("train_perplexity",        -1)                     \
	X("samples_per_second",      PROGRESS_SAMPLES_PER_SECOND) \
	X("tokens_per_second",       PROGRESS_TOKENS_PER_SECOND)

static const struct {
	const char *name;
	int field;
} shown[] = {
#define X(name, field) { name, field },
	POINT_NAMES(X)
#undef X
};

enum { SHOWN_COUNT = sizeof(shown) / sizeof(shown[0]) };

/* Which of the shown names a point stands for, or -1. */
static int slot_of(const struct point *point)
{
	int field = metric_field(str_of(point->key));
	for (int i = 0; i < SHOWN_COUNT; i++) {
		if (strcmp(point->key, shown[i].name) == 0 ||
			(field >= 0 && field == shown[i].field))
			return i;
	}
	return -1;
}

/* A value under the shown name itself wins over one under an alias. */
static void settle(const struct point *points, int count, const struct point *best[SHOWN_COUNT])
{
	memset(best, 0, sizeof(best[0]) * SHOWN_COUNT);
	for (int i = 0; i < count; i++) {
		int slot = slot_of(&points[i]);
		if (slot >= 0 && (!best[slot] || strcmp(points[i].key, shown[slot].name) == 0))
			best[slot] = &points[i];
	}
}

static void write_step(struct json_out *out, const struct point *points, int count)
{
	const struct point *best[SHOWN_COUNT];
	int64_t at_wall_ms = 0;
	settle(points, count, best);
	json_object(out);
	json_put_int(out, "step", points[0].step);
	for (int i = 0; i < SHOWN_COUNT; i++) {
		if (best[i])
			wire_put_number(out, shown[i].name, best[i]->value);
		else
			json_put_null(out, shown[i].name);
	}
	for (int i = 0; i < count; i++) {
		int slot = slot_of(&points[i]);
		if (slot < 0 || best[slot] != &points[i])
			wire_put_number(out, points[i].key, points[i].value);
		if (points[i].at_wall_ms > at_wall_ms)
			at_wall_ms = points[i].at_wall_ms;
	}
	json_put_time(out, "timestamp", at_wall_ms);
	json_end(out);
}

void wire_points(struct json_out *out, const char *id, const struct point *points, int count)
{
	json_object(out);
	json_put_text(out, "job_id", id);
	json_key(out, "metrics");
	json_array(out);
	for (int from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && points[to].step == points[from].step;)
			to++;
		write_step(out, &points[from], to - from);
	}
	json_end(out);
	if (count == 0)
		json_put_text(out, "message", "No metrics available yet");
	json_end(out);
}
