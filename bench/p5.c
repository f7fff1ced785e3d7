/* bench/p5.c -- P5, cancelling a running `sleep`: until its process is dead, its end durable and
 * the reply here. The peer's kill: until the process is dead. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"
#include "bench/bare.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define ROUNDS 100

static const char *const sleep_command[] = { "sleep", "100000", NULL };

static void cancel_bare(struct bare *bare, struct samples *s)
{
	line_ask(&bare->line, "POST", "/sleep", "{}");
	pause_ms(10);
	int64_t began_ns = clock_ns();
	if (line_ask(&bare->line, "POST", "/kill", "{}").status != 200)
		die("the bare server refuses");
	samples_add(s, clock_ns() - began_ns);
}

static void cancel_yard(struct yard *y, struct samples *s, const char *id)
{
	char pid[32];
	yard_submit(y, id, sleep_command, "");
	yard_wait(y, id, "running");
	yard_field(y, id, "process_pid", pid, sizeof(pid));
	pause_ms(10);
	int64_t began_ns = clock_ns();
	yard_cancel(y, id);
	samples_add(s, clock_ns() - began_ns);
	if (strtol(pid, NULL, 10) <= 0 || kill((pid_t)strtol(pid, NULL, 10), 0) == 0 ||
		errno != ESRCH)
		die("job %s is said to be cancelled, and its process %s lives", id, pid);
	if (!yard_is(y, id, "cancelled"))
		die("job %s is not cancelled", id);
}

static void cancel_spooler(struct samples *s)
{
	char number[16];
	int id = spooler_submit(sleep_command, false);
	pid_t pid = spooler_pid(id);
	AUTO_CLOSE int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd at = { process, POLLIN, 0 };
	pause_ms(10);
	snprintf(number, sizeof(number), "%d", id);
	int64_t began_ns = clock_ns();
	pid_t client = child_start((const char *const[]){ "tsp", "-k", number, NULL }, -1);
	if (process < 0)
		die("task-spooler's job %d has no process %d: %s", id, pid, strerror(errno));
	if (poll(&at, 1, 60000) != 1)
		die("task-spooler's kill did not kill: %s", strerror(errno));
	samples_add(s, clock_ns() - began_ns);
	child_wait(client);
}

static void measure(struct bench *b)
{
	struct bare bare;
	struct yard y;
	struct samples limit = { 0 }, ours = { 0 }, peer = { 0 };
	bare_start(&bare, b, 200, NULL);
	yard_init(&y, b, "state", 1);
	yard_start(&y);
	spooler_start(b, 1);
	for (int round = 0; round < b->rounds; round++) {
		cancel_bare(&bare, &limit);
		cancel_yard(&y, &ours, text_format("job-%d", round));
		cancel_spooler(&peer);
	}
	double ratio = (double)samples_at(&ours, 0.5) / (double)samples_at(&peer, 0.5);
	note_quiet(&ours, &limit, &peer);
	row_print(&(struct row){ .claim = "P5",
		.what = "cancel a running sleep: dead, durable, replied",
		.ours = text_ms(&ours),
		.limit = text_ms(&limit),
		.peer = text_ms(&peer),
		.against = "peer",
		.ratio = ratio,
		.goal = 2.0 });
	yard_stop(&y);
	spooler_stop();
	bare_stop(&bare);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
