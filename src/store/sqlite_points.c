/* store/sqlite_points.c -- points, and how far files were read: see store.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite.h"

/* Names kept in memory; a server that saw more starts over with an empty copy. */
#define KEYS_MAX 20000

void keys_forget(struct sqlite_store *s)
{
	map_finish(&s->keys);
	memset(&s->keys, 0, sizeof(s->keys));
	arena_finish(&s->key_names);
	memset(&s->key_names, 0, sizeof(s->key_names));
}

static int key_find(struct sqlite_store *s, const char *name, int64_t *key, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_KEY_GET, e);
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	int row = sqlite_next(s, stmt, e);
	if (row > 0) {
		*key = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return row;
}

static int key_make(struct sqlite_store *s, const char *name, int64_t *key, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_KEY_INSERT, e);
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	if (sqlite_run(s, stmt, e) < 0)
		return -1;
	*key = sqlite3_last_insert_rowid(s->writer.db);
	return 0;
}

static int key_number(struct sqlite_store *s, const char *name, int64_t *key, struct err *e)
{
	*key = (int64_t)(intptr_t)map_get(&s->keys, name);
	if (*key)
		return 0;
	int found = key_find(s, name, key, e);
	if (found < 0 || (found == 0 && key_make(s, name, key, e) < 0))
		return -1;
	if (s->keys.count >= KEYS_MAX)
		keys_forget(s);
	map_put(&s->keys, arena_string(&s->key_names, name), (void *)(intptr_t)*key);
	return 0;
}

int sqlite_points_put(struct store *store, const char *id, const struct point *p, size_t n,
	struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	int64_t number;
	if (sqlite_job_number(s, id, &number, NULL, e) < 0)
		return -1;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_POINT_PUT, e);
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, number);
	for (size_t i = 0; i < n; i++) {
		int64_t key;
		if (key_number(s, p[i].key, &key, e) < 0)
			return -1;
		sqlite3_bind_int64(stmt, 2, key);
		sqlite3_bind_int64(stmt, 3, p[i].step);
		sqlite3_bind_double(stmt, 4, p[i].value);
		sqlite3_bind_int64(stmt, 5, p[i].at_wall_ms);
		if (sqlite_run(s, stmt, e) < 0)
			return -1;
	}
	return 0;
}

/* The points of one job: walks its keys, and for each the points that are asked for. */
struct point_walk {
	int64_t job;
	int64_t key;
	const char *key_name;
	int64_t from_step, to_step;
	int64_t limit; /* of each key; -1 = none */
	struct arena *a;
	struct buf found; /* of struct point */
};

static int read_points_of_key(struct sqlite_store *s, struct point_walk *walk, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->reader, STATEMENT_POINTS_OF_KEY, e);
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, walk->job);
	sqlite3_bind_int64(stmt, 2, walk->key);
	sqlite3_bind_int64(stmt, 3, walk->from_step);
	sqlite3_bind_int64(stmt, 4, walk->to_step);
	sqlite3_bind_int64(stmt, 5, walk->limit);
	int row;
	while ((row = sqlite_next(s, stmt, e)) > 0) {
		bool is_null = sqlite3_column_type(stmt, 1) == SQLITE_NULL;
		struct point p = {
			.key = walk->key_name,
			.step = sqlite3_column_int64(stmt, 0),
			.value = is_null ? (double)NAN : sqlite3_column_double(stmt, 1),
			.at_wall_ms = sqlite3_column_int64(stmt, 2),
		};
		buf_add(&walk->found, &p, sizeof(p));
	}
	return row;
}

/* 1 = moved to the job's next key, 0 = there is none. */
static int next_key(struct sqlite_store *s, struct point_walk *walk, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->reader, STATEMENT_KEY_NEXT, e);
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, walk->job);
	sqlite3_bind_int64(stmt, 2, walk->key);
	int row = sqlite_next(s, stmt, e);
	if (row > 0) {
		walk->key = sqlite3_column_int64(stmt, 0);
		walk->key_name = arena_string(walk->a, (const char *)sqlite3_column_text(stmt, 1));
		sqlite3_reset(stmt);
	}
	return row;
}

