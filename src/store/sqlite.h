/* store/sqlite.h -- what the files of the SQLite store share; private to this room.
 *
 * One connection writes and is the only one that checkpoints; one reads and never writes, so it
 * sees what is committed. After an I/O error a connection is closed, and opened again when it is
 * next needed: a failed fsync is never tried again on the same connection. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "base/map.h"
#include "store/columns.h"
#include "store/ops.h"

/* Every statement, prepared when first used and kept. Placeholders: see columns.h. */
#define STATEMENTS(X)                                                                            \
	X(BEGIN, "BEGIN IMMEDIATE")                                                              \
	X(COMMIT, "COMMIT")                                                                      \
	X(ROLLBACK, "ROLLBACK")                                                                  \
	X(ARRIVAL_MAX, "SELECT max(arrival) FROM local_training_jobs WHERE status = ?")          \
	X(JOB_NUMBER, "SELECT number, status, user_id, arrival "                                 \
		"FROM local_training_jobs WHERE id = ?")                                         \
	X(JOB_INSERT, "INSERT INTO local_training_jobs (@control.names@, @spec.names@, "         \
		"@progress.names@) VALUES (@control.slots@, @spec.slots@, @progress.slots@)")    \
	X(INPUTS_INSERT, "INSERT INTO job_inputs (@inputs.names@, job) "                         \
		"VALUES (@inputs.slots@, ?)")                                                    \
	X(JOB_UPDATE, "UPDATE local_training_jobs SET @control.sets@ WHERE number = ?")          \
	X(PROGRESS_UPDATE, "UPDATE local_training_jobs SET @progress.sets@ WHERE number = ?")    \
	X(JOB_GET, "SELECT @control.names@, @spec.names@, @progress.names@, @inputs.names@ "     \
		"FROM local_training_jobs LEFT JOIN job_inputs ON job = number WHERE id = ?")    \
	X(JOB_BY_NUMBER, "SELECT @control.names@, @spec.names@, @progress.names@ "               \
		"FROM local_training_jobs WHERE number = ?")                                     \
	X(JOBS_COUNTED, "SELECT user_id, status, arrival FROM local_training_jobs "              \
		"INDEXED BY jobs_by_owner ORDER BY 1, 2, 3")                                     \
	X(ATTEMPT_PUT, "INSERT INTO attempts (@attempt.names@, job) VALUES (@attempt.slots@, ?) " \
		"ON CONFLICT (job, attempt) DO UPDATE SET @attempt.excluded@")                   \
	X(ATTEMPTS, "SELECT @attempt.names@ FROM attempts "                                      \
		"WHERE job = (SELECT number FROM local_training_jobs WHERE id = ?) "             \
		"ORDER BY attempt")                                                              \
	X(ATTEMPT_LATEST, "SELECT @attempt.names@ FROM attempts "                                \
		"WHERE job = (SELECT number FROM local_training_jobs WHERE id = ?) "             \
		"ORDER BY attempt DESC LIMIT 1")                                                 \
	X(KEY_GET, "SELECT key FROM metric_keys WHERE name = ?")                                 \
	X(KEY_INSERT, "INSERT INTO metric_keys (name) VALUES (?)")                               \
	X(POINT_PUT, "INSERT OR REPLACE INTO points (job, key, step, value, at) "                \
		"VALUES (?, ?, ?, ?, ?)")                                                        \
	X(KEY_NEXT, "SELECT key, name FROM metric_keys WHERE key = "                             \
		"(SELECT min(key) FROM points WHERE job = ? AND key > ?)")                       \
	X(POINTS_OF_KEY, "SELECT step, value, at FROM points WHERE job = ? AND key = ? "         \
		"AND step BETWEEN ? AND ? ORDER BY step DESC LIMIT ?")                           \
	X(OFFSET_PUT, "INSERT OR REPLACE INTO followed_files "                                   \
		"(job, source, offset_bytes, inode, epoch) VALUES (?, ?, ?, ?, ?)")              \
	X(OFFSET_GET, "SELECT offset_bytes, inode, epoch FROM followed_files "                   \
		"WHERE job = (SELECT number FROM local_training_jobs WHERE id = ?) "             \
		"AND source = ?")                                                                \
	X(EVENT_APPEND, "INSERT INTO events (@event.names@) VALUES (@event.slots@)")             \
	X(EVENTS_OF_JOB, "SELECT seq, @event.names@ FROM events "                                \
		"WHERE job_id = ? AND seq > ? ORDER BY seq LIMIT ?")                             \
	X(EVENTS_ALL, "SELECT seq, @event.names@ FROM events WHERE seq > ? ORDER BY seq LIMIT ?") \
	X(IDEMPOTENCY_GET, "SELECT @idempotency.names@ FROM idempotency_keys "                   \
		"WHERE owner = ? AND key = ?")                                                   \
	X(IDEMPOTENCY_PUT, "INSERT INTO idempotency_keys (@idempotency.names@) "                 \
		"VALUES (@idempotency.slots@) ON CONFLICT (owner, key) "                         \
		"DO UPDATE SET @idempotency.excluded@ WHERE created_at <= ?")                    \
	X(IDEMPOTENCY_EXPIRE, "DELETE FROM idempotency_keys WHERE created_at <= ?")              \
	X(TOKEN_PUT, "INSERT INTO tokens (@token.names@) VALUES (@token.slots@) "                \
		"ON CONFLICT (id) DO UPDATE SET @token.excluded@")                               \
	X(TOKEN_BY_HASH, "SELECT @token.names@ FROM tokens WHERE hash = ?")                      \
	X(TOKENS, "SELECT @token.names@ FROM tokens ORDER BY created_at, id")                    \
	X(USER_PUT, "INSERT INTO users (@user.names@) VALUES (@user.slots@) "                    \
		"ON CONFLICT (name) DO UPDATE SET @user.excluded@")                              \
	X(USER_GET, "SELECT @user.names@ FROM users WHERE name = ?")                             \
	X(USERS, "SELECT @user.names@ FROM users ORDER BY name")

