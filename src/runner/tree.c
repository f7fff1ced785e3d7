/* runner/tree.c -- everything that the command started, seen from its subreaper.
 *
 * Whatever of the tree loses its parent becomes the runner's own child. A child that was not waited
 * for cannot have its number reused, and there is one thread: so children are safe to signal by
 * number, and killing children until there are none left takes the whole tree. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/str.h"

typedef void child_fn(void *context, pid_t pid);

/* From /proc/self/task/PID/children; a child that this misses is met in the next round, for waiting
 * does not end before there is none. */
static void each_child(child_fn *fn, void *context)
{
	char path[48], text[4096];
	size_t have = 0;

	text_format(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (;;) {
		ssize_t more = fd < 0 ? 0 : read(fd, text + have, sizeof(text) - have);
		if (more <= 0)
			return;
		have += (size_t)more;
		size_t start = 0;
		for (size_t i = 0; i < have; i++) {
			int64_t pid;
			if (text[i] != ' ')
				continue;
			if (str_to_i64((struct str){ text + start, i - start }, &pid) && pid > 1)
				fn(context, (pid_t)pid);
			start = i + 1;
		}
		memmove(text, text + start, have - start);
		have -= start;
	}
}

/* The leader is left for turn_reap: its number must stay ours as long as its group is signalled. */
bool tree_reap(struct runner *r)
{
	for (;;) {
		siginfo_t who = { 0 };
		if (waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) < 0)
			return errno == ECHILD;
		if (who.si_pid == 0 || who.si_pid == r->child)
			return false;
		waitid(P_PID, (id_t)who.si_pid, &who, WEXITED | WNOHANG);
	}
}

static void term_child(void *context, pid_t pid)
{
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
}

void tree_term_children(struct runner *r)
{
	each_child(term_child, r);
}

static void kill_child(void *context, pid_t pid)
{
	*(int *)context += kill(pid, SIGKILL) == 0;
}

int tree_kill_children(void)
{
	int signalled = 0;

	each_child(kill_child, &signalled);
	return signalled;
}

struct description {
	char *text;
	size_t room_bytes;
};

/* "4711 (python3) in state D" */
static void describe_child(void *context, pid_t pid)
{
	struct description *d = context;
	char path[32], stat[256];

	text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (d->room_bytes < 64 || disk_read(path, stat, sizeof(stat)) < 0)
		return;
	char *name = strchr(stat, '('), *end = strrchr(stat, ')');
	if (!name || !end || end[1] == '\0' || end[2] == '\0')
		return;
	text_format(d->text, d->room_bytes, "%d %.*s in state %c, ", (int)pid,
		(int)(end + 1 - name), name, end[2]);
	size_t length = strlen(d->text);
	d->text += length;
	d->room_bytes -= length;
}

void tree_describe_children(char *text, size_t text_bytes)
{
	struct description d = { text, text_bytes };

	text[0] = '\0';
	each_child(describe_child, &d);
	if (d.text > text)
		d.text[-2] = '\0';
}
