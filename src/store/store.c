/* store/store.c -- the rules that hold for every store: see store.h. */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/ops.h"

/* Callers may pass no struct err; the stores below always get one. */
#define ERR_OR(e, spare) ((e) ? (e) : &(spare))

/* After a write: remembers what makes the transaction impossible to commit. */
static int wrote(struct store *s, int result, const struct err *e)
{
	if (result < 0 && e->kind != ERR_CONFLICT && e->kind != ERR_NOT_FOUND) {
		s->lost = true;
		s->loss = *e;
	}
	return result;
}

static bool is_lost(const struct store *s, struct err *e)
{
	assert(s->in_transaction);
	if (s->lost)
		*e = s->loss;
	return s->lost;
}

static bool is_refused(const struct store *s, struct err *e)
{
	if (!s->ops->disk_is_full(s))
		return false;
	err_set(e, ERR_DISK_FULL,
		"the disk that holds the state directory is full: what is left "
		"is kept for the ends of running jobs");
	return true;
}

/* The body of every write: refuses what is lost, remembers a loss. */
#define WRITE(s, e, op, ...)                                                                       \
	struct err spare;                                                                          \
	struct err *to = ERR_OR(e, spare);                                                         \
	if (is_lost(s, to))                                                                        \
		return -1;                                                                         \
	return wrote(s, (s)->ops->op((s), __VA_ARGS__, to), to)

/* The same for what a full disk refuses. */
#define WRITE_MORE(s, e, op, ...)                                                                  \
	struct err spare;                                                                          \
	struct err *to = ERR_OR(e, spare);                                                         \
	if (is_lost(s, to) || is_refused(s, to))                                                   \
		return -1;                                                                         \
	return wrote(s, (s)->ops->op((s), __VA_ARGS__, to), to)

#define READ(s, e, op, ...)                                                                        \
	struct err spare;                                                                          \
	return (s)->ops->op((s), __VA_ARGS__, ERR_OR(e, spare))

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	s->ops->close(s);
}

int store_begin(struct store *s, struct err *e)
{
	struct err spare;
	assert(!s->in_transaction);
	if (s->ops->begin(s, ERR_OR(e, spare)) < 0)
		return -1;
	s->in_transaction = true;
	s->lost = false;
	return 0;
}

int store_commit(struct store *s, struct err *e)
{
	struct err spare;
	assert(s->in_transaction);
	if (s->lost) {
		*ERR_OR(e, spare) = s->loss;
		store_rollback(s);
		return -1;
	}
	s->in_transaction = false;
	return s->ops->commit(s, ERR_OR(e, spare));
}

void store_rollback(struct store *s)
{
	if (s->in_transaction)
		s->ops->rollback(s);
	s->in_transaction = false;
	s->lost = false;
}

bool store_in_transaction(const struct store *s)
{
	return s->in_transaction;
}

bool store_transaction_is_lost(const struct store *s)
{
	return s->in_transaction && s->lost;
}

bool store_disk_is_full(const struct store *s)
{
	return s->ops->disk_is_full(s);
}

uint64_t store_arrival_next(struct store *s)
{
	return s->ops->arrival_next(s);
}

int store_job_insert(struct store *s, const struct job_record *r, struct err *e)
{
	WRITE_MORE(s, e, job_insert, r);
}

int store_job_update(struct store *s, const struct job *j, struct err *e)
{
	WRITE(s, e, job_update, j);
}

int store_progress_put(struct store *s, const char *job_id, const struct job_progress *p,
	struct err *e)
{
	WRITE(s, e, progress_put, job_id, p);
}

int store_attempt_put(struct store *s, const struct attempt_record *a, struct err *e)
{
	WRITE(s, e, attempt_put, a);
}

int store_points_put(struct store *s, const char *job_id, const struct point *points, size_t n,
	struct err *e)
{
	WRITE_MORE(s, e, points_put, job_id, points, n);
}

int store_offset_put(struct store *s, const char *job_id, const char *source,
	const struct store_offset *at, struct err *e)
{
	WRITE(s, e, offset_put, job_id, source, at);
}

