/* cli/git.c -- the commit that a submission comes from, asked of git itself. See capture.h. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "cli/capture.h"

#define GIT_LINE_MS 2000 /* git is silent for longer only on a very large tree */

extern char **environ;

/* Is there a .git in the directory or above it? Costs nothing where there is none. */
static bool is_in_work_tree(const char *directory)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return false;
	for (;;) {
		AUTO_BUF git = { 0 };
		buf_format(&git, "%s/.git", path);
		if (access(git.bytes, F_OK) == 0)
			return true;
		char *slash = strrchr(path, '/');
		if (!slash || !path[0])
			return false;
		*slash = '\0';
	}
}

static pid_t start(const char *const *argv, int output)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) !=
		0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* The first line that git says, with nothing behind it. "" is an answer too. */
static bool ask(const char *const *argv, char *line, size_t line_bytes)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return false;
	AUTO_CLOSE int from = ends[0];
	pid_t pid = start(argv, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return false;
	size_t length = 0;
	bool ended = false;
	struct pollfd p = { .fd = from, .events = POLLIN };
	while (!ended && length < line_bytes - 1 && poll(&p, 1, GIT_LINE_MS) == 1) {
		ssize_t got = read(from, line + length, line_bytes - 1 - length);
		ended = got <= 0;
		length += got > 0 ? (size_t)got : 0;
	}
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	/* A full buffer is answer enough; silence is none. Either way git need not go on. */
	bool enough = length == line_bytes - 1;
	if (!ended)
		kill(pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return enough || (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

bool capture_git(const char *directory, char commit[65], bool *dirty)
{
	char change[16];
	/* No optional locks: a submission shall not make a git that works here wait or fail. */
	const char *head[] = { "git", "--no-optional-locks", "-C", directory, "rev-parse", "HEAD",
		NULL };
	const char *status[] = { "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C",
		directory, "status", "--porcelain", "--untracked-files=no", NULL };
	if (!is_in_work_tree(directory) || !ask(head, commit, 65))
		return false;
	size_t length = strspn(commit, "0123456789abcdef");
	if ((length != 40 && length != 64) || commit[length])
		return false;
	*dirty = ask(status, change, sizeof(change)) && change[0];
	return true;
}
