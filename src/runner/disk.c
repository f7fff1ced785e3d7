/* runner/disk.c -- lock, start marker and exit slot, all in the working directory. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

/* fcntl, not flock: a forked child must not keep the lock when the runner dies. */
int disk_lock(void)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || fcntl(fd, F_SETLK, &whole) == 0)
		return fd;
	scope_close(&fd);
	return -1;
}

/* Blocks are allocated now, so that the end can be told on a full disk. */
int disk_slot_open(void)
{
	int fd = open("exit", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size >= PACT_SLOT_BYTES)
		return fd;
	if (fd >= 0 && fallocate(fd, 0, 0, PACT_SLOT_BYTES) < 0 && errno != EOPNOTSUPP)
		scope_close(&fd), fd = -1;
	return fd;
}

/* Exactly one side creates it; its presence alone is the message, should the disk be full. */
int disk_marker_write(const struct runner *r, const struct pact_message *marker)
{
	unsigned char body[2048];
	char name[PACT_FILE_BYTES];

	pact_file_name(name, "started", r->turn);
	AUTO_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	size_t length = pact_encode(marker, body, sizeof(body));
	if (length == 0 || length > sizeof(body)) {
		errno = EMSGSIZE;
		return -1;
	}
	return io_write_all(fd, body, length);
}

bool disk_marker_read(const struct runner *r, unsigned char *bytes, size_t room_bytes,
	struct pact_message *marker)
{
	char name[PACT_FILE_BYTES];

	pact_file_name(name, "started", r->turn);
	ssize_t length = disk_read(name, (char *)bytes, room_bytes);
	return length > 0 && pact_decode(marker, bytes, (size_t)length) &&
		marker->kind == PACT_KIND_MARKER && marker->marker.nonce &&
		strcmp(marker->marker.nonce, r->nonce) == 0;
}

int disk_end_write(struct runner *r)
{
	unsigned char slot[PACT_SLOT_BYTES];

	if (!pact_slot_fill(slot, &r->end)) {
		errno = EMSGSIZE;
		return -1;
	}
	if (pwrite(r->exit_slot, slot, sizeof(slot), 0) != (ssize_t)sizeof(slot))
		return -1;
	return fdatasync(r->exit_slot);
}

bool disk_end_read(const struct runner *r, unsigned char slot[PACT_SLOT_BYTES],
	struct pact_message *ended)
{
	return pread(r->exit_slot, slot, PACT_SLOT_BYTES, 0) == PACT_SLOT_BYTES &&
		pact_slot_read(slot, r->nonce, ended);
}

void disk_forget_turn(const struct runner *r)
{
	char name[PACT_FILE_BYTES];

	pact_file_name(name, "output", r->turn);
	unlink(name);
	pact_file_name(name, "started", r->turn);
	unlink(name);
}

/* The lock goes last: while it is there and held, nobody else clears up here. */
void disk_forget_all(struct runner *r)
{
	char path[64];

	disk_forget_turn(r);
	unlink("sock");
	unlink("exit");
	unlink("lock");
	text_format(path, sizeof(path), "../%s", r->name);
	rmdir(path);
}

ssize_t disk_read(const char *path, char *text, size_t text_bytes)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	ssize_t length = io_read_all(fd, text, text_bytes - 1);
	if (length >= 0)
		text[length] = '\0';
	return length;
}

void disk_boot_id(char boot[BOOT_BYTES])
{
	if (disk_read("/proc/sys/kernel/random/boot_id", boot, BOOT_BYTES) != BOOT_BYTES - 1)
		str_copy_cut(boot, BOOT_BYTES, "unknown");
}
