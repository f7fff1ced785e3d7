/* tests/store/faulty_vfs.c -- see faulty_vfs.h. */
#include "store/faulty_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct faulty faulty;

struct file {
	sqlite3_file base;
	bool is_marked; /* its name has the suffix */
	bool sync_failed;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct file *)file)->real;
}

static bool fails(sqlite3_file *file, enum faulty_call call)
{
	bool result = ((struct file *)file)->is_marked && faulty.call == call;
	faulty.failed_calls += result;
	return result;
}

static int file_close(sqlite3_file *file)
{
	int rc = real(file)->pMethods->xClose(real(file));
	free(real(file));
	return rc;
}

static int file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
	if (fails(file, FAULTY_READ))
		return SQLITE_IOERR_READ;
	return real(file)->pMethods->xRead(real(file), to, size, at);
}

static int file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	if (fails(file, FAULTY_WRITE))
		return SQLITE_IOERR_WRITE;
	return real(file)->pMethods->xWrite(real(file), from, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct file *f = (struct file *)file;
	faulty.syncs_after_failed_sync += f->sync_failed;
	if (fails(file, FAULTY_SYNC)) {
		f->sync_failed = true;
		return SQLITE_IOERR_FSYNC;
	}
	return f->real->pMethods->xSync(f->real, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_check_lock(sqlite3_file *file, int *result)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
	return real(file)->pMethods->xFileControl(real(file), op, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int file_traits(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **at)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}

static int file_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), at, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
	return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = name ? strlen(name) : 0, tail = strlen(suffix);
	return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct file *f = (struct file *)file;
	memset(f, 0, sizeof(*f));
	f->real = calloc(1, (size_t)real_vfs->szOsFile);
	int rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out);
	if (rc != SQLITE_OK) {
		free(f->real);
		return rc;
	}
	f->is_marked = faulty.suffix && ends_with(name, faulty.suffix);
	faulty.opens += f->is_marked;
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

void faulty_vfs_install(void)
{
	static sqlite3_vfs vfs;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "faulty";
	vfs.szOsFile = sizeof(struct file);
	vfs.xOpen = vfs_open;
	sqlite3_vfs_register(&vfs, 1);
}