static size_t count_of(const struct buf *found)
{
	return found->length_bytes / sizeof(struct point);
}

/* Bounds the memory: what can no longer be among the newest goes. */
static void shrink(struct point_walk *walk, int64_t limit)
{
	if (!walk->found.bytes)
		return;
	size_t kept = points_keep_newest((struct point *)walk->found.bytes, count_of(&walk->found),
		limit);
	walk->found.length_bytes = kept * sizeof(struct point);
}

static int walk_keys(struct sqlite_store *s, struct point_walk *walk, const char *keys,
	int64_t limit, struct err *e)
{
	int row;
	while ((row = next_key(s, walk, e)) > 0) {
		if (!point_key_is_wanted(keys, walk->key_name))
			continue;
		if (read_points_of_key(s, walk, e) < 0)
			return -1;
		if (limit > 0 && count_of(&walk->found) > 2 * (size_t)limit)
			shrink(walk, limit);
	}
	return row;
}

/* The reader's view of a job's number; 0 rows are no error here. */
static int find_job(struct sqlite_store *s, const char *id, int64_t *number, struct err *e)
{
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_JOB_NUMBER, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	int row = sqlite_next(s, stmt, e);
	if (row > 0) {
		*number = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return row;
}

static void hand_over(struct point_walk *walk, struct point **points, size_t *count)
{
	*count = count_of(&walk->found);
	*points = (struct point *)arena_copy(walk->a, walk->found.bytes, walk->found.length_bytes);
	buf_finish(&walk->found);
}

int sqlite_points_get(struct store *store, const char *id, const struct point_query *q,
	struct arena *a, struct point **points, size_t *count, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct point_walk walk = {
		.from_step = q->from_step,
		.to_step = q->to_step,
		.limit = q->limit > 0 ? q->limit : -1,
		.a = a,
	};
	int row = find_job(s, id, &walk.job, e);
	if (row > 0)
		row = walk_keys(s, &walk, q->keys, q->limit, e);
	shrink(&walk, q->limit);
	hand_over(&walk, points, count);
	return row;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct point *)a)->key, ((const struct point *)b)->key);
}

int sqlite_points_last(struct store *store, const char *id, struct arena *a, struct point **points,
	size_t *count, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct point_walk walk = {
		.from_step = INT64_MIN,
		.to_step = INT64_MAX,
		.limit = 1,
		.a = a,
	};
	int row = find_job(s, id, &walk.job, e);
	if (row > 0)
		row = walk_keys(s, &walk, NULL, 0, e);
	hand_over(&walk, points, count);
	if (*count > 1)
		qsort(*points, *count, sizeof(**points), compare_keys);
	return row;
}

int sqlite_offset_put(struct store *store, const char *id, const char *source,
	const struct store_offset *at, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	int64_t number;
	if (sqlite_job_number(s, id, &number, NULL, e) < 0)
		return -1;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_OFFSET_PUT, e);
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, number);
	sqlite3_bind_text(stmt, 2, source, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, at->offset_bytes);
	sqlite3_bind_int64(stmt, 4, (int64_t)at->inode);
	sqlite3_bind_int64(stmt, 5, at->epoch);
	return sqlite_run(s, stmt, e);
}

int sqlite_offset_get(struct store *store, const char *id, const char *source,
	struct store_offset *at, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	memset(at, 0, sizeof(*at));
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_OFFSET_GET, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, source, -1, SQLITE_STATIC);
	int row = sqlite_next(s, stmt, e);
	if (row > 0) {
		at->offset_bytes = sqlite3_column_int64(stmt, 0);
		at->inode = (uint64_t)sqlite3_column_int64(stmt, 1);
		at->epoch = (uint32_t)sqlite3_column_int64(stmt, 2);
		sqlite3_reset(stmt);
	}
	return row < 0 ? -1 : 0;
}
