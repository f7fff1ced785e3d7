/* exec/live.c -- is anything of an attempt alive right now? For a reader who trusts no table. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "exec/inside.h"

/* Field 22 of /proc/PID/stat, counted behind the last ')': a command's name may hold anything.
 * -1 = no such process. */
static int64_t start_ticks(int64_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = io_read_all(fd, text, sizeof(text) - 1);
	if (length <= 0)
		return -1;
	text[length] = '\0';
	char *field = strrchr(text, ')');
	for (int n = 2; field && n < 22; n++)
		field = strchr(field + 1, ' ');
	return field ? strtoll(field, NULL, 10) : -1;
}

bool exec_is_live(struct exec *x, const struct attempt_record *attempt)
{
	char runner[PACT_RUNNER_BYTES];
	uint32_t turn;
	if (strcmp(attempt->boot_id, x->boot_id) != 0)
		return false;
	if (pact_nonce_split(attempt->nonce, runner, &turn)) {
		AUTO_CLOSE int directory = openat(x->runners_fd, runner,
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (directory >= 0 && seek_lock_held(directory))
			return true;
	}
	return attempt->pid > 0 && start_ticks(attempt->pid) == attempt->pid_start_ticks;
}
