/* store/memory_notes.c -- the memory store's points, offsets, events, keys, tokens and users. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/memory.h"

void memory_job_notes_finish(struct memory_job *job)
{
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(&job->series, &at))) {
		struct memory_series *series = entry->value;
		free(series->points);
		free(series->key);
		free(series);
	}
	map_finish(&job->series);
	at = 0;
	while ((entry = map_each(&job->offsets, &at))) {
		struct memory_offset *offset = entry->value;
		free(offset->source);
		free(offset);
	}
	map_finish(&job->offsets);
}

/* The first point at or behind this step. */
static size_t find_step(const struct memory_series *series, int64_t step)
{
	size_t low = 0, high = series->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (series->points[middle].step < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void series_put(struct memory_series *series, const struct point *p)
{
	size_t at = find_step(series, p->step);
	if (at == series->count || series->points[at].step != p->step) {
		if (series->count == series->room) {
			series->room = series->room ? 2 * series->room : 16;
			series->points = mem_resize(series->points,
				series->room * sizeof(*series->points));
		}
		memmove(series->points + at + 1, series->points + at,
			(series->count - at) * sizeof(*series->points));
		series->count++;
	}
	series->points[at] = *p;
	series->points[at].key = series->key;
}

static void apply_points(struct memory_store *s, const struct memory_write *w)
{
	const struct point *points = w->data;
	for (size_t i = 0; i < w->count; i++) {
		struct memory_series *series = map_get(&w->job->series, points[i].key);
		if (!series) {
			series = mem_alloc(sizeof(*series));
			series->key = mem_string(points[i].key);
			map_put(&w->job->series, series->key, series);
		}
		series_put(series, &points[i]);
	}
}

int memory_points_put(struct store *store, const char *id, const struct point *p, size_t n,
	struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct memory_job *job = memory_job_find(s, id, e);
	if (!job)
		return -1;
	struct point *copy = arena_array(&s->written, struct point, n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = p[i];
		copy[i].key = arena_string(&s->written, p[i].key);
	}
	struct memory_write *w = memory_write(s, apply_points);
	w->job = job;
	w->data = copy;
	w->count = n;
	return 0;
}

static void collect(const struct memory_series *series, size_t from, size_t to, struct arena *a,
	struct buf *found)
{
	const char *key = from < to ? arena_string(a, series->key) : NULL;
	for (size_t i = from; i < to; i++) {
		struct point p = series->points[i];
		p.key = key;
		buf_add(found, &p, sizeof(p));
	}
}

static void hand_over(struct buf *found, struct arena *a, struct point **points, size_t *count)
{
	*points = (struct point *)arena_copy(a, found->bytes, *count * sizeof(struct point));
}

int memory_points_get(struct store *store, const char *id, const struct point_query *q,
	struct arena *a, struct point **points, size_t *count, struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	AUTO_BUF found = { 0 };
	struct map none = { 0 };
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(job ? &job->series : &none, &at))) {
		const struct memory_series *series = entry->value;
		if (!point_key_is_wanted(q->keys, series->key))
			continue;
		size_t to = q->to_step == INT64_MAX ? series->count
						    : find_step(series, q->to_step + 1);
		collect(series, find_step(series, q->from_step), to, a, &found);
	}
	*count = found.length_bytes / sizeof(struct point);
	if (*count > 0)
		*count = points_keep_newest((struct point *)found.bytes, *count, q->limit);
	hand_over(&found, a, points, count);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct point *)a)->key, ((const struct point *)b)->key);
}

int memory_points_last(struct store *store, const char *id, struct arena *a, struct point **points,
	size_t *count, struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	AUTO_BUF found = { 0 };
	struct map none = { 0 };
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(job ? &job->series : &none, &at))) {
		const struct memory_series *series = entry->value;
		collect(series, series->count - 1, series->count, a, &found);
	}
	*count = found.length_bytes / sizeof(struct point);
	if (*count > 1)
		qsort(found.bytes, *count, sizeof(struct point), compare_keys);
	hand_over(&found, a, points, count);
	return 0;
}

static void apply_offset(struct memory_store *s, const struct memory_write *w)
{
	struct memory_offset *offset = map_get(&w->job->offsets, w->source);
	if (!offset) {
		offset = mem_alloc(sizeof(*offset));
		offset->source = mem_string(w->source);
		map_put(&w->job->offsets, offset->source, offset);
	}
	memcpy(&offset->at, w->data, sizeof(offset->at));
}

