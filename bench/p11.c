/* bench/p11.c -- P11, how fast a job can write its output: through trainyard's FIFO beside a
 * bare loop that copies a 1 MiB pipe into a file, and with `stdout: direct` beside the child's
 * own O_APPEND file. The child takes the time itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "bench/fifo.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define ROUNDS 12
#define FLOOD_BYTES "268435456"
#define FLOOD 268435456.0
#define PIPE_BYTES (1 << 20)

static struct fifo fifo;
static const char *command[5];
static char *block;

static int open_log(const struct bench *b)
{
	const char *path = path_in(b->scratch, "bare.log");
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void flood_append(const struct bench *b, struct samples *s)
{
	AUTO_CLOSE int log = open_log(b);
	pid_t child = child_start(command, log);
	samples_add(s, fifo_hear(&fifo));
	child_wait(child);
}

static void flood_pipe(const struct bench *b, struct samples *s)
{
	AUTO_CLOSE int log = open_log(b);
	int ends[2];
	ssize_t n;
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		die("a pipe of 1 MiB: %s", strerror(errno));
	pid_t child = child_start(command, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], block, PIPE_BYTES)) > 0) {
		if (write(log, block, (size_t)n) != n)
			die("the log: %s", strerror(errno));
	}
	close(ends[0]);
	samples_add(s, fifo_hear(&fifo));
	child_wait(child);
}

/* The log is emptied afterwards: the disk should hold no more of trainyard's than of others. */
static void flood_yard(struct yard *y, struct samples *s, const char *id, const char *extra)
{
	struct stat st;
	char log[1280];
	str_copy(log, sizeof(log), path_in(y->state, "jobs/%s/log", id));
	yard_submit(y, id, command, extra);
	samples_add(s, fifo_hear(&fifo));
	yard_wait(y, id, "completed");
	if (stat(log, &st) < 0 || (double)st.st_size != FLOOD)
		die("%s does not hold what the job wrote", log);
	if (truncate(log, 0) < 0)
		die("%s: %s", log, strerror(errno));
}

static void flood_spooler(const struct bench *b, struct samples *s)
{
	char said[4096];
	spooler_start(b, 1);
	int id = spooler_submit(command, true);
	samples_add(s, fifo_hear(&fifo));
	spooler_wait(id);
	const char *argv[] = { "tsp", "-o", text_format("%d", id), NULL };
	child_run(argv, said, sizeof(said));
	said[strcspn(said, "\n")] = '\0';
	unlink(said);
	spooler_stop();
}

static double rate(struct samples *s)
{
	return FLOOD / (double)samples_at(s, 0.5);
}

static const char *text_rate(struct samples *s)
{
	return text_format("%.2f GB/s", rate(s));
}

static void measure(struct bench *b)
{
	struct yard y;
	struct samples pipe = { 0 }, ours = { 0 }, append = { 0 }, direct = { 0 }, peer = { 0 };
	char program[1280];
	fifo_open(&fifo, b, "times");
	str_copy(program, sizeof(program), path_in(b->tools, "bench-job"));
	command[0] = program;
	command[1] = "flood";
	command[2] = FLOOD_BYTES;
	command[3] = fifo.path;
	block = mem_alloc(PIPE_BYTES);
	yard_init(&y, b, "state", 1);
	yard_start(&y);
	for (int round = 0; round < b->rounds; round++) {
		flood_pipe(b, &pipe);
		flood_yard(&y, &ours, text_format("fifo-%d", round), "");
		flood_append(b, &append);
		flood_yard(&y, &direct, text_format("direct-%d", round), ",\"stdout\":\"direct\"");
		flood_spooler(b, &peer);
	}
	yard_stop(&y);
	row_print(&(struct row){ .claim = "P11",
		.what = "a job's output through the FIFO",
		.ours = text_rate(&ours),
		.limit = text_rate(&pipe),
		.peer = text_rate(&peer),
		.against = "limit",
		.ratio = rate(&ours) / rate(&pipe),
		.goal = 0.9,
		.more_is_better = true });
	row_print(&(struct row){ .claim = "P11",
		.what = "a job's output, stdout: direct",
		.ours = text_rate(&direct),
		.limit = text_rate(&append),
		.peer = text_rate(&peer),
		.against = "limit",
		.ratio = rate(&direct) / rate(&append),
		.goal = 0.95,
		.more_is_better = true });
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
