/* store/sqlite_notes.c -- events, idempotency keys, tokens, users: see store.h. */
#include <string.h>

#include "store/sqlite.h"

static int put(struct sqlite_store *s, enum statement which, const struct columns *columns,
	const void *from, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, which, e);
	if (!stmt)
		return -1;
	int at = 1;
	columns_bind(columns, stmt, &at, from);
	return sqlite_run(s, stmt, e);
}

/* All rows of a statement of the reader, as an array of size_bytes each in the arena. */
static int get_all(struct sqlite_store *s, enum statement which, const struct columns *columns,
	size_t size_bytes, struct arena *a, void *array, size_t *count, struct err *e)
{
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, which, e) : NULL;
	if (!stmt)
		return -1;
	AUTO_BUF found = { 0 };
	AUTO_BUF one = { 0 };
	buf_reserve(&one, size_bytes);
	int row;
	while ((row = sqlite_next(s, stmt, e)) > 0) {
		int at = 0;
		memset(one.bytes, 0, size_bytes);
		columns_read(columns, stmt, &at, one.bytes, a);
		buf_add(&found, one.bytes, size_bytes);
	}
	if (row < 0)
		return -1;
	*count = found.length_bytes / size_bytes;
	*(void **)array = arena_copy(a, found.bytes, found.length_bytes);
	return 0;
}

/* 1 = read into `to`, 0 = no such row. */
static int get_one(struct sqlite_store *s, sqlite3_stmt *stmt, const struct columns *columns,
	void *to, struct err *e)
{
	int row = sqlite_next(s, stmt, e);
	if (row > 0) {
		int at = 0;
		columns_read(columns, stmt, &at, to, NULL);
		sqlite3_reset(stmt);
	}
	return row;
}

int sqlite_event_append(struct store *s, const struct store_event *event, struct err *e)
{
	return put(sqlite_of(s), STATEMENT_EVENT_APPEND, &columns_event, event, e);
}

int sqlite_events(struct store *store, const char *id, int64_t after_seq, int64_t limit,
	struct arena *a, struct store_event **events, size_t *count, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct connection *c = sqlite_reader(s, e);
	enum statement which = id ? STATEMENT_EVENTS_OF_JOB : STATEMENT_EVENTS_ALL;
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, which, e) : NULL;
	if (!stmt)
		return -1;
	int at = 1;
	if (id)
		sqlite3_bind_text(stmt, at++, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, at++, after_seq);
	sqlite3_bind_int64(stmt, at, limit);
	AUTO_BUF found = { 0 };
	int row;
	while ((row = sqlite_next(s, stmt, e)) > 0) {
		struct store_event event = { .seq = sqlite3_column_int64(stmt, 0) };
		int column = 1;
		columns_read(&columns_event, stmt, &column, &event, a);
		buf_add(&found, &event, sizeof(event));
	}
	if (row < 0)
		return -1;
	*count = found.length_bytes / sizeof(struct store_event);
	*events = (struct store_event *)arena_copy(a, found.bytes, found.length_bytes);
	return 0;
}

/* An expired key is replaced; a live one leaves the row, and so changes nothing. */
int sqlite_idempotency_put(struct store *store, const struct store_idempotency *i, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_IDEMPOTENCY_PUT, e);
	if (!stmt)
		return -1;
	int at = 1;
	columns_bind(&columns_idempotency, stmt, &at, i);
	sqlite3_bind_int64(stmt, at, i->created_wall_ms - STORE_IDEMPOTENCY_MS);
	if (sqlite_run(s, stmt, e) < 0)
		return -1;
	if (sqlite3_changes(s->writer.db) == 0)
		return err_set(e, ERR_CONFLICT, "the idempotency key %s was used already", i->key);
	return 0;
}

int sqlite_idempotency_expire(struct store *store, int64_t now_wall_ms, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_IDEMPOTENCY_EXPIRE, e);
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, now_wall_ms - STORE_IDEMPOTENCY_MS);
	return sqlite_run(s, stmt, e);
}

int sqlite_idempotency_get(struct store *store, const char *owner, const char *key,
	struct store_idempotency *i, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_IDEMPOTENCY_GET, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, owner, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);
	int row = get_one(s, stmt, &columns_idempotency, i, e);
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "the idempotency key %s was never used", key);
	return row < 0 ? -1 : 0;
}

int sqlite_token_put(struct store *s, const struct store_token *t, struct err *e)
{
	return put(sqlite_of(s), STATEMENT_TOKEN_PUT, &columns_token, t, e);
}

int sqlite_token_by_hash(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
	struct store_token *t, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_TOKEN_BY_HASH, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_blob(stmt, 1, hash, STORE_HASH_BYTES, SQLITE_STATIC);
	int row = get_one(s, stmt, &columns_token, t, e);
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such token");
	return row < 0 ? -1 : 0;
}

int sqlite_tokens(struct store *s, struct arena *a, struct store_token **tokens, size_t *count,
	struct err *e)
{
	return get_all(sqlite_of(s), STATEMENT_TOKENS, &columns_token, sizeof(**tokens), a, tokens,
		count, e);
}

int sqlite_user_put(struct store *s, const struct store_user *u, struct err *e)
{
	return put(sqlite_of(s), STATEMENT_USER_PUT, &columns_user, u, e);
}

int sqlite_user_get(struct store *store, const char *name, struct store_user *u, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_USER_GET, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	int row = get_one(s, stmt, &columns_user, u, e);
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no user named %s", name);
	return row < 0 ? -1 : 0;
}

int sqlite_users(struct store *s, struct arena *a, struct store_user **users, size_t *count,
	struct err *e)
{
	return get_all(sqlite_of(s), STATEMENT_USERS, &columns_user, sizeof(**users), a, users,
		count, e);
}