int memory_offset_put(struct store *store, const char *id, const char *source,
	const struct store_offset *at, struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct memory_job *job = memory_job_find(s, id, e);
	if (!job)
		return -1;
	struct memory_write *w = memory_write(s, apply_offset);
	w->job = job;
	w->source = arena_string(&s->written, source);
	w->data = arena_copy(&s->written, at, sizeof(*at));
	return 0;
}

int memory_offset_get(struct store *store, const char *id, const char *source,
	struct store_offset *at, struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	struct memory_offset *offset = job ? map_get(&job->offsets, source) : NULL;
	*at = offset ? offset->at : (struct store_offset){ 0 };
	return 0;
}

static void *list_add(struct memory_list *list, const void *item)
{
	list->items = mem_resize(list->items, (list->count + 1) * list->size_bytes);
	void *at = (char *)list->items + list->count++ * list->size_bytes;
	memcpy(at, item, list->size_bytes);
	return at;
}

static void copy_event(struct store_event *to, const struct store_event *from, struct arena *a)
{
	*to = *from;
	to->job_id = arena_string(a, from->job_id);
	to->kind = arena_string(a, from->kind);
	to->who = arena_string(a, from->who);
	to->from = arena_string(a, from->from);
	to->to = arena_string(a, from->to);
	to->why = arena_string(a, from->why);
	to->data_json = arena_string(a, from->data_json);
}

static void apply_event(struct memory_store *s, const struct memory_write *w)
{
	struct store_event event;
	copy_event(&event, w->data, &s->event_text);
	event.seq = (int64_t)s->events.count + 1;
	list_add(&s->events, &event);
}

int memory_event_append(struct store *store, const struct store_event *event, struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct store_event *copy = arena_new(&s->written, struct store_event);
	copy_event(copy, event, &s->written);
	memory_write(s, apply_event)->data = copy;
	return 0;
}

int memory_events(struct store *store, const char *id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e)
{
	struct memory_store *s = memory_of(store);
	const struct store_event *all = s->events.items;
	size_t from = after_seq > 0 ? (size_t)after_seq : 0;
	size_t room = from < s->events.count ? s->events.count - from : 0;
	if (limit < (int64_t)room)
		room = (size_t)limit;
	*events = arena_array(a, struct store_event, room);
	*count = 0;
	for (size_t i = from; i < s->events.count && *count < room; i++) {
		if (!id || (all[i].job_id && strcmp(id, all[i].job_id) == 0))
			copy_event(&(*events)[(*count)++], &all[i], a);
	}
	return 0;
}

static bool is_same_key(const struct store_idempotency *a, const struct store_idempotency *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->key, b->key) == 0;
}

static struct store_idempotency *find_key(struct memory_store *s,
	const struct store_idempotency *like)
{
	struct store_idempotency *all = s->idempotency.items;
	for (size_t i = 0; i < s->idempotency.count; i++) {
		if (is_same_key(&all[i], like))
			return &all[i];
	}
	return NULL;
}

static void apply_idempotency(struct memory_store *s, const struct memory_write *w)
{
	struct store_idempotency *old = find_key(s, w->data);
	if (old)
		memcpy(old, w->data, sizeof(*old));
	else
		list_add(&s->idempotency, w->data);
}

int memory_idempotency_put(struct store *store, const struct store_idempotency *i, struct err *e)
{
	struct memory_store *s = memory_of(store);
	const struct store_idempotency *old = find_key(s, i);
	for (const struct memory_write *w = s->first; w; w = w->next) {
		if (w->apply == apply_idempotency && is_same_key(w->data, i))
			old = w->data;
	}
	if (old && i->created_wall_ms - old->created_wall_ms < STORE_IDEMPOTENCY_MS)
		return err_set(e, ERR_CONFLICT, "the idempotency key %s was used already", i->key);
	memory_write(s, apply_idempotency)->data = arena_copy(&s->written, i, sizeof(*i));
	return 0;
}

static void apply_expire(struct memory_store *s, const struct memory_write *w)
{
	int64_t now_wall_ms = *(const int64_t *)w->data;
	struct store_idempotency *all = s->idempotency.items;
	size_t kept = 0;
	for (size_t i = 0; i < s->idempotency.count; i++) {
		if (now_wall_ms - all[i].created_wall_ms < STORE_IDEMPOTENCY_MS)
			all[kept++] = all[i];
	}
	s->idempotency.count = kept;
}

