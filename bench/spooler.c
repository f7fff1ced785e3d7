/* bench/spooler.c -- see spooler.h. */
#include "bench/spooler.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"
#include "bench/row.h"

#define WORDS_MAX 16

static pid_t server;
static int next_id; /* it counts from 0, and prints no number with -n */

static void run(const char *a, const char *b, char *said, size_t said_bytes)
{
	const char *argv[] = { "tsp", a, b, NULL };
	child_run(argv, said, said_bytes);
}

static pid_t ask_kernel(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct ucred who;
	socklen_t size = sizeof(who);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof(to.sun_path))
		die("TMPDIR is too long for task-spooler's socket: %s", path);
	memcpy(to.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		die("task-spooler does not answer: %s", strerror(errno));
	return who.pid;
}

void spooler_start(const struct bench *b, int slots)
{
	char said[4096];
	const char *home = path_in(b->scratch, "spooler"), *socket = path_in(home, "socket");
	if (access("/usr/bin/tsp", X_OK) < 0)
		die("the peer is not here: apt-get install task-spooler");
	mkdir(home, 0700);
	setenv("TS_SOCKET", socket, 1);
	setenv("TMPDIR", home, 1);
	setenv("TS_MAXFINISHED", "10", 1); /* a long list of finished ones slows it down */
	run("-S", text_format("%d", slots), said, sizeof(said));
	server = ask_kernel(socket);
	next_id = 0;
}

void spooler_stop(void)
{
	char said[4096];
	run("-K", NULL, said, sizeof(said));
	for (int tries = 0; kill(server, 0) == 0; tries++) {
		if (tries > 5000)
			die("task-spooler does not end");
		pause_ms(1);
	}
}

pid_t spooler_server(void)
{
	return server;
}

static void make_argv(const char *argv[WORDS_MAX], const char *const command[], bool keep_output)
{
	int count = 0;
	argv[count++] = "tsp";
	if (!keep_output)
		argv[count++] = "-n";
	for (int i = 0; command[i] && count < WORDS_MAX - 1; i++)
		argv[count++] = command[i];
	argv[count] = NULL;
}

pid_t spooler_submit_begin(const char *const command[])
{
	const char *argv[WORDS_MAX];
	make_argv(argv, command, false);
	next_id++;
	return child_start(argv, -1);
}

int spooler_submit(const char *const command[], bool keep_output)
{
	const char *argv[WORDS_MAX];
	make_argv(argv, command, keep_output);
	if (child_wait(child_start(argv, -1)) != 0)
		die("task-spooler refuses a job");
	return next_id++;
}

pid_t spooler_pid(int id)
{
	for (int tries = 0; tries < 5000; tries++) {
		char said[4096];
		/* Before the command runs -p tells the number of some older one, dead by now. */
		run("-p", text_format("%d", id), said, sizeof(said));
		pid_t pid = (pid_t)strtol(said, NULL, 10);
		if (pid > 0 && kill(pid, 0) == 0)
			return pid;
		pause_ms(1);
	}
	die("task-spooler does not run job %d", id);
}

void spooler_wait(int id)
{
	char said[4096];
	run("-w", text_format("%d", id), said, sizeof(said));
}
