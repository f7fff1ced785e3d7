/* store/columns.h -- which field of which struct is which column: one list for each, from which
 * INSERT, UPDATE, SELECT, bind and decode are made. Private to this room.
 *
 * A list that names a column which the database lacks makes the store fail to open: a new field
 * needs a migration. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

#define COLUMN_KINDS(X)                                                              \
	X(TEXT)         /* char field[] */                                           \
	X(POINTER)      /* const char *, NULL is NULL */                             \
	X(I32) X(I64) X(U32) X(U64) X(BOOL)                                          \
	X(NUMBER)       /* double, not a number is NULL */                           \
	X(HASH)         /* uint8_t [32] */                                           \
	X(STATE) X(REASON) X(PHASE) X(PAUSE) /* enums of core/job.h, by their words */

enum column_kind {
#define X(kind) COLUMN_##kind,
	COLUMN_KINDS(X)
#undef X
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset_bytes;
	size_t size_bytes;
};

struct columns {
	const char *name; /* in the placeholders of sql_expand */
	const struct column *list;
	int count;
};

extern const struct columns columns_control;  /* of struct job */
extern const struct columns columns_spec;     /* of struct job_spec */
extern const struct columns columns_inputs;   /* of struct job_spec: the large ones */
extern const struct columns columns_progress; /* of struct job_progress */
extern const struct columns columns_attempt;  /* of struct attempt_record */
extern const struct columns columns_event;
extern const struct columns columns_idempotency;
extern const struct columns columns_token;
extern const struct columns columns_user;

/* Binds all columns from parameter *at on, and moves *at behind them. Text is not copied: `from`
 * must stay until the statement was stepped. An SQLite result code. */
int columns_bind(const struct columns *c, sqlite3_stmt *stmt, int *at, const void *from);

/* Reads all columns from result column *at on. Text of pointers is copied into the arena. */
void columns_read(const struct columns *c, sqlite3_stmt *stmt, int *at, void *to, struct arena *a);

/* Appends sql to out with its placeholders replaced:
 *   @states@          'queued', 'pending', ...   @incomplete@  those of them that are not terminal
 *   @control.names@   "id", "status", ...        @control.slots@    ?, ?, ...
 *   @control.sets@    "id" = ?, ...              @control.excluded@ "id" = excluded."id", ...
 * and so for every list. An unknown placeholder is a bug. */
void sql_expand(struct buf *out, const char *sql);

#endif
