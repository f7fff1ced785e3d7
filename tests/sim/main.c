/* tests/sim/main.c -- runs schedules and counts: sim [--schedules N] [--first S] [--seed S].
 *
 * Schedule i of N has the seed first + i. --seed S replays that one alone, with its trace. The
 * first schedule with a violation prints its seed and last lines, and ends the run with 1. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/sim.h"

static const char *const faults[] = {
#define X(name, word) [FAULT_##name] = word,
	SIM_FAULTS(X)
#undef X
};

struct wish {
	uint64_t schedules, first;
	bool replay;
};

static bool read_number(const char *text, uint64_t *value)
{
	return text && str_to_u64(str_of(text), value);
}

static bool read_arguments(int argc, char **argv, struct wish *w)
{
	*w = (struct wish){ .schedules = 20000, .first = 1 };
	for (int i = 1; i < argc; i += 2) {
		uint64_t value;
		if (i + 1 >= argc || !read_number(argv[i + 1], &value))
			return false;
		if (strcmp(argv[i], "--schedules") == 0)
			w->schedules = value;
		else if (strcmp(argv[i], "--first") == 0)
			w->first = value;
		else if (strcmp(argv[i], "--seed") == 0)
			*w = (struct wish){ .schedules = 1, .first = value, .replay = true };
		else
			return false;
	}
	return true;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_faults(const struct sim *s)
{
	for (int i = 0; i < SIM_FAULT_COUNT; i++)
		printf("  %-22s %12" PRIu64 "\n", faults[i], s->faults[i]);
}

static void print_what_came_of_it(const struct sim *s)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		if (s->ends[i] > 0)
			printf("  ended: %-15s %12" PRIu64 "\n",
				end_reason_name((enum end_reason)i), s->ends[i]);
	}
	printf("  %-22s %12" PRIu64 "\n", "queued again", s->requeued);
	printf("  %-22s %12" PRIu64 "\n", "cancels answered", s->answered);
	printf("  %-22s %12" PRIu64 "\n", "overdue told", s->overdue);
}

static void print_violation(const struct sim *s)
{
	sim_trace_print(s);
	printf("VIOLATION in seed %" PRIu64 ", event %" PRIu64 ": %s\n", s->seed, s->events,
		s->violation);
	printf("trace hash %016" PRIx64 "; replay: make sim SEED=%" PRIu64 "\n", s->hash, s->seed);
}

int main(int argc, char **argv)
{
	struct wish w;
	if (!read_arguments(argc, argv, &w)) {
		fprintf(stderr, "usage: sim [--schedules N] [--first SEED] | --seed SEED\n");
		return 2;
	}
	static struct sim s;
	uint64_t hash = 0, events = 0, least = UINT64_MAX, done = 0;
	double began = seconds(CLOCK_PROCESS_CPUTIME_ID);
	while (done < w.schedules && !s.violated) {
		sim_run_schedule(&s, w.first + done++);
		hash = (hash ^ s.hash) * 0x9E3779B97F4A7C15u;
		events += s.events;
		if (s.events < least)
			least = s.events;
	}
	double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - began;
	if (s.violated) {
		print_violation(&s);
	} else if (w.replay) {
		sim_trace_print(&s);
		printf("trace hash %016" PRIx64 "\n", s.hash);
	}
	print_faults(&s);
	print_what_came_of_it(&s);
	printf("%" PRIu64 " events, at least %" PRIu64
	       " a schedule; %.0f schedules a second of CPU\n",
		events, least, took > 0 ? (double)done / took : 0);
	printf("sim: %" PRIu64 " schedules, %d violations, hash %016" PRIx64 "\n", done,
		(int)s.violated, hash);
	bool failed = s.violated;
	yard_destroy(s.server.yard);
	commands_finish(&s.server.out);
	return failed;
}
