/* bench/proc.c -- see proc.h. */
#include "bench/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"
#include "bench/program.h"

long proc_kib(pid_t pid, const char *line)
{
	AUTO_BUF text = { 0 };
	const char *path = path_in("/proc", "%d/smaps_rollup", (int)pid);
	struct err e = { 0 };
	if (io_read_file(path, 65536, &text, &e) < 0)
		die("%s", e.text);
	for (char *at = text.bytes; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, line, strlen(line)) == 0 && at[strlen(line)] == ':')
			return strtol(at + strlen(line) + 1, NULL, 10);
	}
	die("%s has no %s", path, line);
}

/* Fields 14 and 15; the name before them may hold anything, and ends with the last bracket. */
int64_t proc_cpu_ns(pid_t pid)
{
	AUTO_BUF text = { 0 };
	struct err e = { 0 };
	if (io_read_file(path_in("/proc", "%d/stat", (int)pid), 4096, &text, &e) < 0)
		die("%s", e.text);
	char *at = strrchr(text.bytes, ')');
	for (int field = 2; at && field < 14; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		die("/proc/%d/stat is cut", (int)pid);
	int64_t user = strtoll(at, &at, 10), kernel = strtoll(at, &at, 10);
	return (user + kernel) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static pid_t holder_of(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
		return 0;
	return whole.l_pid;
}

size_t proc_runners(const char *state, pid_t *pids, size_t most)
{
	char path[1280];
	str_copy(path, sizeof(path), path_in(state, "runners"));
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t count = 0;
	if (!directory)
		die("%s: %s", path, strerror(errno));
	while (count < most && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		pid_t pid = holder_of(path_in(path, "%s/lock", entry->d_name));
		if (pid > 0)
			pids[count++] = pid;
	}
	closedir(directory);
	return count;
}
