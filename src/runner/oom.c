/* runner/oom.c -- out of memory is said only with evidence.
 *
 * Which is the group's counter, or the kernel's own log. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

/* 0 where the group has no memory controller. */
int64_t oom_group_kills(const struct runner *r)
{
	char text[512];
	int64_t kills = 0;

	if (r->group_fd < 0 || !r->group_counts)
		return 0;
	AUTO_CLOSE int fd = openat(r->group_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : io_read_all(fd, text, sizeof(text) - 1);
	struct str rest = { text, length < 0 ? 0 : (size_t)length }, line;
	while (str_next(&rest, '\n', &line))
		if (str_starts(line, "oom_kill "))
			str_to_i64((struct str){ line.at + 9, line.length_bytes - 9 }, &kills);
	return kills;
}

/* "3,917,12345678,-;Out of memory: Killed process 4711 (python3) ...": microseconds third. */
static bool record_names(char *record, pid_t pid, int64_t since_us)
{
	char what[48];
	struct str rest = str_of(record), field;
	int64_t at_us = -1;

	for (int i = 0; i < 3 && str_next(&rest, ',', &field); i++)
		if (i == 2 && !str_to_i64(field, &at_us))
			return false;
	text_format(what, sizeof(what), "Killed process %d (", (int)pid);
	return at_us >= since_us && strstr(record, what) && strstr(record, "emory");
}

/* One read is one record. The log's clock and ours may differ a little: a second is granted. */
bool oom_killed(const struct runner *r, pid_t pid, int64_t since_boot_ms)
{
	char record[1024];
	ssize_t length;

	if (oom_group_kills(r) > r->group_kills)
		return true;
	struct timespec mono;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	int64_t since_us = (int64_t)mono.tv_sec * 1000000 + mono.tv_nsec / 1000 -
		(clock_boot_ms() - since_boot_ms) * 1000 - 1000000;
	AUTO_CLOSE int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((length = read(fd, record, sizeof(record) - 1)) > 0 ||
		(length < 0 && errno == EPIPE)) {
		record[length > 0 ? length : 0] = '\0';
		if (record_names(record, pid, since_us))
			return true;
	}
	return false;
}
