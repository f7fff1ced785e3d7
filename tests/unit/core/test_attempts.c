/* tests/unit/core/test_attempts.c -- facts about reports: starts, ends, late and doubled ones. */
#include "unit/core/scene.h"

/* A running job named "a", attempt 1, alone. */
static void with_running(struct scene *s)
{
	scene_start(s, 1, 1);
	submit_as(s, "a", 0, 1);
	started(s, "a", 1);
	assert_int_equal(held(s, "a")->state, JOB_RUNNING);
}

static void assert_ended(struct scene *s, enum job_state state, enum end_reason reason, int code,
	int signal_number, const char *message)
{
	const struct command *update = last_update(s);
	assert_int_equal(update->to, state);
	assert_int_equal(update->job.state, state);
	assert_int_equal(update->job.end.reason, reason);
	assert_int_equal(update->job.end.exit_code, code);
	assert_int_equal(update->job.end.exit_signal, signal_number);
	assert_string_equal(update->job.end.message, message);
	assert_int_equal(update->job.devices, 0);
	assert_int_equal(update->job.stop.phase, STOP_NONE);
	assert_int_not_equal(update->job.ended_wall_ms, 0);
	assert_null(yard_find(s->yard, update->job.id));
	const struct command *ack = the(s, CMD_ACK);
	assert_string_equal(ack->job.id, update->job.id);
	assert_int_equal(ack->attempt, update->job.attempt);
}

