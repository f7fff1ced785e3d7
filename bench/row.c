/* bench/row.c -- see row.h. tools/bench gathers the lines that begin with a bar. */
#include "bench/row.h"

#include <stdarg.h>
#include <stdio.h>

#include "bench/program.h"

const char *text_format(const char *format, ...)
{
	static char ring[16][160];
	static unsigned next;
	char *text = ring[next++ % 16];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(ring[0]), format, args);
	va_end(args);
	return text;
}

const char *text_ms(struct samples *s)
{
	return text_format("%.3f ms (p99 %.2f)", (double)samples_at(s, 0.5) / 1e6,
		(double)samples_at(s, 0.99) / 1e6);
}

void note_quiet(struct samples *ours, struct samples *limit, struct samples *peer)
{
	double here = (double)samples_at(ours, 0.1) / 1e6,
	       bare = (double)samples_at(limit, 0.1) / 1e6,
	       there = (double)samples_at(peer, 0.1) / 1e6;
	note("10th percentile: trainyard %.3f ms, limit %.3f (%.2f x), task-spooler %.3f (%.2f x)",
		here, bare, here / bare, there, here / there);
}

void row_print(const struct row *r)
{
	double share = r->more_is_better ? r->ratio / r->goal : r->goal / r->ratio;
	printf("| %s | %s | %s | %s | %s | %.2f x %s | %s %.2f | %s |\n", r->claim, r->what,
		r->ours, r->limit ? r->limit : "–", r->peer ? r->peer : "–", r->ratio, r->against,
		r->more_is_better ? "≥" : "≤", r->goal,
		share >= 1             ? "yes"
			: share >= 0.5 ? "half"
				       : "no");
	fflush(stdout);
}
