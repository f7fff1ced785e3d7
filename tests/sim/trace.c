/* tests/sim/trace.c -- what happened: a hash over all of it, and the last lines in full. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "sim/sim.h"

static const char *const happenings[] = {
#define X(name, word) [HAPPEN_##name] = word,
	SIM_HAPPENINGS(X)
#undef X
};

static const char *const faults[] = {
#define X(name, word) [FAULT_##name] = word,
	SIM_FAULTS(X)
#undef X
};

static const char *const events[] = {
#define X(name) [EV_##name] = #name,
	YARD_EVENTS(X)
#undef X
};

static const char *const commands[] = {
#define X(name) [CMD_##name] = #name,
	YARD_COMMANDS(X)
#undef X
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value + 0x9E3779B97F4A7C15u;
	hash *= 0xD6E8FEB86659FD93u;
	return hash ^ (hash >> 32);
}

void sim_trace(struct sim *s, enum sim_happening h, int job, uint32_t attempt, int64_t detail)
{
	s->trace[s->trace_count++ % SIM_TRACE_KEPT] = (struct sim_trace){ s->now_ms, h,
		(uint32_t)job, attempt, detail };
	uint64_t what = (uint64_t)h | (uint64_t)(uint32_t)job << 8 | (uint64_t)attempt << 40;
	s->hash = mix(mix(mix(s->hash, (uint64_t)s->now_ms), what), (uint64_t)detail);
}

static void print_one(const struct sim_trace *t)
{
	printf("  %10" PRId64 " ms  %-18s", t->at_ms, happenings[t->happening]);
	if ((int32_t)t->job >= 0)
		printf(" j%02u/%u", t->job, t->attempt);
	if (t->happening == HAPPEN_FAULT)
		printf(" %s", faults[t->detail]);
	else if (t->happening == HAPPEN_STEP || t->happening == HAPPEN_REFUSED ||
		t->happening == HAPPEN_MESSAGE)
		printf(" %s", events[t->detail]);
	else if (t->happening == HAPPEN_COMMAND && t->detail >> 16)
		printf(" UPDATE %s -> %s", job_state_name((enum job_state)(t->detail >> 8 & 0xff)),
			job_state_name((enum job_state)(t->detail & 0xff)));
	else if (t->happening == HAPPEN_COMMAND)
		printf(" %s", commands[t->detail]);
	printf("\n");
}

void sim_trace_print(const struct sim *s)
{
	uint64_t first = s->trace_count > SIM_TRACE_KEPT ? s->trace_count - SIM_TRACE_KEPT : 0;
	for (uint64_t i = first; i < s->trace_count; i++)
		print_one(&s->trace[i % SIM_TRACE_KEPT]);
}

void sim_violation(struct sim *s, const char *format, ...)
{
	if (s->violated)
		return;
	s->violated = true;
	va_list args;
	va_start(args, format);
	vsnprintf(s->violation, sizeof(s->violation), format, args);
	va_end(args);
}