enum statement {
#define X(name, sql) STATEMENT_##name,
	STATEMENTS(X)
#undef X
	STATEMENT_COUNT
};

/* Jobs of one owner by state, in all and for every block of arrivals, so that a page far down the
 * list is found by adding up. The sum of all owners has no name. */
#define COUNT_BLOCK 4096
#define COUNT_BLOCKS_MAX (1u << 16)

struct job_block {
	int32_t count[JOB_STATE_COUNT];
};

struct job_counts {
	char *owner;
	int64_t count[JOB_STATE_COUNT];
	struct job_block *blocks; /* of arrivals from i * COUNT_BLOCK on */
	size_t block_count;
};

struct count_change {
	struct job_counts *of;
	enum job_state state;
	uint64_t arrival;
	int by;
};

struct connection {
	sqlite3 *db; /* NULL = closed, to be opened when needed */
	bool broken; /* close it before its next use */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	/* Streams of (number, arrival), newest first, one a state; [1] of one owner. */
	sqlite3_stmt *streams[2][JOB_STATE_COUNT];
};

struct sqlite_store {
	struct store base;
	char *directory;
	char *path;
	int lock_fd;
	struct connection writer;
	struct connection reader;
	int wal_pages;            /* in the log after the latest commit */
	int checkpoint_due_pages; /* move the log into the database from there on */

	bool disk_is_full;
	bool reserve_is_there;

	uint64_t arrival_latest;
	struct map counts; /* owner -> struct job_counts */
	struct job_counts counts_all;
	bool arrivals_are_sparse;     /* too far apart for blocks: pages are found by walking */
	struct count_change *changes; /* of this transaction */
	size_t change_count, change_room;

	struct map keys; /* metric key -> its number; a copy of metric_keys */
	struct arena key_names;
};

static inline struct sqlite_store *sqlite_of(struct store *s)
{
	return (struct sqlite_store *)s;
}

/* sqlite.c: connections and statements. */

/* Turns an SQLite error into words and marks the connection when it must not be used again. */
int sqlite_fail(struct sqlite_store *s, sqlite3 *db, const char *doing, struct err *e);
/* A statement of the connection, ready to bind; NULL and *e when it cannot be made. */
sqlite3_stmt *sqlite_use(struct sqlite_store *s, struct connection *c, enum statement which,
	struct err *e);
