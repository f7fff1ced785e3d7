/* store/memory.h -- what the files of the memory store share; private to this room.
 *
 * A write is checked and copied when it is made and applied when its transaction commits, in order:
 * readers see the committed view, and a rollback forgets the list. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "base/map.h"
#include "store/ops.h"

struct memory_series {
	char *key;
	struct point *points; /* by step */
	size_t count, room;
};

struct memory_offset {
	char *source;
	struct store_offset at;
};

struct memory_job {
	struct job_record record;
	struct arena text;               /* of the record */
	struct attempt_record *attempts; /* by number */
	size_t attempt_count;
	struct map series;  /* key -> struct memory_series */
	struct map offsets; /* source -> struct memory_offset */
};

struct memory_store;
struct memory_write;
typedef void memory_apply(struct memory_store *s, const struct memory_write *w);

struct memory_write {
	struct memory_write *next;
	memory_apply *apply;
	struct memory_job *job; /* NULL where it concerns none */
	const char *source;
	void *data; /* in the transaction's arena, as is source */
	size_t count;
};

/* A list of plain values of one type. */
struct memory_list {
	void *items;
	size_t count;
	size_t size_bytes; /* of one */
};

struct memory_store {
	struct store base;
	struct map jobs;                /* committed: id -> struct memory_job */
	struct memory_job **by_arrival; /* committed, rising */
	size_t job_count, job_room;
	uint64_t arrival_latest;
	struct memory_list events, idempotency, tokens, users;
	struct arena event_text;

	struct arena written; /* the open transaction's */
	struct memory_write *first, **last;
	struct map inserted;       /* its new jobs */
	enum err_kind fail_commit; /* of the next one; ERR_NONE = let it pass */
};

static inline struct memory_store *memory_of(struct store *s)
{
	return (struct memory_store *)s;
}

/* memory.c */
struct memory_write *memory_write(struct memory_store *s, memory_apply *apply);
/* Committed, or inserted by the open transaction. NULL and ERR_NOT_FOUND when neither. */
struct memory_job *memory_job_find(struct memory_store *s, const char *id, struct err *e);

/* memory_notes.c: entries of the ops table. */
void memory_job_notes_finish(struct memory_job *job);
int memory_points_put(struct store *s, const char *id, const struct point *p, size_t n,
	struct err *e);
int memory_points_get(struct store *s, const char *id, const struct point_query *q, struct arena *a,
	struct point **points, size_t *count, struct err *e);
int memory_points_last(struct store *s, const char *id, struct arena *a, struct point **points,
	size_t *count, struct err *e);
int memory_offset_put(struct store *s, const char *id, const char *source,
	const struct store_offset *at, struct err *e);
int memory_offset_get(struct store *s, const char *id, const char *source, struct store_offset *at,
	struct err *e);
int memory_event_append(struct store *s, const struct store_event *event, struct err *e);
int memory_events(struct store *s, const char *id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e);
int memory_idempotency_put(struct store *s, const struct store_idempotency *i, struct err *e);
int memory_idempotency_expire(struct store *s, int64_t now_wall_ms, struct err *e);
int memory_idempotency_get(struct store *s, const char *owner, const char *key,
	struct store_idempotency *i, struct err *e);
int memory_token_put(struct store *s, const struct store_token *t, struct err *e);
int memory_token_by_hash(struct store *s, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e);
int memory_tokens(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e);
int memory_user_put(struct store *s, const struct store_user *u, struct err *e);
int memory_user_get(struct store *s, const char *name, struct store_user *u, struct err *e);
int memory_users(struct store *s, struct arena *a, struct store_user **users, size_t *count,
	struct err *e);

#endif
