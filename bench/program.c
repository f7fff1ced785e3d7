/* bench/program.c -- see program.h. The frame is a subreaper: whatever loses its parent becomes its
 * child, and nothing that was started here can outlive it. */
#include "bench/program.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

extern char **environ;

void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void note(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("  ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

const char *path_in(const char *directory, const char *format, ...)
{
	static char ring[8][1280];
	static unsigned next;
	char *path = ring[next++ % 8];
	va_list args;
	int length = snprintf(path, sizeof(ring[0]), "%s/", directory);
	va_start(args, format);
	vsnprintf(path + length, sizeof(ring[0]) - (size_t)length, format, args);
	va_end(args);
	return path;
}

pid_t child_start(const char *const argv[], int out)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&files, out, 1);
	else
		posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	int error = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (error)
		die("cannot start %s: %s", argv[0], strerror(error));
	return pid;
}

int child_wait(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid: %s", strerror(errno));
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Not a pipe: a program may leave something in the background that holds its output open. */
void child_run(const char *const argv[], char *said, size_t said_bytes)
{
	AUTO_CLOSE int out = memfd_create("said", MFD_CLOEXEC);
	int code = child_wait(child_start(argv, out));
	ssize_t length = io_pread_all(out, said, said_bytes - 1, 0);
	said[length > 0 ? length : 0] = '\0';
	if (code != 0)
		die("%s %s ended with %d: %s", argv[0], argv[1] ? argv[1] : "", code, said);
}

static void find_places(struct bench *b)
{
	ssize_t length = readlink("/proc/self/exe", b->tools, sizeof(b->tools) - 1);
	if (length <= 0)
		die("cannot read /proc/self/exe");
	b->tools[length] = '\0';
	*strrchr(b->tools, '/') = '\0';
	str_copy(b->programs, sizeof(b->programs), b->tools);
	*strrchr(b->programs, '/') = '\0';
	const char *temporary = getenv("TMPDIR");
	snprintf(b->scratch, sizeof(b->scratch), "%s/trainyard-bench.XXXXXX",
		temporary && *temporary ? temporary : "/var/tmp");
	if (!mkdtemp(b->scratch))
		die("cannot make %s: %s", b->scratch, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void kill_children(void)
{
	AUTO_BUF list = { 0 };
	struct str pid;
	int64_t number;
	if (io_read_file(path_in("/proc/self/task", "%d/children", (int)getpid()), 1 << 20, &list,
		    NULL) < 0)
		return;
	struct str rest = { list.bytes, list.length_bytes };
	while (str_next(&rest, ' ', &pid)) {
		if (str_to_i64(str_trim(pid), &number))
			kill((pid_t)number, SIGKILL);
	}
}

static void sweep(void)
{
	int status;
	for (;;) {
		kill_children();
		if (waitpid(-1, &status, 0) < 0 && errno == ECHILD)
			return;
	}
}

static void hear(sigset_t *heard)
{
	static const int numbers[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };
	sigemptyset(heard);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(heard, numbers[i]);
}

static int attend(pid_t worker, const sigset_t *heard)
{
	int code = -1, status;
	while (code < 0) {
		pid_t pid;
		if (sigwaitinfo(heard, NULL) != SIGCHLD)
			kill(worker, SIGKILL);
		while (code < 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == worker)
				code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		}
	}
	return code;
}

int bench_main(int argc, char *argv[], bench_measure *measure, int rounds)
{
	struct bench b = { .rounds = rounds };
	sigset_t heard, before;
	if (argc == 3 && strcmp(argv[1], "--rounds") == 0)
		b.rounds = (int)strtol(argv[2], NULL, 10);
	if ((argc != 1 && argc != 3) || b.rounds < 1)
		die("usage: %s [--rounds N]", argv[0]);
	find_places(&b);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	hear(&heard);
	sigprocmask(SIG_BLOCK, &heard, &before);
	pid_t worker = fork();
	if (worker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		signal(SIGPIPE, SIG_IGN);
		setenv("PATH", "/usr/bin:/bin", 1); /* nobody's start pays for a long search */
		measure(&b);
		fflush(stdout);
		_exit(0); /* what was measured is freed with the process */
	}
	int code = worker < 0 ? 1 : attend(worker, &heard);
	sweep();
	nftw(b.scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return code;
}
