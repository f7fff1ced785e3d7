/* tests/unit/core/test_product.c -- every kind of job meets every event: the whole product.
 *
 * A column is an event, a row the job as it is; the letter is what it becomes:
 *   q queued, p pending, r running, z paused, C completed, F failed, X cancelled
 *   s stays, with a stop asked now      . nothing changes      ! refused, nothing changes */
#include "unit/core/scene.h"

enum kind {
	QUEUED,
	PENDING,
	RUNNING,
	HELD,
	SAVED,
	FROZEN,
	PENDING_STOP,
	RUNNING_STOP,
	UNKNOWN,
	KIND_COUNT
};

static const struct {
	const char *name;
	struct event ev;
} columns[] = {
	{ "started", { .kind = EV_STARTED, .attempt = 1 } },
	{ "start failed", { .kind = EV_START_FAILED, .attempt = 1, .text = "no" } },
	{ "exit 0", { .kind = EV_EXITED, .attempt = 1, .exit_code = 0 } },
	{ "exit 1", { .kind = EV_EXITED, .attempt = 1, .exit_code = 1 } },
	{ "never started", { .kind = EV_GONE, .attempt = 1, .gone = ATTEMPT_NEVER_STARTED } },
	{ "lost", { .kind = EV_GONE, .attempt = 1, .gone = ATTEMPT_LOST } },
	{ "reboot", { .kind = EV_GONE, .attempt = 1, .gone = ATTEMPT_REBOOT } },
	{ "unkillable", { .kind = EV_UNKILLABLE, .attempt = 1 } },
	{ "cancel", { .kind = EV_CANCEL, .by = "eve", .grace_ms = -1 } },
	{ "tick", { .kind = EV_TICK } },
	{ "old exit", { .kind = EV_EXITED, .attempt = 0, .exit_code = 0 } },
	{ "future exit", { .kind = EV_EXITED, .attempt = 2, .exit_code = 0 } },
};

static const char *const table[KIND_COUNT] = {
	/*                 sfeenlructof */
	[QUEUED] = "........X...",
	[PENDING] = "rFCFqFF.s...",
	[RUNNING] = ".FCFFFF.s...",
	[HELD] = "........X...",
	[SAVED] = "........X...",
	[FROZEN] = ".FCFFFF.s...",
	[PENDING_STOP] = "rXXXXXXs....",
	[RUNNING_STOP] = ".XXXXXXs....",
	[UNKNOWN] = "........!...",
};

static const char letters[JOB_STATE_COUNT] = { 'q', 'p', 'r', 'z', 'C', 'F', 'X' };

/* A yard without slots, so that nothing starts by the way, holding one such job. */
static void with_kind(struct scene *s, enum kind kind)
{
	static const enum job_state states[KIND_COUNT] = { JOB_QUEUED, JOB_PENDING, JOB_RUNNING,
		JOB_PAUSED, JOB_PAUSED, JOB_PAUSED, JOB_PENDING, JOB_RUNNING, JOB_QUEUED };
	static const enum pause_kind pauses[KIND_COUNT] = { [HELD] = PAUSE_HELD,
		[SAVED] = PAUSE_CHECKPOINT,
		[FROZEN] = PAUSE_FROZEN };
	scene_start_closed(s, 0, 1);
	struct job j = row(s, "a", states[kind]);
	j.attempt = 1;
	j.pause = pauses[kind];
	if (kind == PENDING_STOP || kind == RUNNING_STOP)
		j.stop = (struct job_stop){ .phase = STOP_TERMINATING,
			.then = END_CANCELLED,
			.grace_ms = 10000,
			.by = "eve" };
	if (kind != UNKNOWN)
		assert_int_equal(load(s, &j), 0);
	step(s, (struct event){ .kind = EV_OPEN });
}

static char what_became(struct scene *s, const struct event *ev, const struct job *before)
{
	if (step(s, *ev))
		return s->out.count == 0 ? '!' : '?';
	if (count_of(s, CMD_UPDATE) == 0)
		return '.';
	const struct command *update = last_update(s);
	const struct job *now = yard_find(s->yard, "a");
	if (job_state_in(update->to, JOB_SET_TERMINAL) != (now == NULL))
		return '?';
	if (update->to == before->state)
		return now && now->stop.phase != before->stop.phase ? 's' : '?';
	return letters[update->to];
}

static void assert_each_row_is_a_transition_of_the_table(const struct scene *s)
{
	for (size_t i = 0; i < s->out.count; i++) {
		const struct command *c = &s->out.list[i];
		if (c->kind == CMD_UPDATE)
			assert_true(c->from == c->to || job_may_become(c->from, c->to));
	}
}

static void every_job_answers_every_event_as_the_table_says(void **state)
{
	enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		char found[COLUMNS + 1] = "";
		for (int i = 0; i < COLUMNS; i++) {
			struct scene s;
			with_kind(&s, (enum kind)kind);
			struct event ev = columns[i].ev;
			ev.id = "a";
			const struct job *held = yard_find(s.yard, "a");
			struct job before = held ? *held : (struct job){ 0 };
			found[i] = what_became(&s, &ev, &before);
			assert_each_row_is_a_transition_of_the_table(&s);
			scene_end(&s);
		}
		assert_string_equal(found, table[kind]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_answers_every_event_as_the_table_says),
	};
	return cmocka_run_group_tests_name("core/product", tests, NULL, NULL);
}