static void an_exit_is_told_as_it_was(void **state)
{
	static const struct {
		struct event ev;
		enum job_state state;
		enum end_reason reason;
		int code, signal_number;
		const char *message;
	} rows[] = {
		{ { .exit_code = 0 }, JOB_COMPLETED, END_COMPLETED, 0, 0, "" },
		{ { .exit_code = 3 }, JOB_FAILED, END_EXIT_CODE, 3, 0,
			"Process exited with code 3" },
		{ { .exit_code = 137, .out_of_memory = true }, JOB_FAILED, END_OUT_OF_MEMORY, 137,
			0, "Process exited with code 137: out of memory" },
		{ { .exit_code = 0, .out_of_memory = true }, JOB_COMPLETED, END_COMPLETED, 0, 0,
			"" },
		{ { .exit_code = -1, .exit_signal = 9 }, JOB_FAILED, END_SIGNAL, -1, 9,
			"Process terminated unexpectedly (signal 9, SIGKILL)" },
		{ { .exit_code = -1, .exit_signal = 9, .out_of_memory = true }, JOB_FAILED,
			END_OUT_OF_MEMORY, -1, 9,
			"Process terminated unexpectedly (signal 9, SIGKILL): out of memory" },
		{ { .exit_code = -1, .exit_signal = 64 }, JOB_FAILED, END_SIGNAL, -1, 64,
			"Process terminated unexpectedly (signal 64, no name)" },
		{ { .exit_code = -1 }, JOB_FAILED, END_PROCESS_LOST, -1, 0,
			"Process terminated unexpectedly: it ended, but nobody could see how" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene s;
		with_running(&s);
		struct event ev = rows[i].ev;
		ev.kind = EV_EXITED;
		ev.id = "a";
		ev.attempt = 1;
		ev.ended_wall_ms = 5;
		assert_int_equal(step(&s, ev), 0);
		assert_ended(&s, rows[i].state, rows[i].reason, rows[i].code, rows[i].signal_number,
			rows[i].message);
		assert_int_equal(last_update(&s)->job.ended_wall_ms, 5);
		scene_end(&s);
	}
}

static void an_exit_whose_start_was_lost_passes_through_running(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	step(&s,
		(struct event){ .kind = EV_EXITED,
			.id = "a",
			.attempt = 1,
			.exit_code = 0,
			.started_wall_ms = 70,
			.ended_wall_ms = 90 });
	assert_int_equal(count_of(&s, CMD_UPDATE), 2);
	assert_int_equal(s.out.list[0].kind, CMD_UPDATE);
	assert_int_equal(s.out.list[0].from, JOB_PENDING);
	assert_int_equal(s.out.list[0].to, JOB_RUNNING);
	assert_int_equal(last_update(&s)->from, JOB_RUNNING);
	assert_ended(&s, JOB_COMPLETED, END_COMPLETED, 0, 0, "");
	assert_int_equal(last_update(&s)->job.started_wall_ms, 70);
	assert_int_equal(last_update(&s)->job.ended_wall_ms, 90);
	scene_end(&s);
}

static void a_start_that_failed_says_why(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	step(&s,
		(struct event){ .kind = EV_START_FAILED,
			.id = "a",
			.attempt = 1,
			.text = "no such command: trian.py" });
	assert_int_equal(last_update(&s)->from, JOB_PENDING);
	assert_ended(&s, JOB_FAILED, END_START_FAILED, -1, 0, "no such command: trian.py");
	assert_int_equal(last_update(&s)->job.started_wall_ms, 0);
	scene_end(&s);
}

static void one_that_never_started_is_queued_again_at_its_old_place(void **state)
{
	struct scene s;
	scene_start(&s, 1, 1);
	submit_as(&s, "a", 0, 1);
	submit(&s, "b");
	step(&s, (struct event){ .kind = EV_SLOTS, .slots = 0 });
	gone(&s, "a", 1, ATTEMPT_NEVER_STARTED);
	const struct command *update = the(&s, CMD_UPDATE);
	assert_int_equal(update->from, JOB_PENDING);
	assert_int_equal(update->to, JOB_QUEUED);
	assert_int_equal(update->job.devices, 0);
	assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
	assert_int_equal(yard_position(s.yard, held(&s, "a")), 1);
	assert_int_equal(yard_position(s.yard, held(&s, "b")), 2);
	step(&s, (struct event){ .kind = EV_SLOTS, .slots = 1 });
	assert_string_equal(the(&s, CMD_START)->job.id, "a");
	assert_int_equal(the(&s, CMD_START)->attempt, 2);
	scene_end(&s);
}

static void one_that_never_starts_fails_instead_of_spinning(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	uint32_t attempt = 1;
	for (; yard_find(s.yard, "a") && attempt < 1000; attempt++)
		gone(&s, "a", attempt, ATTEMPT_NEVER_STARTED);
	assert_int_equal(attempt, 21);
	assert_ended(&s, JOB_FAILED, END_START_FAILED, -1, 0,
		"Job never started, 20 times in a row");
	scene_end(&s);
}

static void one_that_is_gone_gets_an_honest_end(void **state)
{
	static const char lost[] =
		"Process terminated unexpectedly: it is gone and left no trace of how it ended";
	static const char reboot[] = "Process terminated unexpectedly: the host was rebooted";
	for (int running = 0; running < 2; running++) {
		for (int how = 0; how < 3; how++) {
			if (!running && how == ATTEMPT_NEVER_STARTED)
				continue;
			struct scene s;
			scene_start(&s, 1, 0);
			submit(&s, "a");
			if (running)
				started(&s, "a", 1);
			gone(&s, "a", 1, (enum attempt_gone)how);
			bool rebooted = how == ATTEMPT_REBOOT;
			assert_ended(&s, JOB_FAILED, rebooted ? END_HOST_REBOOT : END_PROCESS_LOST,
				-1, 0, rebooted ? reboot : lost);
			scene_end(&s);
		}
	}
}

static void the_sentence_of_who_found_it_gone_is_kept(void **state)
{
	static const char *const said[][2] = {
		{ "nothing is left of its runner",
			"Process terminated unexpectedly: nothing is left of its runner" },
		{ "Process terminated unexpectedly: so it was found",
			"Process terminated unexpectedly: so it was found" },
	};
	for (int i = 0; i < 2; i++) {
		struct scene s;
		with_running(&s);
		step(&s,
			(struct event){ .kind = EV_GONE,
				.id = "a",
				.attempt = 1,
				.gone = ATTEMPT_LOST,
				.text = said[i][0] });
		assert_ended(&s, JOB_FAILED, END_PROCESS_LOST, -1, 0, said[i][1]);
		scene_end(&s);
	}
}

static void a_doubled_start_is_without_effect(void **state)
{
	struct scene s;
	with_running(&s);
	int64_t at = held(&s, "a")->started_wall_ms;
	scene_later(&s, 1000);
	started(&s, "a", 1);
	assert_int_equal(s.out.count, 0);
	assert_int_equal(held(&s, "a")->started_wall_ms, at);
	scene_end(&s);
}

/* Reports of attempt 1 while attempt 2 runs. */
static void reports_of_an_earlier_attempt_change_nothing(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	gone(&s, "a", 1, ATTEMPT_NEVER_STARTED);
	assert_int_equal(held(&s, "a")->attempt, 2);
	started(&s, "a", 1);
	assert_int_equal(s.out.count, 0);
	assert_int_equal(held(&s, "a")->state, JOB_PENDING);
	exited(&s, "a", 1, 0, 0);
	assert_int_equal(s.out.count, 1);
	assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
	gone(&s, "a", 1, ATTEMPT_LOST);
	assert_int_equal(s.out.count, 1);
	assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
	assert_int_equal(held(&s, "a")->state, JOB_PENDING);
	scene_end(&s);
}

static void reports_of_an_attempt_that_was_never_launched_are_nobodys(void **state)
{
	struct scene s;
	with_running(&s);
	exited(&s, "a", 2, 0, 0);
	assert_int_equal(s.out.count, 0);
	started(&s, "a", 2);
	assert_int_equal(s.out.count, 0);
	assert_int_equal(held(&s, "a")->state, JOB_RUNNING);
	scene_end(&s);
}

static void the_end_of_a_settled_attempt_is_acknowledged_again(void **state)
{
	struct scene s;
	with_running(&s);
	exited(&s, "a", 1, 0, 0);
	for (int i = 0; i < 2; i++) {
		exited(&s, "a", 1, 7, 0);
		assert_int_equal(s.out.count, 1);
		assert_string_equal(the(&s, CMD_ACK)->job.id, "a");
		assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
	}
	step(&s, (struct event){ .kind = EV_START_FAILED, .id = "a", .attempt = 1, .text = "x" });
	assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
	started(&s, "a", 1);
	assert_int_equal(s.out.count, 0);
	scene_end(&s);
}

static void the_first_start_time_stays_that_of_the_job(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 0);
	struct job j = row(&s, "a", JOB_QUEUED);
	j.started_wall_ms = 42;
	j.attempt = 3;
	load(&s, &j);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_int_equal(the(&s, CMD_START)->attempt, 4);
	started(&s, "a", 4);
	assert_int_equal(held(&s, "a")->started_wall_ms, 42);
	scene_end(&s);
}