/* 1 = a row, 0 = no more (the statement is reset), -1 = failed (reset too). */
int sqlite_next(struct sqlite_store *s, sqlite3_stmt *stmt, struct err *e);
/* Steps a statement without rows; 0 or -1. ERR_CONFLICT when a constraint refused it. */
int sqlite_run(struct sqlite_store *s, sqlite3_stmt *stmt, struct err *e);
/* The reader, opened again if it broke. NULL and *e when that fails. */
struct connection *sqlite_reader(struct sqlite_store *s, struct err *e);

/* A row that must exist, of the writer's view: its number, and if wanted how it is counted.
 * ERR_NOT_FOUND. */
int sqlite_job_number(struct sqlite_store *s, const char *id, int64_t *number,
	struct count_change *counted, struct err *e);

/* sqlite_open.c */

int connection_open(struct sqlite_store *s, struct connection *c, bool writes, struct err *e);
void connection_close(struct connection *c);
/* Remakes the reserve when the disk has room again; clears disk_is_full. */
void reserve_restore(struct sqlite_store *s);
void reserve_release(struct sqlite_store *s);

/* sqlite_jobs.c, sqlite_list.c, sqlite_points.c, sqlite_notes.c: entries of the ops table. */
int sqlite_job_insert(struct store *s, const struct job_record *r, struct err *e);
int sqlite_job_update(struct store *s, const struct job *j, struct err *e);
int sqlite_progress_put(struct store *s, const char *id, const struct job_progress *p,
	struct err *e);
int sqlite_attempt_put(struct store *s, const struct attempt_record *a, struct err *e);
int sqlite_job_get(struct store *s, const char *id, struct arena *a, struct job_record **r,
	struct err *e);
int sqlite_jobs_incomplete(struct store *s, store_job_visit *visit, void *context, struct err *e);
int sqlite_attempts(struct store *s, const char *id, struct arena *a,
	struct attempt_record **attempts, size_t *count, struct err *e);
int sqlite_attempt_latest(struct store *s, const char *id, struct attempt_record *attempt,
	struct err *e);
/* The first columns of a row are a job's; env and config come where whole is true. */
void sqlite_read_job(sqlite3_stmt *stmt, struct job_record *r, bool whole, struct arena *a);

int sqlite_job_list(struct store *s, const struct job_query *q, struct arena *a,
	struct job_page *page, struct err *e);
/* Calls visit with the number of every job in these states, of this owner (NULL = all), newest
 * first; stops when it returns false. */
typedef bool number_visit(void *context, int64_t number);
int sqlite_stream(struct sqlite_store *s, unsigned states, const char *owner,
	uint64_t before_arrival, number_visit *visit, void *context, struct err *e);
int counts_load(struct sqlite_store *s, struct err *e);
void counts_change(struct sqlite_store *s, struct count_change change);
void counts_commit(struct sqlite_store *s);
void counts_finish(struct sqlite_store *s);
struct job_counts *counts_of(struct sqlite_store *s, const char *owner);

int sqlite_points_put(struct store *s, const char *id, const struct point *p, size_t n,
	struct err *e);
int sqlite_points_get(struct store *s, const char *id, const struct point_query *q, struct arena *a,
	struct point **points, size_t *count, struct err *e);
int sqlite_points_last(struct store *s, const char *id, struct arena *a, struct point **points,
	size_t *count, struct err *e);
int sqlite_offset_put(struct store *s, const char *id, const char *source,
	const struct store_offset *at, struct err *e);
int sqlite_offset_get(struct store *s, const char *id, const char *source, struct store_offset *at,
	struct err *e);
void keys_forget(struct sqlite_store *s);

int sqlite_event_append(struct store *s, const struct store_event *event, struct err *e);
int sqlite_events(struct store *s, const char *id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e);
int sqlite_idempotency_put(struct store *s, const struct store_idempotency *i, struct err *e);
int sqlite_idempotency_expire(struct store *s, int64_t now_wall_ms, struct err *e);
int sqlite_idempotency_get(struct store *s, const char *owner, const char *key,
	struct store_idempotency *i, struct err *e);
int sqlite_token_put(struct store *s, const struct store_token *t, struct err *e);
int sqlite_token_by_hash(struct store *s, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e);
int sqlite_tokens(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e);
int sqlite_user_put(struct store *s, const struct store_user *u, struct err *e);
int sqlite_user_get(struct store *s, const char *name, struct store_user *u, struct err *e);
int sqlite_users(struct store *s, struct arena *a, struct store_user **users, size_t *count,
	struct err *e);

#endif
