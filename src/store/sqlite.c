/* store/sqlite.c -- transactions, statements and what goes wrong with them: see sqlite.h. */
#include "store/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/directory.h"

/* Pages of the log (4 KiB each) after which it is moved into the database. */
#define CHECKPOINT_PAGES 1000

static const char *const statement_sql[STATEMENT_COUNT] = {
#define X(name, sql) [STATEMENT_##name] = sql,
	STATEMENTS(X)
#undef X
};

static enum err_kind kind_of(int code, int system_errno)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return system_errno == ENOSPC || system_errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
			? ERR_CONFLICT
			: ERR_INTERNAL;
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_ERROR:
		return ERR_INTERNAL;
	default:
		return ERR_IO;
	}
}

int sqlite_fail(struct sqlite_store *s, sqlite3 *db, const char *doing, struct err *e)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_CANTOPEN;
	if ((code & 0xff) == SQLITE_NOMEM)
		mem_exhausted(0);
	int system_errno = db ? sqlite3_system_errno(db) : 0;
	enum err_kind kind = kind_of(code, system_errno);
	bool is_writer = db && db == s->writer.db;
	/* A full disk is found before anything is synced: the connection is still good. */
	if ((code & 0xff) != SQLITE_FULL && kind != ERR_CONFLICT) {
		if (is_writer)
			s->writer.broken = true;
		else
			s->reader.broken = true;
	}
	err_set(e, kind, "cannot %s %s: %s (SQLite %d)", doing, s->path,
		db ? sqlite3_errmsg(db) : "it is not open", code);
	e->sys_errno = system_errno;
	if (kind == ERR_DISK_FULL && is_writer) {
		s->disk_is_full = true;
		reserve_release(s);
	}
	return -1;
}

static sqlite3_stmt *prepare(struct sqlite_store *s, struct connection *c, const char *text,
	struct err *e)
{
	AUTO_BUF sql = { 0 };
	sql_expand(&sql, text);
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v3(c->db, sql.bytes, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
		SQLITE_OK)
		sqlite_fail(s, c->db, "use", e);
	return stmt;
}

sqlite3_stmt *sqlite_use(struct sqlite_store *s, struct connection *c, enum statement which,
	struct err *e)
{
	sqlite3_stmt **stmt = &c->statements[which];
	if (!*stmt)
		*stmt = prepare(s, c, statement_sql[which], e);
	return *stmt;
}

int sqlite_next(struct sqlite_store *s, sqlite3_stmt *stmt, struct err *e)
{
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		sqlite_fail(s, sqlite3_db_handle(stmt), "read", e);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int sqlite_run(struct sqlite_store *s, sqlite3_stmt *stmt, struct err *e)
{
	int rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		sqlite_fail(s, sqlite3_db_handle(stmt), "write", e);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

struct connection *sqlite_reader(struct sqlite_store *s, struct err *e)
{
	struct connection *c = &s->reader;
	if (c->broken)
		connection_close(c);
	if (!c->db && connection_open(s, c, false, e) < 0)
		return NULL;
	return c;
}

static int writer_exec(struct sqlite_store *s, enum statement which, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, which, e);
	return stmt ? sqlite_run(s, stmt, e) : -1;
}

/* Drops what the transaction changed here and there, and a connection that failed with it. */
static void abandon(struct sqlite_store *s)
{
	struct err ignored;
	struct connection *c = &s->writer;
	if (c->db && !c->broken && !sqlite3_get_autocommit(c->db))
		writer_exec(s, STATEMENT_ROLLBACK, &ignored);
	if (c->broken)
		connection_close(c);
	s->change_count = 0;
	keys_forget(s);
}

static int begin(struct store *store, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	if (s->writer.broken)
		connection_close(&s->writer);
	if (!s->writer.db && connection_open(s, &s->writer, true, e) < 0)
		return -1;
	if (s->disk_is_full)
		reserve_restore(s);
	if (writer_exec(s, STATEMENT_BEGIN, e) == 0)
		return 0;
	abandon(s);
	return -1;
}

/* The transaction that made this due is safe already: a failure here is told to the operator only,
 * and tried again after as many pages more. */
static void checkpoint(struct sqlite_store *s)
{
	if (s->wal_pages < s->checkpoint_due_pages)
		return;
	int rc = sqlite3_wal_checkpoint_v2(s->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
		NULL);
	s->checkpoint_due_pages = CHECKPOINT_PAGES;
	if (rc == SQLITE_OK || rc == SQLITE_BUSY)
		return;
	struct err e;
	sqlite_fail(s, s->writer.db, "move the log into", &e);
	log_warn("%s", e.text);
	s->checkpoint_due_pages = s->wal_pages + CHECKPOINT_PAGES;
	if (s->writer.broken)
		connection_close(&s->writer);
}

static int commit(struct store *store, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	if (writer_exec(s, STATEMENT_COMMIT, e) < 0) {
		abandon(s);
		return -1;
	}
	counts_commit(s);
	checkpoint(s);
	return 0;
}

static void rollback(struct store *store)
{
	abandon(sqlite_of(store));
}

static bool disk_is_full(const struct store *store)
{
	return ((const struct sqlite_store *)store)->disk_is_full;
}

static uint64_t arrival_next(struct store *store)
{
	return ++sqlite_of(store)->arrival_latest;
}

static int load_arrival(struct sqlite_store *s, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->reader, STATEMENT_ARRIVAL_MAX, e);
	for (int state = 0; stmt && state < JOB_STATE_COUNT; state++) {
		const char *word = job_state_name((enum job_state)state);
		sqlite3_bind_text(stmt, 1, word, -1, SQLITE_STATIC);
		if (sqlite_next(s, stmt, e) < 0)
			return -1;
		uint64_t arrival = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (arrival > s->arrival_latest)
			s->arrival_latest = arrival;
		sqlite3_reset(stmt);
	}
	return stmt ? 0 : -1;
}

