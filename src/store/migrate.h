/* store/migrate.h -- brings a database to the shape that this program knows; private to this room.
 * The list is made from migrations/NNNN-name.sql when the program is built. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <sqlite3.h>

#include "base/err.h"

struct migration {
	int version; /* from 1, without gaps */
	const char *name;
	const char *sql; /* with placeholders, see columns.h */
};

extern const struct migration migrations[];
extern const int migration_count;

/* Applies what is missing, each migration in a transaction of its own. A database that is not empty
 * is first copied to "PATH.before-NNNN". ERR_UNSUPPORTED when it is newer than the list or belongs
 * to another program; ERR_INTERNAL when a migration fails, which then left nothing behind. */
int migrate(sqlite3 *db, const char *path, const struct migration *list, int count, struct err *e);

#endif
