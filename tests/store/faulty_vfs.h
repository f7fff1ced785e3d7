/* tests/store/faulty_vfs.h -- SQLite's own file access, which fails when told to. */
#ifndef TESTS_STORE_FAULTY_VFS_H
#define TESTS_STORE_FAULTY_VFS_H

#include <stdbool.h>

enum faulty_call { FAULTY_NONE, FAULTY_WRITE, FAULTY_SYNC, FAULTY_READ };

struct faulty {
	enum faulty_call call; /* that fails, from now on until changed */
	const char *suffix;    /* of the files whose calls fail */
	int failed_calls;
	int syncs_after_failed_sync; /* on the very same open file: must stay 0 */
	int opens;                   /* of files with the suffix */
};

extern struct faulty faulty;

/* Makes it SQLite's default; for the whole process. */
void faulty_vfs_install(void);

#endif