static void a_frozen_job_that_ends_keeps_its_true_end(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 1);
	struct job j = row(&s, "a", JOB_PAUSED);
	j.pause = PAUSE_FROZEN;
	j.attempt = 1;
	j.devices = 1;
	load(&s, &j);
	step(&s, (struct event){ .kind = EV_OPEN });
	submit_as(&s, "b", 0, 1);
	assert_int_equal(held(&s, "b")->state, JOB_QUEUED);
	exited(&s, "a", 1, 0, 0);
	assert_null(yard_find(s.yard, "a"));
	assert_int_equal(s.out.list[0].to, JOB_COMPLETED);
	assert_int_equal(s.out.list[0].from, JOB_PAUSED);
	assert_int_equal(s.out.list[0].job.pause, PAUSE_NONE);
	assert_int_equal(held(&s, "b")->devices, 1);
	scene_end(&s);
}

static void only_incomplete_rows_are_loaded_and_only_before_opening(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 0);
	static const enum job_state ended[] = { JOB_COMPLETED, JOB_FAILED, JOB_CANCELLED };
	for (int i = 0; i < 3; i++) {
		struct job j = row(&s, "ended", ended[i]);
		assert_int_equal(load(&s, &j), -1);
		assert_int_equal(s.e.kind, ERR_STATE);
	}
	struct job running = row(&s, "r", JOB_RUNNING);
	running.attempt = 0;
	assert_int_equal(load(&s, &running), -1);
	assert_int_equal(s.e.kind, ERR_STATE);
	running.attempt = 1;
	assert_int_equal(load(&s, &running), 0);
	assert_int_equal(load(&s, &running), -1);
	assert_int_equal(s.e.kind, ERR_CONFLICT);
	step(&s, (struct event){ .kind = EV_OPEN });
	struct job late = row(&s, "late", JOB_QUEUED);
	assert_int_equal(load(&s, &late), -1);
	assert_int_equal(s.e.kind, ERR_STATE);
	assert_null(yard_find(s.yard, "late"));
	scene_end(&s);
}

static void after_a_restart_order_and_reservations_are_as_before(void **state)
{
	struct scene s;
	scene_start_closed(&s, 2, 2);
	struct job a = row(&s, "a", JOB_QUEUED), b = row(&s, "b", JOB_QUEUED);
	struct job c = row(&s, "c", JOB_RUNNING), d = row(&s, "d", JOB_PENDING);
	a.gpus = b.gpus = 1;
	c.devices = 1;
	d.devices = 2;
	load(&s, &d);
	load(&s, &b);
	load(&s, &c);
	load(&s, &a);
	assert_int_equal(yard_position(s.yard, held(&s, "a")), 1);
	assert_int_equal(yard_position(s.yard, held(&s, "b")), 2);
	gone(&s, "d", 1, ATTEMPT_NEVER_STARTED);
	assert_int_equal(count_of(&s, CMD_START), 0);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_string_equal(the(&s, CMD_START)->job.id, "a");
	assert_int_equal(held(&s, "a")->devices, 2);
	assert_int_equal(held(&s, "c")->state, JOB_RUNNING);
	assert_int_equal(yard_position(s.yard, held(&s, "d")), 2);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_is_told_as_it_was),
		cmocka_unit_test(an_exit_whose_start_was_lost_passes_through_running),
		cmocka_unit_test(a_start_that_failed_says_why),
		cmocka_unit_test(one_that_never_started_is_queued_again_at_its_old_place),
		cmocka_unit_test(one_that_never_starts_fails_instead_of_spinning),
		cmocka_unit_test(one_that_is_gone_gets_an_honest_end),
		cmocka_unit_test(the_sentence_of_who_found_it_gone_is_kept),
		cmocka_unit_test(a_doubled_start_is_without_effect),
		cmocka_unit_test(reports_of_an_earlier_attempt_change_nothing),
		cmocka_unit_test(reports_of_an_attempt_that_was_never_launched_are_nobodys),
		cmocka_unit_test(the_end_of_a_settled_attempt_is_acknowledged_again),
		cmocka_unit_test(the_first_start_time_stays_that_of_the_job),
		cmocka_unit_test(a_frozen_job_that_ends_keeps_its_true_end),
		cmocka_unit_test(only_incomplete_rows_are_loaded_and_only_before_opening),
		cmocka_unit_test(after_a_restart_order_and_reservations_are_as_before),
	};
	return cmocka_run_group_tests_name("core/attempts", tests, NULL, NULL);
}