int sqlite_job_number(struct sqlite_store *s, const char *id, int64_t *number,
	struct count_change *counted, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_JOB_NUMBER, e);
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	int row = sqlite_next(s, stmt, e);
	if (row < 0)
		return -1;
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "no job has the id %s", id);
	*number = sqlite3_column_int64(stmt, 0);
	if (counted) {
		int was = job_state_of(str_of((const char *)sqlite3_column_text(stmt, 1)));
		counted->state = was < 0 ? JOB_QUEUED : (enum job_state)was;
		counted->of = counts_of(s, (const char *)sqlite3_column_text(stmt, 2));
		counted->arrival = (uint64_t)sqlite3_column_int64(stmt, 3);
	}
	sqlite3_reset(stmt);
	return 0;
}

static void sqlite_close(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);
	connection_close(&s->reader);
	connection_close(&s->writer);
	counts_finish(s);
	keys_forget(s);
	map_finish(&s->keys);
	arena_finish(&s->key_names);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->directory);
	free(s->path);
	free(s);
}

static const struct store_ops ops = {
	.close = sqlite_close,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.disk_is_full = disk_is_full,
	.arrival_next = arrival_next,
	.job_insert = sqlite_job_insert,
	.job_update = sqlite_job_update,
	.progress_put = sqlite_progress_put,
	.attempt_put = sqlite_attempt_put,
	.points_put = sqlite_points_put,
	.offset_put = sqlite_offset_put,
	.event_append = sqlite_event_append,
	.idempotency_put = sqlite_idempotency_put,
	.idempotency_expire = sqlite_idempotency_expire,
	.token_put = sqlite_token_put,
	.user_put = sqlite_user_put,
	.job_get = sqlite_job_get,
	.job_list = sqlite_job_list,
	.jobs_incomplete = sqlite_jobs_incomplete,
	.attempts = sqlite_attempts,
	.attempt_latest = sqlite_attempt_latest,
	.points_get = sqlite_points_get,
	.points_last = sqlite_points_last,
	.offset_get = sqlite_offset_get,
	.events = sqlite_events,
	.idempotency_get = sqlite_idempotency_get,
	.token_by_hash = sqlite_token_by_hash,
	.tokens = sqlite_tokens,
	.user_get = sqlite_user_get,
	.users = sqlite_users,
};

static int open_parts(struct sqlite_store *s, struct err *e)
{
	s->lock_fd = directory_take(s->directory, e);
	if (s->lock_fd < 0)
		return -1;
	if (connection_open(s, &s->writer, true, e) < 0 ||
		connection_open(s, &s->reader, false, e) < 0)
		return -1;
	reserve_restore(s);
	if (load_arrival(s, e) < 0)
		return -1;
	return counts_load(s, e);
}

struct store *store_open_sqlite(const char *directory, struct err *e)
{
	struct err spare;
	struct sqlite_store *s = mem_alloc(sizeof(*s));
	s->base.ops = &ops;
	s->directory = mem_string(directory);
	s->lock_fd = -1;
	s->checkpoint_due_pages = CHECKPOINT_PAGES;
	struct buf path = { 0 };
	buf_format(&path, "%s/trainyard.db", directory);
	s->path = buf_take(&path);
	if (open_parts(s, e ? e : &spare) == 0)
		return &s->base;
	sqlite_close(&s->base);
	return NULL;
}
