/* bench/p4.c -- P4, draining 1000 `true` with 2 slots, every exit code durable. Everything is
 * queued behind two jobs that hold the slots; the clock runs from their end to the last job's.
 * Then once more under strace, which counts the syncs of the server and its runners. */
#include <stdlib.h>

#include "base/scope.h"
#include "base/str.h"
#include "bench/fifo.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/trace.h"
#include "bench/yard.h"

#define ROUNDS 5
#define JOBS 1000
#define SLOTS 2

static const char *const true_command[] = { "true", NULL };
static const char *hold_command[4];
static char program[1280];

static void prepare_hold(const struct bench *b, struct fifo *gate, const char *name)
{
	fifo_open(gate, b, name);
	str_copy(program, sizeof(program), path_in(b->tools, "bench-job"));
	hold_command[0] = program;
	hold_command[1] = "gate";
	hold_command[2] = gate->path;
}

static double rate(long jobs, int64_t took_ns)
{
	return (double)jobs * 1e9 / (double)took_ns;
}

static double drain_bare(const struct bench *b, int round, const char *trace)
{
	char said[256];
	const char *argv[] = { "strace", "-f", "-qq", "-y", "-ttt", "--seccomp-bpf", "-e",
		"trace=fsync,fdatasync,sync_file_range,msync,sync,syncfs", "-o", trace,
		path_in(b->tools, "bench-drain"), path_in(b->scratch, "drain-%d", round),
		text_format("%d", JOBS), text_format("%d", SLOTS), NULL };
	child_run(trace ? argv : argv + 10, said, sizeof(said));
	return rate(JOBS, strtoll(said, NULL, 10));
}

static void fill_yard(struct yard *y, const struct bench *b, int round, struct fifo *gate)
{
	prepare_hold(b, gate, "gate");
	for (int i = 0; i < SLOTS; i++) {
		const char *id = text_format("hold-%d-%d", round, i);
		yard_submit(y, id, hold_command, "");
		yard_wait(y, id, "running");
	}
	for (int i = 0; i < JOBS; i++)
		yard_submit(y, text_format("job-%d-%d", round, i), true_command, "");
}

/* Looking is cheap, a job that is not over is answered from memory, but it is not free. */
static double drain_yard(struct yard *y, int round, struct fifo *gate)
{
	int64_t began_ns = clock_ns();
	fifo_close(gate);
	for (int i = JOBS - SLOTS; i < JOBS; i++) {
		const char *id = text_format("job-%d-%d", round, i);
		while (!yard_is(y, id, "completed"))
			pause_ms(5);
	}
	int64_t took_ns = clock_ns() - began_ns;
	if (yard_count(y, "completed") != (long)(JOBS + SLOTS) * (round + 1))
		die("not every job has completed with its exit code");
	return rate(JOBS, took_ns);
}

static double drain_spooler(const struct bench *b)
{
	struct fifo gate;
	int last = 0;
	spooler_start(b, SLOTS);
	prepare_hold(b, &gate, "gate-of-the-peer");
	for (int i = 0; i < SLOTS; i++)
		spooler_pid(spooler_submit(hold_command, false));
	for (int i = 0; i < SPOOLER_JOBS_MAX; i++)
		last = spooler_submit(true_command, false);
	int64_t began_ns = clock_ns();
	fifo_close(&gate);
	spooler_wait(last);
	double done = rate(SPOOLER_JOBS_MAX, clock_ns() - began_ns);
	spooler_stop();
	return done;
}

static void count_syncs(const struct bench *b)
{
	struct yard y;
	struct fifo gate;
	char trace[1280];
	str_copy(trace, sizeof(trace), path_in(b->scratch, "drain.trace"));
	double since = trace_now();
	drain_bare(b, b->rounds, trace);
	struct syncs syncs = trace_count(trace, since);
	trace_note("bare loop", &syncs, JOBS);
	yard_init(&y, b, "traced", SLOTS);
	str_copy(y.trace, sizeof(y.trace), path_in(b->scratch, "yard.trace"));
	yard_start(&y);
	fill_yard(&y, b, 0, &gate);
	since = trace_now();
	drain_yard(&y, 0, &gate);
	yard_stop(&y);
	syncs = trace_count(y.trace, since);
	trace_note("trainyard", &syncs, JOBS);
}

/* Rates are kept as nanoseconds a job: then samples_at sorts them as it does all others. */
static void keep(struct samples *s, double jobs_a_second)
{
	samples_add(s, (int64_t)(1e9 / jobs_a_second));
}

static const char *text_rate(struct samples *s)
{
	return text_format("%.0f/s", 1e9 / (double)samples_at(s, 0.5));
}

static void measure(struct bench *b)
{
	struct yard y;
	struct samples limit = { 0 }, ours = { 0 }, peer = { 0 };
	yard_init(&y, b, "state", SLOTS);
	yard_start(&y);
	for (int round = 0; round < b->rounds; round++) {
		struct fifo gate;
		double bare = drain_bare(b, round, NULL);
		fill_yard(&y, b, round, &gate);
		double here = drain_yard(&y, round, &gate), there = drain_spooler(b);
		note("round %d: bare %.0f/s, trainyard %.0f/s, task-spooler %.0f/s", round + 1,
			bare, here, there);
		keep(&limit, bare);
		keep(&ours, here);
		keep(&peer, there);
	}
	yard_stop(&y);
	count_syncs(b);
	row_print(&(struct row){ .claim = "P4",
		.what = "drain 1000 `true`, 2 slots, durable",
		.ours = text_rate(&ours),
		.limit = text_rate(&limit),
		.peer = text_rate(&peer),
		.against = "limit",
		.more_is_better = true,
		.goal = 0.7,
		.ratio = (double)samples_at(&limit, 0.5) / (double)samples_at(&ours, 0.5) });
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
