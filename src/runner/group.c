/* runner/group.c -- a cgroup of the runner's own: the one way to kill a whole tree at a stroke.
 *
 * Any cgroup2 mount will do, wherever it is and whether or not it has controllers. Where none can
 * be made the subreaper loop of tree.c does the same, only slower. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

#define LINE_BYTES 1024

/* Calls look for each line of a file until it says true. Lines beyond LINE_BYTES come cut. */
static bool find_line(const char *path, bool (*look)(char *line, char *found), char *found)
{
	char text[LINE_BYTES + 1];
	size_t have = 0;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (;;) {
		ssize_t more = fd < 0 ? 0 : read(fd, text + have, LINE_BYTES - have);
		if (more <= 0 && have == 0)
			return false;
		have += more > 0 ? (size_t)more : 0;
		char *end = memchr(text, '\n', have);
		size_t taken = end ? (size_t)(end - text) + 1 : have;
		if (!end && have < LINE_BYTES && more > 0)
			continue;
		text[end ? taken - 1 : taken] = '\0';
		if (look(text, found))
			return true;
		memmove(text, text + taken, have - taken);
		have -= taken;
	}
}

/* "38 31 0:38 /root /mount/point rw,relatime - cgroup2 cgroup2 rw": the root and the mount point,
 * NUL between them. */
static bool look_mount(char *line, char *found)
{
	const char *type = strstr(line, " - ");
	struct str rest = str_of(line), field[5];

	if (!type || strncmp(type, " - cgroup2 ", 11) != 0)
		return false;
	for (int i = 0; i < 5; i++)
		if (!str_next(&rest, ' ', &field[i]))
			return false;
	if (field[3].length_bytes + field[4].length_bytes + 2 > LINE_BYTES)
		return false;
	memcpy(found, field[3].at, field[3].length_bytes);
	found[field[3].length_bytes] = '\0';
	found += field[3].length_bytes + 1;
	memcpy(found, field[4].at, field[4].length_bytes);
	found[field[4].length_bytes] = '\0';
	return true;
}

static bool look_own(char *line, char *found)
{
	return strncmp(line, "0::", 3) == 0 && str_copy(found, LINE_BYTES, line + 3) == 0;
}

/* Our own group's directory: mount point and own path, less what the mount leaves out. */
static bool own_group(char *path, size_t path_bytes)
{
	char mount[LINE_BYTES], own[LINE_BYTES];

	if (!find_line("/proc/self/mountinfo", look_mount, mount) ||
		!find_line("/proc/self/cgroup", look_own, own))
		return false;
	const char *root = mount, *point = mount + strlen(mount) + 1, *below = own;
	size_t root_bytes = strlen(root);
	if (root_bytes > 1 && strncmp(own, root, root_bytes) == 0)
		below += root_bytes;
	if (strcmp(below, "/") == 0)
		below = "";
	if (strlen(point) + strlen(below) + 48 > path_bytes)
		return false;
	text_format(path, path_bytes, "%s%s", point, below);
	return true;
}

void group_create(struct runner *r)
{
	r->group_fd = -1;
	r->group[0] = '\0';
	if (!r->groups_wanted || !own_group(r->group, sizeof(r->group)))
		return;
	size_t length = strlen(r->group);
	text_format(r->group + length, sizeof(r->group) - length, "/trainyard-%s", r->name);
	if (mkdir(r->group, 0755) == 0 || errno == EEXIST)
		r->group_fd = open(r->group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->group_fd < 0)
		r->group[0] = '\0';
	else
		r->group_counts = faccessat(r->group_fd, "memory.events", R_OK, 0) == 0;
}

void group_kill(const struct runner *r)
{
	if (r->group_fd < 0)
		return;
	AUTO_CLOSE int fd = openat(r->group_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "1", 1);
}

bool group_is_empty(const struct runner *r)
{
	char text[256];

	if (r->group_fd < 0)
		return true;
	AUTO_CLOSE int fd = openat(r->group_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : io_read_all(fd, text, sizeof(text) - 1);
	if (length < 0)
		return true;
	text[length] = '\0';
	return strstr(text, "populated 1") == NULL;
}

void group_remove(struct runner *r)
{
	if (r->group_fd < 0)
		return;
	close(r->group_fd);
	r->group_fd = -1;
	rmdir(r->group);
	r->group[0] = '\0';
}
