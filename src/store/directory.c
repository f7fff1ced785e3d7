/* store/directory.c -- see directory.h. */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"

/* Numbers from linux/magic.h and the file systems' own sources. */
static const struct {
	unsigned long magic;
	const char *name;
} network_file_systems[] = {
	{ 0x6969, "NFS" },
	{ 0x517b, "SMB" },
	{ 0xfe534d42, "SMB" },
	{ 0xff534d42, "CIFS" },
	{ 0x01021997, "9P" },
	{ 0x00c36400, "Ceph" },
	{ 0x5346414f, "AFS" },
	{ 0x6b414653, "AFS" },
	{ 0x73757245, "Coda" },
	{ 0x0bd00bd0, "Lustre" },
	{ 0x47504653, "GPFS" },
	{ 0x19830326, "BeeGFS" },
	{ 0x7461636f, "OCFS2" },
	{ 0x01161970, "GFS2" },
};

#define FUSE_MAGIC 0x65735546

/* FUSE serves local file systems too: these of it are remote. */
static const char *const remote_fuse[] = { "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse",
	"fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.davfs", "fuse.curlftpfs",
	"fuse.goofys", "fuse.juicefs", "fuse.mount-s3", "fuse.blobfuse2" };

const char *network_file_system_name(unsigned long magic)
{
	size_t count = sizeof(network_file_systems) / sizeof(network_file_systems[0]);
	for (size_t i = 0; i < count; i++) {
		if (network_file_systems[i].magic == (magic & 0xffffffff))
			return network_file_systems[i].name;
	}
	return NULL;
}

/* A line is "36 35 98:0 /root /mount options shared:1 - TYPE source options". */
static const char *remote_type_of_line(struct str line, dev_t device)
{
	char id[48];
	snprintf(id, sizeof(id), "%u:%u", major(device), minor(device));
	struct str word;
	for (int i = 0; i < 3; i++) {
		if (!str_next(&line, ' ', &word))
			return NULL;
	}
	if (!str_is(word, id))
		return NULL;
	while (str_next(&line, ' ', &word)) {
		if (str_is(word, "-"))
			break;
	}
	if (!str_next(&line, ' ', &word))
		return NULL;
	for (size_t i = 0; i < sizeof(remote_fuse) / sizeof(remote_fuse[0]); i++) {
		if (str_is(word, remote_fuse[i]))
			return remote_fuse[i];
	}
	return NULL;
}

static const char *remote_fuse_of(dev_t device)
{
	AUTO_BUF mounts = { 0 };
	if (io_read_file("/proc/self/mountinfo", 8 << 20, &mounts, NULL) < 0)
		return NULL;
	struct str rest = { mounts.bytes, mounts.length_bytes };
	struct str line;
	while (str_next(&rest, '\n', &line)) {
		const char *type = remote_type_of_line(line, device);
		if (type)
			return type;
	}
	return NULL;
}

static int refuse_network(const char *directory, struct err *e)
{
	struct statfs fs;
	struct stat at;
	if (statfs(directory, &fs) < 0 || stat(directory, &at) < 0)
		return err_errno(e, ERR_IO, "cannot look at the state directory %s", directory);
	unsigned long magic = (unsigned long)fs.f_type & 0xffffffff;
	const char *name = network_file_system_name(magic);
	if (!name && magic == FUSE_MAGIC)
		name = remote_fuse_of(at.st_dev);
	if (!name)
		return 0;
	return err_set(e, ERR_INPUT,
		"the state directory %s is on a network file system (%s), where locks and syncs "
		"cannot be relied on: choose a directory on a local disk (--state)",
		directory, name);
}

static int make_parents(const char *directory, struct err *e)
{
	AUTO_FREE char *path = mem_string(directory);
	for (char *at = path + 1; *path; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char kept = *at;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_errno(e, ERR_IO, "cannot make the state directory %s", path);
		*at = kept;
		if (kept == '\0')
			break;
	}
	return 0;
}

/* The kernel tells no pid across pid namespaces: then the file's text has to do. */
static int refuse_locked(int fd, const char *directory, struct err *e)
{
	struct flock held = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[32] = "";
	if (fcntl(fd, F_GETLK, &held) == 0 && held.l_type != F_UNLCK && held.l_pid > 0)
		snprintf(text, sizeof(text), "%d", (int)held.l_pid);
	else if (io_pread_all(fd, text, sizeof(text) - 1, 0) > 0)
		text[strcspn(text, "\n")] = '\0';
	return err_set(e, ERR_CONFLICT, "another trainyard server (pid %s) uses %s",
		*text ? text : "unknown", directory);
}

int directory_take(const char *directory, struct err *e)
{
	if (make_parents(directory, e) < 0 || refuse_network(directory, e) < 0)
		return -1;
	AUTO_BUF path = { 0 };
	buf_format(&path, "%s/lock", directory);
	AUTO_CLOSE int fd = open(path.bytes, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_IO, "cannot open %s", path.bytes);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno == EACCES || errno == EAGAIN)
			return refuse_locked(fd, directory, e);
		return err_errno(e, ERR_IO, "cannot lock %s", path.bytes);
	}
	char text[32];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	/* For people only: the lock is what counts, so a full disk does not matter here. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) < 0)
		errno = 0;
	return scope_take_fd(&fd);
}
