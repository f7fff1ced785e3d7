/* runner/tree.c -- a job that is hard to kill: `tree STYLE DIRECTORY`.
 *
 * Builds a tree of processes in the given style, notes each in DIRECTORY/pids, makes
 * DIRECTORY/ready when it stands, and stays. Every process ends by itself after a minute. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAY_S 60
#define RUN_AWAY_S 10

static const char *directory;

static void write_line(const char *name, const char *line)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		_exit(99);
	close(fd);
}

static void note(void)
{
	char line[32];
	snprintf(line, sizeof(line), "%d\n", (int)getpid());
	write_line("pids", line);
}

static _Noreturn void stay(void)
{
	alarm(STAY_S);
	for (;;)
		pause();
}

static void ignore_all(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

/* Waits until the child told by closing its end that it is in place. */
static pid_t child(void (*become)(void))
{
	int ends[2];
	char end;
	if (pipe(ends) < 0)
		_exit(99);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		become();
		note();
		close(ends[1]);
		stay();
	}
	close(ends[1]);
	while (read(ends[0], &end, 1) > 0)
		;
	close(ends[0]);
	return pid;
}

static void nothing(void)
{
}

static void new_session(void)
{
	setsid();
}

static void new_group(void)
{
	setpgid(0, 0);
	ignore_all();
}

static void twice(void)
{
	if (fork() != 0)
		_exit(0);
	setsid();
	ignore_all();
}

static void as_daemon(void)
{
	twice();
	if (chdir("/") < 0)
		_exit(99);
	close(0);
	close(1);
	close(2);
}

/* Neither environment, session nor parent tell whose it is. */
static void scrubbed(void)
{
	char *none[] = { NULL };
	twice();
	note();
	execve("/bin/sleep", (char *[]){ (char *)"sleep", (char *)"60", NULL }, none);
	_exit(99);
}

static void renamed(void)
{
	prctl(PR_SET_NAME, "kworker/0:0");
	ignore_all();
}

static void stopped(void)
{
	note();
	raise(SIGSTOP);
}

/* Each process forks the next and leaves: a pid is gone before it can be signalled. The chain ends
 * by itself: nothing else could end it, should the test be cut off. */
static _Noreturn void run_away(void)
{
	time_t end = time(NULL) + RUN_AWAY_S;

	ignore_all();
	while (time(NULL) < end) {
		pid_t pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid == 0)
			setsid();
	}
	_exit(0);
}

static void build(const char *style)
{
	int status;

	if (strcmp(style, "plain") == 0) {
		child(nothing);
	} else if (strcmp(style, "ignore") == 0) {
		ignore_all();
		child(nothing);
	} else if (strcmp(style, "setsid") == 0) {
		child(new_session);
	} else if (strcmp(style, "group") == 0) {
		child(new_group);
	} else if (strcmp(style, "twice") == 0) {
		child(twice);
	} else if (strcmp(style, "daemon") == 0) {
		child(as_daemon);
	} else if (strcmp(style, "scrubbed") == 0) {
		child(scrubbed);
	} else if (strcmp(style, "renamed") == 0) {
		renamed();
		child(renamed);
	} else if (strcmp(style, "stopped") == 0) {
		pid_t pid = fork();
		if (pid == 0) {
			stopped();
			stay();
		}
		waitpid(pid, &status, WUNTRACED);
	} else if (strcmp(style, "runaway") == 0) {
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				run_away();
	} else {
		_exit(98);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 97;
	directory = argv[2];
	note();
	build(argv[1]);
	write_line("ready", "");
	if (argc > 3 && strcmp(argv[3], "leave") == 0)
		return 7;
	if (argc > 3 && strcmp(argv[3], "stop") == 0)
		raise(SIGSTOP);
	stay();
}