int memory_idempotency_expire(struct store *store, int64_t now_wall_ms, struct err *e)
{
	struct memory_store *s = memory_of(store);
	memory_write(s, apply_expire)->data = arena_copy(&s->written, &now_wall_ms,
		sizeof(now_wall_ms));
	return 0;
}

int memory_idempotency_get(struct store *store, const char *owner, const char *key,
	struct store_idempotency *i, struct err *e)
{
	struct store_idempotency like;
	str_copy_cut(like.owner, sizeof(like.owner), owner);
	str_copy_cut(like.key, sizeof(like.key), key);
	const struct store_idempotency *found = find_key(memory_of(store), &like);
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "the idempotency key %s was never used", key);
	*i = *found;
	return 0;
}

static void apply_token(struct memory_store *s, const struct memory_write *w)
{
	const struct store_token *t = w->data;
	struct store_token *all = s->tokens.items;
	for (size_t i = 0; i < s->tokens.count; i++) {
		if (strcmp(all[i].id, t->id) == 0) {
			all[i] = *t;
			return;
		}
	}
	list_add(&s->tokens, t);
}

static bool clashes(const struct store_token *a, const struct store_token *b)
{
	return strcmp(a->id, b->id) != 0 && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

int memory_token_put(struct store *store, const struct store_token *t, struct err *e)
{
	struct memory_store *s = memory_of(store);
	const struct store_token *all = s->tokens.items;
	bool taken = false;
	for (size_t i = 0; i < s->tokens.count; i++)
		taken |= clashes(&all[i], t);
	for (const struct memory_write *w = s->first; w; w = w->next)
		taken |= w->apply == apply_token && clashes(w->data, t);
	if (taken)
		return err_set(e, ERR_CONFLICT, "another token has the same hash");
	memory_write(s, apply_token)->data = arena_copy(&s->written, t, sizeof(*t));
	return 0;
}

int memory_token_by_hash(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e)
{
	struct memory_store *s = memory_of(store);
	const struct store_token *all = s->tokens.items;
	for (size_t i = 0; i < s->tokens.count; i++) {
		if (memcmp(all[i].hash, hash, STORE_HASH_BYTES) == 0) {
			*t = all[i];
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "there is no such token");
}

static void *copy_sorted(const struct memory_list *list, struct arena *a, size_t *count,
	int (*compare)(const void *, const void *))
{
	void *copy = arena_copy(a, list->items, list->count * list->size_bytes);
	if (list->count > 1)
		qsort(copy, list->count, list->size_bytes, compare);
	*count = list->count;
	return copy;
}

static int compare_tokens(const void *a, const void *b)
{
	const struct store_token *x = a, *y = b;
	if (x->created_wall_ms != y->created_wall_ms)
		return x->created_wall_ms < y->created_wall_ms ? -1 : 1;
	return strcmp(x->id, y->id);
}

int memory_tokens(struct store *store, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e)
{
	*tokens = copy_sorted(&memory_of(store)->tokens, a, count, compare_tokens);
	return 0;
}

static void apply_user(struct memory_store *s, const struct memory_write *w)
{
	const struct store_user *u = w->data;
	struct store_user *all = s->users.items;
	for (size_t i = 0; i < s->users.count; i++) {
		if (strcmp(all[i].name, u->name) == 0) {
			all[i] = *u;
			return;
		}
	}
	list_add(&s->users, u);
}

int memory_user_put(struct store *store, const struct store_user *u, struct err *e)
{
	struct memory_store *s = memory_of(store);
	memory_write(s, apply_user)->data = arena_copy(&s->written, u, sizeof(*u));
	return 0;
}

int memory_user_get(struct store *store, const char *name, struct store_user *u, struct err *e)
{
	struct memory_store *s = memory_of(store);
	const struct store_user *all = s->users.items;
	for (size_t i = 0; i < s->users.count; i++) {
		if (strcmp(all[i].name, name) == 0) {
			*u = all[i];
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "there is no user named %s", name);
}

static int compare_users(const void *a, const void *b)
{
	return strcmp(((const struct store_user *)a)->name, ((const struct store_user *)b)->name);
}

int memory_users(struct store *store, struct arena *a, struct store_user **users, size_t *count,
	struct err *e)
{
	*users = copy_sorted(&memory_of(store)->users, a, count, compare_users);
	return 0;
}
