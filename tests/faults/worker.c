/* tests/faults/worker.c -- the job of the fault rounds: signs a ledger when it starts and when it
 * ends, so that somebody who trusts no server can tell what really ran.
 *
 *     worker LEDGER MILLISECONDS EXIT-CODE STYLE
 *
 * STYLE is a letter: p plain, s leaves a child in a session of its own behind, i ignores SIGTERM,
 * k ends itself with SIGKILL. A ledger line is one write(2) to an O_APPEND file. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int sign(const char *ledger, char mark, const char *rest)
{
	char line[512];
	const char *id = getenv("TRAINYARD_JOB_ID"), *attempt = getenv("TRAINYARD_ATTEMPT");
	const char *nonce = getenv("TRAINYARD_NONCE");
	int fd = open(ledger, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int length = snprintf(line, sizeof(line), "%c %s %s %s %s\n", mark, id ? id : "-",
		attempt ? attempt : "-", nonce ? nonce : "-", rest);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		return -1;
	return close(fd);
}

static void rest_for(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&left, &left) < 0)
		;
}

static void leave_a_child(void)
{
	if (fork() != 0)
		return;
	setsid();
	if (fork() == 0)
		rest_for(600000);
	_exit(0);
}

int main(int argc, char *argv[])
{
	if (argc != 5) {
		fprintf(stderr, "usage: worker LEDGER MILLISECONDS EXIT-CODE STYLE\n");
		return 2;
	}
	if (*argv[4] == 'i')
		signal(SIGTERM, SIG_IGN);
	if (sign(argv[1], 'S', argv[4]) < 0)
		return 99;
	if (*argv[4] == 's')
		leave_a_child();
	printf("worker %s\n", argv[4]);
	fflush(stdout);
	rest_for(atol(argv[2]));
	if (sign(argv[1], 'E', argv[3]) < 0)
		return 99;
	if (*argv[4] == 'k')
		raise(SIGKILL);
	return atoi(argv[3]);
}
