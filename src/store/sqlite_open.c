/* store/sqlite_open.c -- opening and closing connections, and the reserve: see sqlite.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/scope.h"
#include "store/migrate.h"
#include "store/sqlite.h"

#define SQLITE_LEAST 3037000 /* STRICT tables */

/* A file that takes up room while there is some: given up when the disk is full, so that the ends
 * of running jobs can still be written. A help, not a promise: others may be faster. */
#define RESERVE_BYTES (1 << 20)
#define RESERVE_ROOM_BYTES (4 * (int64_t)RESERVE_BYTES)

static int pragma(struct sqlite_store *s, struct connection *c, const char *sql, struct err *e)
{
	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(s, c->db, "open", e);
	return 0;
}

static int note_wal_pages(void *context, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_store *s = context;
	s->wal_pages = pages;
	return SQLITE_OK;
}

static int create_private(struct sqlite_store *s, struct err *e)
{
	AUTO_CLOSE int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_IO, "cannot open %s", s->path);
	return 0;
}

/* The hook takes the place of SQLite's own checkpoints: see checkpoint() in sqlite.c. */
static int prepare_writer(struct sqlite_store *s, struct connection *c, struct err *e)
{
	if (pragma(s, c, "PRAGMA journal_mode = WAL", e) < 0 ||
		pragma(s, c, "PRAGMA synchronous = FULL", e) < 0 ||
		pragma(s, c, "PRAGMA journal_size_limit = 67108864", e) < 0)
		return -1;
	if (migrate(c->db, s->path, migrations, migration_count, e) < 0)
		return -1;
	sqlite3_wal_hook(c->db, note_wal_pages, s);
	return pragma(s, c, "PRAGMA foreign_keys = ON", e);
}

int connection_open(struct sqlite_store *s, struct connection *c, bool writes, struct err *e)
{
	if (sqlite3_libversion_number() < SQLITE_LEAST)
		return err_set(e, ERR_UNSUPPORTED, "SQLite %s is too old: 3.37 or newer is needed",
			sqlite3_libversion());
	if (writes && create_private(s, e) < 0)
		return -1;
	int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(s->path, &c->db, flags, NULL);
	if (rc != SQLITE_OK) {
		sqlite_fail(s, c->db, "open", e);
		connection_close(c);
		return -1;
	}
	sqlite3_busy_timeout(c->db, 5000);
	int result = pragma(s, c, "PRAGMA temp_store = MEMORY", e);
	if (result == 0 && writes)
		result = prepare_writer(s, c, e);
	else if (result == 0)
		result = pragma(s, c, "PRAGMA wal_autocheckpoint = 0", e);
	if (result < 0)
		connection_close(c);
	return result;
}

void connection_close(struct connection *c)
{
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(c->statements[i]);
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		sqlite3_finalize(c->streams[0][state]);
		sqlite3_finalize(c->streams[1][state]);
	}
	sqlite3_close(c->db);
	memset(c, 0, sizeof(*c));
}

static char *reserve_path(struct sqlite_store *s)
{
	struct buf path = { 0 };
	buf_format(&path, "%s/reserve", s->directory);
	return buf_take(&path);
}

void reserve_release(struct sqlite_store *s)
{
	AUTO_FREE char *path = reserve_path(s);
	if (!s->reserve_is_there)
		return;
	s->reserve_is_there = false;
	if (unlink(path) == 0)
		log_warn("the disk that holds %s is full: gave up the reserve of %d KiB",
			s->directory, RESERVE_BYTES / 1024);
}

void reserve_restore(struct sqlite_store *s)
{
	AUTO_FREE char *path = reserve_path(s);
	struct stat left; /* by the server before this one */
	if (stat(path, &left) == 0 && left.st_blocks >= RESERVE_BYTES / 512)
		s->reserve_is_there = true;
	struct statvfs fs;
	if (statvfs(s->directory, &fs) < 0 ||
		(int64_t)fs.f_bavail * (int64_t)fs.f_frsize < RESERVE_ROOM_BYTES)
		return;
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && fallocate(fd, 0, 0, RESERVE_BYTES) == 0)
		s->reserve_is_there = true;
	/* A file system that cannot set room aside is no reason to call the disk full. */
	if (s->reserve_is_there || errno != ENOSPC) {
		if (s->disk_is_full)
			log_info("the disk that holds %s has room again", s->directory);
		s->disk_is_full = false;
	}
}
