/* wire/points_in.c -- reads posted points; see points.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/moment.h"
#include "core/metric.h"
#include "json/json.h"
#include "wire/points.h"

struct reading {
	struct points_body *to;
	int64_t at_wall_ms;
	int64_t step;
	char where[32]; /* "metrics[3]." before a field's name, or "" */
};

/* Derived by older trainers, text or not: trainyard derives them itself. */
static bool is_ignored(const char *key)
{
	return strcmp(key, "timestamp") == 0 || strcmp(key, "job_id") == 0 ||
		strcmp(key, "loss_trend") == 0;
}

static int read_value(struct reading *r, const struct json_member *m, double *value, struct err *e)
{
	char got[JSON_GOT_BYTES];
	if (json_number(&m->value, value))
		return 0;
	if (m->value.kind == JSON_IS_TEXT && str_to_double(m->value.text, value) &&
		!isfinite(*value))
		return 0;
	return err_set(e, ERR_INPUT, "%s%.100s must be a number, %s", r->where, m->key,
		json_got(got, &m->value));
}

static int check_key(struct reading *r, const char *key, struct err *e)
{
	size_t length = strlen(key);
	if (length == 0 || length > POINT_KEY_BYTES_MAX)
		return err_set(e, ERR_INPUT, "%sa metric's name has %zu bytes, not 1 to %d",
			r->where, length, POINT_KEY_BYTES_MAX);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)key[i] < 0x20 || key[i] == 0x7F)
			return err_set(e, ERR_INPUT, "%sa metric's name holds a control character",
				r->where);
	}
	return 0;
}

static int read_member(struct reading *r, const struct json_member *m, struct err *e)
{
	double value;
	int field = metric_field(str_of(m->key));
	if (m->value.kind == JSON_IS_NULL || is_ignored(m->key))
		return 0;
	if (check_key(r, m->key, e) || read_value(r, m, &value, e))
		return -1;
	struct point point = { m->key, r->step, value, r->at_wall_ms };
	if (field >= 0 && metric_is_position((enum progress_field)field))
		r->to->positions[r->to->position_count++] = point;
	else
		r->to->points[r->to->count++] = point;
	return 0;
}

/* The step may come under any name that means it. */
static int read_step(struct reading *r, const struct json *entry, struct err *e)
{
	struct json_fields f = { entry, r->where };
	for (int i = 0; i < entry->count; i++) {
		const struct json_member *m = &entry->members[i];
		if (metric_field(str_of(m->key)) != PROGRESS_STEP || m->value.kind == JSON_IS_NULL)
			continue;
		return json_read_int(f, m->key, 0, POINTS_STEP_MAX, &r->step, e);
	}
	return json_need(f, "step", e);
}

static int read_entry(struct reading *r, const struct json *entry, int64_t now_wall_ms,
	struct err *e)
{
	struct json_fields f = { entry, r->where };
	const char *when = NULL;
	r->at_wall_ms = now_wall_ms;
	if (json_open(entry, r->where[0] ? "each entry of metrics" : "the body", e) ||
		read_step(r, entry, e) || json_read_text(f, "timestamp", 64, &when, e))
		return -1;
	if (when && !moment_parse(str_of(when), &r->at_wall_ms))
		return err_set(e, ERR_INPUT,
			"%stimestamp must be like 2026-01-31T12:00:00Z, got \"%s\"", r->where,
			when);
	for (int i = 0; i < entry->count; i++) {
		if (read_member(r, &entry->members[i], e))
			return -1;
	}
	return 0;
}

static int check_job(const struct json *body, const char *id, struct err *e)
{
	const char *named = id;
	struct json_fields f = { body, "" };
	if (json_read_text(f, "job_id", 4096, &named, e))
		return -1;
	if (strcmp(named, id) != 0)
		return err_set(e, ERR_INPUT, "job_id is \"%.130s\", but the path names %s", named,
			id);
	return 0;
}

static int reserve(struct points_body *to, const struct json *entries, int count, struct arena *a,
	struct err *e)
{
	size_t values = 0;
	for (int i = 0; i < count; i++) {
		int fields = entries[i].kind == JSON_IS_OBJECT ? entries[i].count : 0;
		if (fields > POINTS_ENTRY_VALUES_MAX)
			return err_set(e, ERR_INPUT, "an entry has %d fields, more than %d", fields,
				POINTS_ENTRY_VALUES_MAX);
		values += (size_t)fields;
	}
	if (values > POINTS_VALUES_MAX)
		return err_set(e, ERR_INPUT,
			"the entries have %zu fields, more than %d: send less "
			"at a time",
			values, POINTS_VALUES_MAX);
	*to = (struct points_body){
		.points = arena_array(a, struct point, values),
		.positions = arena_array(a, struct point, values),
		.entries = count,
	};
	return 0;
}

int wire_read_points(struct str body, const char *id, int64_t now_wall_ms, struct arena *a,
	struct points_body *points, struct err *e)
{
	static const char *const names[] = { "metrics", "job_id" };
	struct reading r = { .to = points };
	const struct json *list = NULL;
	if (str_trim(body).length_bytes == 0)
		return err_set(e, ERR_INPUT, "the body is empty: send points as a JSON object");
	const struct json *value = json_parse(body, JSON_METRICS, a, e);
	struct json_fields f = { value, "" };
	if (!value || json_open(value, "the body", e) || check_job(value, id, e))
		return -1;
	if (!json_member(value, "metrics")) {
		return reserve(points, value, 1, a, e) ? -1 : read_entry(&r, value, now_wall_ms, e);
	}
	if (json_only(f, names, 2, e) || json_need(f, "metrics", e) ||
		json_read_list(f, "metrics", POINTS_ENTRIES_MAX, &list, e) ||
		reserve(points, list->items, list->count, a, e))
		return -1;
	for (int i = 0; i < list->count; i++) {
		snprintf(r.where, sizeof(r.where), "metrics[%d].", i);
		if (read_entry(&r, &list->items[i], now_wall_ms, e))
			return -1;
	}
	return 0;
}
