/* store/migrate.c -- see migrate.h. */
#include "store/migrate.h"

#include <assert.h>
#include <stdint.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/columns.h"

#define APPLICATION_ID 0x54594152 /* "TYAR" in the file's header: this is ours */

static int fail(sqlite3 *db, const char *doing, struct err *e)
{
	int rc = sqlite3_errcode(db) & 0xff;
	enum err_kind kind = rc == SQLITE_FULL                ? ERR_DISK_FULL
		: rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN ? ERR_IO
		: rc == SQLITE_NOTADB                         ? ERR_UNSUPPORTED
							      : ERR_INTERNAL;
	return err_set(e, kind, "cannot %s: %s", doing, sqlite3_errmsg(db));
}

static int exec(sqlite3 *db, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, doing, e);
	return 0;
}

static int pragma_get(sqlite3 *db, const char *sql, int64_t *value, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW) {
		fail(db, "read the database", e);
		sqlite3_finalize(stmt);
		return -1;
	}
	*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return 0;
}

/* Copies the whole database, log included, durably. */
static int copy(sqlite3 *db, const char *to, struct err *e)
{
	sqlite3 *other = NULL;
	unlink(to);
	int result = -1;
	sqlite3_backup *backup = NULL;
	if (sqlite3_open(to, &other) == SQLITE_OK)
		backup = sqlite3_backup_init(other, "main", db, "main");
	if (backup) {
		sqlite3_backup_step(backup, -1);
		if (sqlite3_backup_finish(backup) == SQLITE_OK)
			result = 0;
	}
	if (result < 0) {
		fail(other, "copy the database before it is migrated", e);
		unlink(to);
	}
	sqlite3_close(other);
	return result;
}

static int apply(sqlite3 *db, const struct migration *m, struct err *e)
{
	AUTO_BUF sql = { 0 };
	buf_text(&sql, "BEGIN IMMEDIATE;");
	sql_expand(&sql, m->sql);
	buf_format(&sql, ";PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		APPLICATION_ID, m->version);
	if (sqlite3_exec(db, sql.bytes, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	fail(db, "change the database", e);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	struct err cause = *e;
	return err_set(e, cause.kind, "migration %04d-%s failed and was undone: %s", m->version,
		m->name, cause.text);
}

/* An empty file has no application id yet. */
static int check_is_ours(sqlite3 *db, const char *path, int64_t version, struct err *e)
{
	int64_t application, objects;
	if (pragma_get(db, "PRAGMA application_id", &application, e) < 0 ||
		pragma_get(db, "SELECT count(*) FROM sqlite_schema", &objects, e) < 0)
		return -1;
	if (application == APPLICATION_ID || (application == 0 && version == 0 && objects == 0))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "%s is the database of another program", path);
}

int migrate(sqlite3 *db, const char *path, const struct migration *list, int count, struct err *e)
{
	int64_t version;
	if (pragma_get(db, "PRAGMA user_version", &version, e) < 0 ||
		check_is_ours(db, path, version, e) < 0)
		return -1;
	if (version > count)
		return err_set(e, ERR_UNSUPPORTED,
			"%s was written by a newer trainyard (version %d of its tables; this "
			"program knows %d): start that one, or restore the copy that was taken "
			"before",
			path, (int)version, count);
	if (version == count)
		return 0;
	if (version > 0) {
		AUTO_BUF to = { 0 };
		buf_format(&to, "%s.before-%04d", path, count);
		if (copy(db, to.bytes, e) < 0)
			return -1;
		log_info("the database is older than this program: copied to %s", to.bytes);
	}
	for (int i = (int)version; i < count; i++) {
		assert(list[i].version == i + 1);
		if (apply(db, &list[i], e) < 0)
			return -1;
	}
	return exec(db, "PRAGMA wal_checkpoint", "finish the migration", e);
}
