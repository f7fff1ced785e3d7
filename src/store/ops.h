/* store/ops.h -- what a store must be able to do; private to this room.
 *
 * store.c checks the rules of the contract (transactions, loss, refusal on a full disk) once for
 * all stores, so that e is never NULL here and writes come only inside a live transaction. */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/store.h"

struct store_ops {
	void (*close)(struct store *s);
	int (*begin)(struct store *s, struct err *e);
	int (*commit)(struct store *s, struct err *e); /* after a failure nothing is open */
	void (*rollback)(struct store *s);
	bool (*disk_is_full)(const struct store *s);
	uint64_t (*arrival_next)(struct store *s);

	int (*job_insert)(struct store *s, const struct job_record *r, struct err *e);
	int (*job_update)(struct store *s, const struct job *j, struct err *e);
	int (*progress_put)(struct store *s, const char *id, const struct job_progress *p,
		struct err *e);
	int (*attempt_put)(struct store *s, const struct attempt_record *a, struct err *e);
	int (*points_put)(struct store *s, const char *id, const struct point *p, size_t n,
		struct err *e);
	int (*offset_put)(struct store *s, const char *id, const char *source,
		const struct store_offset *at, struct err *e);
	int (*event_append)(struct store *s, const struct store_event *event, struct err *e);
	int (*idempotency_put)(struct store *s, const struct store_idempotency *i, struct err *e);
	int (*idempotency_expire)(struct store *s, int64_t now_wall_ms, struct err *e);
	int (*token_put)(struct store *s, const struct store_token *t, struct err *e);
	int (*user_put)(struct store *s, const struct store_user *u, struct err *e);

	int (*job_get)(struct store *s, const char *id, struct arena *a, struct job_record **r,
		struct err *e);
	int (*job_list)(struct store *s, const struct job_query *q, struct arena *a,
		struct job_page *page, struct err *e);
	int (*jobs_incomplete)(struct store *s, store_job_visit *visit, void *context,
		struct err *e);
	int (*attempts)(struct store *s, const char *id, struct arena *a,
		struct attempt_record **attempts, size_t *count, struct err *e);
	int (*attempt_latest)(struct store *s, const char *id, struct attempt_record *attempt,
		struct err *e);
	int (*points_get)(struct store *s, const char *id, const struct point_query *q,
		struct arena *a, struct point **points, size_t *count, struct err *e);
	int (*points_last)(struct store *s, const char *id, struct arena *a, struct point **points,
		size_t *count, struct err *e);
	int (*offset_get)(struct store *s, const char *id, const char *source,
		struct store_offset *at, struct err *e);
	int (*events)(struct store *s, const char *id, int64_t after_seq, int64_t limit,
		struct arena *a, struct store_event **events, size_t *count, struct err *e);
	int (*idempotency_get)(struct store *s, const char *owner, const char *key,
		struct store_idempotency *i, struct err *e);
	int (*token_by_hash)(struct store *s, const uint8_t hash[STORE_HASH_BYTES],
		struct store_token *t, struct err *e);
	int (*tokens)(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
		struct err *e);
	int (*user_get)(struct store *s, const char *name, struct store_user *u, struct err *e);
	int (*users)(struct store *s, struct arena *a, struct store_user **users, size_t *count,
		struct err *e);
};

/* The first field of every store. */
struct store {
	const struct store_ops *ops;
	bool in_transaction;
	bool lost; /* the transaction cannot be committed, because of loss */
	struct err loss;
};

/* Does a metric key belong to the comma-separated list? NULL = every key does. */
bool point_key_is_wanted(const char *keys, const char *key);

/* By step, then key. */
int point_compare(const void *a, const void *b);

/* Sorts and keeps the `limit` points of the highest steps (all when limit <= 0); how many. */
size_t points_keep_newest(struct point *points, size_t count, int64_t limit);

#endif