int store_event_append(struct store *s, const struct store_event *event, struct err *e)
{
	WRITE(s, e, event_append, event);
}

int store_idempotency_put(struct store *s, const struct store_idempotency *i, struct err *e)
{
	WRITE(s, e, idempotency_put, i);
}

int store_idempotency_expire(struct store *s, int64_t now_wall_ms, struct err *e)
{
	WRITE(s, e, idempotency_expire, now_wall_ms);
}

int store_token_put(struct store *s, const struct store_token *t, struct err *e)
{
	WRITE(s, e, token_put, t);
}

int store_user_put(struct store *s, const struct store_user *u, struct err *e)
{
	WRITE(s, e, user_put, u);
}

int store_job_get(struct store *s, const char *id, struct arena *a, struct job_record **r,
	struct err *e)
{
	READ(s, e, job_get, id, a, r);
}

int store_job_list(struct store *s, const struct job_query *q, struct arena *a,
	struct job_page *page, struct err *e)
{
	assert(q->limit >= 1 && q->limit <= JOB_LIMIT_MAX);
	memset(page, 0, sizeof(*page));
	READ(s, e, job_list, q, a, page);
}

int store_jobs_incomplete(struct store *s, store_job_visit *visit, void *context, struct err *e)
{
	READ(s, e, jobs_incomplete, visit, context);
}

int store_attempts(struct store *s, const char *job_id, struct arena *a,
	struct attempt_record **attempts, size_t *count, struct err *e)
{
	READ(s, e, attempts, job_id, a, attempts, count);
}

int store_attempt_latest(struct store *s, const char *job_id, struct attempt_record *attempt,
	struct err *e)
{
	READ(s, e, attempt_latest, job_id, attempt);
}

int store_points_get(struct store *s, const char *job_id, const struct point_query *q,
	struct arena *a, struct point **points, size_t *count, struct err *e)
{
	READ(s, e, points_get, job_id, q, a, points, count);
}

int store_points_last(struct store *s, const char *job_id, struct arena *a, struct point **points,
	size_t *count, struct err *e)
{
	READ(s, e, points_last, job_id, a, points, count);
}

int store_offset_get(struct store *s, const char *job_id, const char *source,
	struct store_offset *at, struct err *e)
{
	READ(s, e, offset_get, job_id, source, at);
}

int store_events(struct store *s, const char *job_id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e)
{
	READ(s, e, events, job_id, after_seq, limit, a, events, count);
}

int store_idempotency_get(struct store *s, const char *owner, const char *key, int64_t now_wall_ms,
	struct store_idempotency *i, struct err *e)
{
	struct err spare;
	if (s->ops->idempotency_get(s, owner, key, i, ERR_OR(e, spare)) < 0)
		return -1;
	if (now_wall_ms - i->created_wall_ms < STORE_IDEMPOTENCY_MS)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "the idempotency key is older than a day");
}

int store_token_by_hash(struct store *s, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e)
{
	READ(s, e, token_by_hash, hash, t);
}

int store_tokens(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e)
{
	READ(s, e, tokens, a, tokens, count);
}

int store_user_get(struct store *s, const char *name, struct store_user *u, struct err *e)
{
	READ(s, e, user_get, name, u);
}

int store_users(struct store *s, struct arena *a, struct store_user **users, size_t *count,
	struct err *e)
{
	READ(s, e, users, a, users, count);
}

bool point_key_is_wanted(const char *keys, const char *key)
{
	if (!keys)
		return true;
	struct str rest = str_of(keys);
	struct str piece;
	while (str_next(&rest, ',', &piece)) {
		if (str_is(str_trim(piece), key))
			return true;
	}
	return false;
}

int point_compare(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return strcmp(x->key, y->key);
}

size_t points_keep_newest(struct point *points, size_t count, int64_t limit)
{
	if (count > 1)
		qsort(points, count, sizeof(*points), point_compare);
	if (limit <= 0 || count <= (uint64_t)limit)
		return count;
	memmove(points, points + count - limit, (size_t)limit * sizeof(*points));
	return (size_t)limit;
}
