/* store/store.h -- what the server remembers, and the only way to it.
 *
 * Two stores keep this contract: SQLite (durable) and memory (tests and the simulator). Every call
 * is made from one thread, is synchronous, and takes the time from its caller.
 *
 * Writes belong between store_begin and store_commit (a write outside is a bug: assert); readers
 * see them only after the commit, which returns when they are on disk. How writes fail:
 *   ERR_CONFLICT   that id or key is taken         the transaction goes on without this write
 *   ERR_NOT_FOUND  no such job                     the same
 *   ERR_DISK_FULL, ERR_IO                          the transaction is lost: its further writes and
 *                  the commit fail with the same error, and nothing of it remains (one exception
 *                  at store_disk_is_full)
 * After a failed commit the caller throws its own state away and rebuilds it from reads, which go
 * on working. The next store_begin may succeed: nothing has to be restarted.
 *
 * Reads give the committed view. Strings of a record live in the arena that was passed; absent text
 * is NULL. Reads fail with ERR_NOT_FOUND where one thing was asked for, or ERR_IO.
 * Text given to the store is UTF-8 without NUL; times are Unix milliseconds. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/point.h"
#include "core/query.h"
#include "core/record.h"
#include "store/notes.h"

struct store;

/* Opens directory/trainyard.db, made if absent, migrated if older (a copy is left beside it, named
 * trainyard.db.before-NNNN). ERR_CONFLICT: another server uses the directory. ERR_INPUT: a network
 * file system. ERR_UNSUPPORTED: the database is newer than this program, or SQLite is too old. */
struct store *store_open_sqlite(const char *directory, struct err *e);
struct store *store_open_memory(void);
/* The next commit of a memory store fails with this kind: for tests of whoever uses a store. */
void store_memory_fail_commit(struct store *s, enum err_kind kind);
void store_close(struct store *s); /* rolls back what is open; NULL is fine */

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e); /* ends the transaction either way */
void store_rollback(struct store *s);             /* harmless without a transaction */
bool store_in_transaction(const struct store *s);

/* True from a full disk until there is room again. Meanwhile new jobs and points are refused with
 * ERR_DISK_FULL and the transaction goes on without them, so that the little that is left (a
 * reserve of 1 MiB, given up when the disk is full) can hold the ends of running jobs.
 * store_begin looks whether there is room again. */
bool store_disk_is_full(const struct store *s);
/* True when the open transaction can no longer be committed. */
bool store_transaction_is_lost(const struct store *s);

/* A number for job.arrival, above all that were ever stored. Needs no transaction; a number that is
 * not stored may come again after a restart. */
uint64_t store_arrival_next(struct store *s);

/* Writes. */
int store_job_insert(struct store *s, const struct job_record *r, struct err *e);
int store_job_update(struct store *s, const struct job *j, struct err *e);
int store_progress_put(struct store *s, const char *job_id, const struct job_progress *p,
	struct err *e);
int store_attempt_put(struct store *s, const struct attempt_record *a, struct err *e); /* upsert */
/* A later point replaces the one of the same key and step. All or none of the n are written. */
int store_points_put(struct store *s, const char *job_id, const struct point *points, size_t n,
	struct err *e);
int store_offset_put(struct store *s, const char *job_id, const char *source,
	const struct store_offset *at, struct err *e);
int store_event_append(struct store *s, const struct store_event *event, struct err *e);
/* ERR_CONFLICT when the owner used the key less than 24 hours before its created_wall_ms. */
int store_idempotency_put(struct store *s, const struct store_idempotency *i, struct err *e);
int store_idempotency_expire(struct store *s, int64_t now_wall_ms, struct err *e);
int store_token_put(struct store *s, const struct store_token *t,
	struct err *e); /* by id; upsert */
int store_user_put(struct store *s, const struct store_user *u,
	struct err *e); /* by name; upsert */

/* Jobs. A record from store_job_get is whole; elsewhere env_json and config_json stay NULL. */
int store_job_get(struct store *s, const char *id, struct arena *a, struct job_record **r,
	struct err *e);
int store_job_list(struct store *s, const struct job_query *q, struct arena *a,
	struct job_page *page, struct err *e);
/* All incomplete jobs by rising arrival. The record lives during the call only; a visitor that
 * fills *e and returns -1 ends the walk, which then returns -1. No store call from inside. */
typedef int store_job_visit(void *context, const struct job_record *r, struct err *e);
int store_jobs_incomplete(struct store *s, store_job_visit *visit, void *context, struct err *e);

/* Attempts of a job by rising number; no job or no attempt is an empty list. */
int store_attempts(struct store *s, const char *job_id, struct arena *a,
	struct attempt_record **attempts, size_t *count, struct err *e);
int store_attempt_latest(struct store *s, const char *job_id, struct attempt_record *attempt,
	struct err *e);

/* Points by step, then key; limit keeps those of the highest steps. */
int store_points_get(struct store *s, const char *job_id, const struct point_query *q,
	struct arena *a, struct point **points, size_t *count, struct err *e);
/* The point of the highest step of every key, by key. */
int store_points_last(struct store *s, const char *job_id, struct arena *a, struct point **points,
	size_t *count, struct err *e);

/* A source that was never followed is at {0}, not an error. */
int store_offset_get(struct store *s, const char *job_id, const char *source,
	struct store_offset *at, struct err *e);
/* Events after after_seq in order, at most limit; job_id NULL = of all jobs. */
int store_events(struct store *s, const char *job_id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e);
/* ERR_NOT_FOUND also when it is older than 24 hours. */
int store_idempotency_get(struct store *s, const char *owner, const char *key, int64_t now_wall_ms,
	struct store_idempotency *i, struct err *e);
/* Found whether expired or revoked or not: judging is the caller's. */
int store_token_by_hash(struct store *s, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e);
int store_tokens(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e);
int store_user_get(struct store *s, const char *name, struct store_user *u, struct err *e);
int store_users(struct store *s, struct arena *a, struct store_user **users, size_t *count,
	struct err *e);

#endif
