/* tests/unit/core/test_stops.c -- facts about cancel, its joining and escalating, and deadlines. */
#include "unit/core/scene.h"

enum { GRACE_MS = YARD_GRACE_MS, KILL_MS = YARD_KILL_LIMIT_MS };

static void with_job(struct scene *s, enum job_state state)
{
	scene_start(s, state == JOB_QUEUED ? 0 : 1, 1);
	submit_as(s, "a", 0, 1);
	if (state == JOB_RUNNING)
		started(s, "a", 1);
	assert_int_equal(held(s, "a")->state, state);
}

static void with_paused(struct scene *s, enum pause_kind kind)
{
	scene_start_closed(s, 1, 1);
	struct job j = row(s, "a", JOB_PAUSED);
	j.pause = kind;
	j.attempt = 1;
	j.devices = kind == PAUSE_FROZEN;
	assert_int_equal(load(s, &j), 0);
	step(s, (struct event){ .kind = EV_OPEN });
}

static void assert_cancelled(struct scene *s, enum job_state from, int code)
{
	const struct command *update = last_update(s);
	assert_int_equal(update->from, from);
	assert_int_equal(update->to, JOB_CANCELLED);
	assert_string_equal(update->by, "eve");
	assert_int_equal(update->job.end.reason, END_CANCELLED);
	assert_int_equal(update->job.end.exit_code, code);
	assert_string_equal(update->job.end.message, "Cancelled by eve: enough");
	assert_string_equal(update->job.stop.by, "eve");
	assert_string_equal(update->job.stop.reason, "enough");
	assert_int_equal(update->job.stop.phase, STOP_NONE);
	assert_int_equal(update->job.devices, 0);
	assert_null(yard_find(s->yard, "a"));
}

static void assert_stopping(struct scene *s, enum job_state state, enum stop_phase phase)
{
	const struct job *j = held(s, "a");
	assert_int_equal(j->state, state);
	assert_int_equal(j->stop.phase, phase);
	assert_true(j->devices != 0);
}

static void a_queued_job_is_cancelled_at_once(void **state)
{
	struct scene s;
	with_job(&s, JOB_QUEUED);
	assert_int_equal(cancel(&s, "a", -1), 0);
	assert_cancelled(&s, JOB_QUEUED, -1);
	assert_int_equal(count_of(&s, CMD_STOP), 0);
	assert_int_equal(yard_queue_length(s.yard), 0);
	scene_end(&s);
}

static void a_held_or_checkpoint_paused_job_is_cancelled_at_once(void **state)
{
	static const enum pause_kind kinds[] = { PAUSE_HELD, PAUSE_CHECKPOINT };
	for (int i = 0; i < 2; i++) {
		struct scene s;
		with_paused(&s, kinds[i]);
		assert_int_equal(cancel(&s, "a", -1), 0);
		assert_cancelled(&s, JOB_PAUSED, -1);
		assert_int_equal(last_update(&s)->job.pause, PAUSE_NONE);
		assert_int_equal(count_of(&s, CMD_STOP), 0);
		scene_end(&s);
	}
}

static void a_live_job_is_stopped_and_ends_only_when_it_is_dead(void **state)
{
	static const enum job_state states[] = { JOB_PENDING, JOB_RUNNING };
	for (int i = 0; i < 2; i++) {
		struct scene s;
		with_job(&s, states[i]);
		assert_int_equal(cancel(&s, "a", -1), 0);
		const struct command *update = the(&s, CMD_UPDATE);
		assert_int_equal(update->from, states[i]);
		assert_int_equal(update->to, states[i]);
		assert_string_equal(update->by, "eve");
		assert_int_equal(update->job.stop.deadline_wall_ms, s.now.wall_ms + GRACE_MS);
		assert_int_equal(the(&s, CMD_STOP)->grace_ms, GRACE_MS);
		assert_int_equal(the(&s, CMD_STOP)->attempt, 1);
		assert_stopping(&s, states[i], STOP_TERMINATING);
		exited(&s, "a", 1, 0, 0);
		assert_cancelled(&s, JOB_RUNNING, 0);
		assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
		scene_end(&s);
	}
}

static void a_frozen_job_is_stopped_like_a_running_one(void **state)
{
	struct scene s;
	with_paused(&s, PAUSE_FROZEN);
	assert_int_equal(cancel(&s, "a", -1), 0);
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, GRACE_MS);
	assert_stopping(&s, JOB_PAUSED, STOP_TERMINATING);
	exited(&s, "a", 1, -1, 15);
	assert_cancelled(&s, JOB_PAUSED, -1);
	assert_int_equal(last_update(&s)->job.end.exit_signal, 15);
	scene_end(&s);
}

static void any_end_of_a_job_that_is_being_cancelled_is_cancelled(void **state)
{
	for (int how = 0; how < 4; how++) {
		struct scene s;
		with_job(&s, JOB_PENDING);
		cancel(&s, "a", -1);
		if (how < 3)
			gone(&s, "a", 1, (enum attempt_gone)how);
		else
			step(&s,
				(struct event){ .kind = EV_START_FAILED, .id = "a", .attempt = 1 });
		assert_cancelled(&s, JOB_PENDING, -1);
		assert_int_equal(the(&s, CMD_ACK)->attempt, 1);
		assert_int_equal(count_of(&s, CMD_START), 0);
		scene_end(&s);
	}
}

static void a_finished_or_unknown_job_is_not_found(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	exited(&s, "a", 1, 0, 0);
	assert_int_equal(cancel(&s, "a", -1), -1);
	assert_int_equal(s.e.kind, ERR_NOT_FOUND);
	assert_int_equal(cancel(&s, "b", -1), -1);
	assert_int_equal(s.e.kind, ERR_NOT_FOUND);
	assert_int_equal(s.out.count, 0);
	scene_end(&s);
}

static void a_start_report_does_not_end_a_stop(void **state)
{
	struct scene s;
	with_job(&s, JOB_PENDING);
	cancel(&s, "a", -1);
	int64_t due = yard_next_deadline_boot_ms(s.yard);
	started(&s, "a", 1);
	assert_stopping(&s, JOB_RUNNING, STOP_TERMINATING);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), due);
	scene_end(&s);
}

static void a_second_cancel_joins_the_first(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	cancel(&s, "a", -1);
	scene_later(&s, 1000);
	assert_int_equal(cancel(&s, "a", -1), 0);
	assert_int_equal(s.out.count, 0);
	assert_int_equal(cancel(&s, "a", GRACE_MS - 1000), 0);
	assert_int_equal(s.out.count, 0);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms - 1000 + GRACE_MS);
	scene_end(&s);
}

static void a_stricter_cancel_escalates(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	cancel(&s, "a", -1);
	scene_later(&s, 1000);
	assert_int_equal(step(&s,
				 (struct event){ .kind = EV_CANCEL,
					 .id = "a",
					 .by = "bob",
					 .grace_ms = 0 }),
		0);
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, 0);
	assert_string_equal(the(&s, CMD_UPDATE)->by, "bob");
	assert_int_equal(the(&s, CMD_UPDATE)->job.stop.grace_ms, 0);
	assert_string_equal(held(&s, "a")->stop.by, "eve");
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms);
	scene_end(&s);
}

static void a_grace_of_any_size_is_safe(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	assert_int_equal(cancel(&s, "a", INT64_MAX), 0);
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, INT64_MAX);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), INT64_MAX);
	assert_int_equal(cancel(&s, "a", 5), 0);
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, 5);
	scene_end(&s);
}

static void after_the_grace_it_is_killed_and_then_said_to_be_overdue(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	cancel(&s, "a", -1);
	scene_later(&s, GRACE_MS - 1);
	tick(&s);
	assert_int_equal(s.out.count, 0);
	scene_later(&s, 1);
	tick(&s);
	assert_int_equal(the(&s, CMD_KILL)->attempt, 1);
	assert_int_equal(the(&s, CMD_UPDATE)->job.stop.phase, STOP_KILLING);
	assert_int_equal(count_of(&s, CMD_OVERDUE), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms + KILL_MS);
		scene_later(&s, KILL_MS);
		tick(&s);
		assert_int_equal(count_of(&s, CMD_OVERDUE), 1);
		assert_int_equal(count_of(&s, CMD_KILL), 1);
		assert_int_equal(count_of(&s, CMD_UPDATE), 0);
		assert_stopping(&s, JOB_RUNNING, STOP_KILLING);
	}
	exited(&s, "a", 1, -1, 9);
	assert_cancelled(&s, JOB_RUNNING, -1);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), INT64_MAX);
	scene_end(&s);
}

static void nothing_takes_the_place_of_one_that_cannot_be_killed(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	submit_as(&s, "b", 0, 1);
	cancel(&s, "a", 0);
	tick(&s);
	step(&s,
		(struct event){ .kind = EV_UNKILLABLE,
			.id = "a",
			.attempt = 1,
			.text = "pid 77 is in an uninterruptible sleep" });
	assert_string_equal(the(&s, CMD_OVERDUE)->why, "pid 77 is in an uninterruptible sleep");
	assert_int_equal(count_of(&s, CMD_KILL), 0);
	assert_stopping(&s, JOB_RUNNING, STOP_KILLING);
	assert_int_equal(held(&s, "b")->state, JOB_QUEUED);
	exited(&s, "a", 1, -1, 9);
	assert_int_equal(held(&s, "b")->state, JOB_PENDING);
	scene_end(&s);
}

static void a_cancel_of_one_that_is_overdue_waits_a_whole_limit_again(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	cancel(&s, "a", 0);
	tick(&s);
	scene_later(&s, KILL_MS / 2);
	assert_int_equal(cancel(&s, "a", -1), 0);
	assert_int_equal(count_of(&s, CMD_KILL), 1);
	assert_int_equal(count_of(&s, CMD_UPDATE), 0);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms + KILL_MS);
	scene_end(&s);
}

static void unkillable_without_a_stop_is_late_news(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	step(&s, (struct event){ .kind = EV_UNKILLABLE, .id = "a", .attempt = 1 });
	step(&s, (struct event){ .kind = EV_UNKILLABLE, .id = "nobody", .attempt = 1 });
	assert_int_equal(s.out.count, 0);
	cancel(&s, "a", -1);
	step(&s, (struct event){ .kind = EV_UNKILLABLE, .id = "a", .attempt = 9 });
	assert_int_equal(s.out.count, 0);
	assert_stopping(&s, JOB_RUNNING, STOP_TERMINATING);
	scene_end(&s);
}

static void deadlines_follow_boot_time_and_not_the_wall(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	cancel(&s, "a", -1);
	s.now.wall_ms += INT64_C(20) * 365 * 86400 * 1000;
	tick(&s);
	assert_int_equal(s.out.count, 0);
	s.now.wall_ms = 1;
	tick(&s);
	assert_int_equal(s.out.count, 0);
	s.now.boot_ms += GRACE_MS;
	tick(&s);
	assert_int_equal(count_of(&s, CMD_KILL), 1);
	exited(&s, "a", 1, -1, 9);
	assert_int_equal(last_update(&s)->job.ended_wall_ms, 1);
	scene_end(&s);
}

static void a_job_stuck_in_pending_is_stopped_and_then_failed(void **state)
{
	struct scene s;
	with_job(&s, JOB_PENDING);
	scene_later(&s, YARD_PENDING_LIMIT_MS - 1);
	tick(&s);
	assert_int_equal(s.out.count, 0);
	scene_later(&s, 1);
	tick(&s);
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, GRACE_MS);
	assert_stopping(&s, JOB_PENDING, STOP_TERMINATING);
	gone(&s, "a", 1, ATTEMPT_NEVER_STARTED);
	const struct command *update = last_update(&s);
	assert_int_equal(update->from, JOB_PENDING);
	assert_int_equal(update->to, JOB_FAILED);
	assert_int_equal(update->job.end.reason, END_STUCK_PENDING);
	assert_string_equal(update->job.end.message, "Job stuck in pending state");
	scene_end(&s);
}

static void one_thought_stuck_that_did_its_work_has_completed(void **state)
{
	for (int code = 0; code < 2; code++) {
		struct scene s;
		with_job(&s, JOB_PENDING);
		scene_later(&s, YARD_PENDING_LIMIT_MS);
		tick(&s);
		exited(&s, "a", 1, code, 0);
		const struct job *j = &last_update(&s)->job;
		assert_int_equal(j->state, code ? JOB_FAILED : JOB_COMPLETED);
		assert_int_equal(j->end.reason, code ? END_STUCK_PENDING : END_COMPLETED);
		assert_int_equal(j->end.exit_code, code);
		scene_end(&s);
	}
}

static void a_cancel_takes_over_the_stop_of_a_stuck_job(void **state)
{
	struct scene s;
	with_job(&s, JOB_PENDING);
	scene_later(&s, YARD_PENDING_LIMIT_MS);
	tick(&s);
	assert_int_equal(cancel(&s, "a", -1), 0);
	assert_string_equal(the(&s, CMD_UPDATE)->job.stop.by, "eve");
	gone(&s, "a", 1, ATTEMPT_NEVER_STARTED);
	assert_cancelled(&s, JOB_PENDING, -1);
	scene_end(&s);
}

static void a_started_job_is_never_stuck(void **state)
{
	struct scene s;
	with_job(&s, JOB_RUNNING);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), INT64_MAX);
	scene_later(&s, YARD_PENDING_LIMIT_MS * 100);
	tick(&s);
	assert_int_equal(s.out.count, 0);
	scene_end(&s);
}

/* A row as the store gives it back after a restart in the middle of a stop. */
static struct job stopping_row(struct scene *s, enum stop_phase phase)
{
	struct job j = row(s, "a", JOB_RUNNING);
	j.devices = 1;
	j.stop = (struct job_stop){ .phase = phase,
		.then = END_CANCELLED,
		.grace_ms = 300,
		.by = "eve",
		.reason = "enough" };
	return j;
}

static void a_stop_goes_on_after_a_restart(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 1);
	struct job j = stopping_row(&s, STOP_TERMINATING);
	load(&s, &j);
	scene_later(&s, 1000000);
	tick(&s);
	assert_int_equal(s.out.count, 0);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_int_equal(the(&s, CMD_STOP)->grace_ms, 300);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms + 300);
	exited(&s, "a", 1, -1, 15);
	assert_cancelled(&s, JOB_RUNNING, -1);
	scene_end(&s);
}

static void a_kill_goes_on_after_a_restart(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 1);
	struct job j = stopping_row(&s, STOP_KILLING);
	load(&s, &j);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_int_equal(count_of(&s, CMD_KILL), 1);
	assert_int_equal(count_of(&s, CMD_STOP), 0);
	assert_int_equal(yard_next_deadline_boot_ms(s.yard), s.now.boot_ms + KILL_MS);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_int_equal(s.out.count, 0);
	scene_end(&s);
}

static void one_that_ended_during_the_restart_is_not_stopped_again(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 1);
	struct job j = stopping_row(&s, STOP_TERMINATING);
	load(&s, &j);
	exited(&s, "a", 1, 0, 0);
	assert_cancelled(&s, JOB_RUNNING, 0);
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_int_equal(s.out.count, 0);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queued_job_is_cancelled_at_once),
		cmocka_unit_test(a_held_or_checkpoint_paused_job_is_cancelled_at_once),
		cmocka_unit_test(a_live_job_is_stopped_and_ends_only_when_it_is_dead),
		cmocka_unit_test(a_frozen_job_is_stopped_like_a_running_one),
		cmocka_unit_test(any_end_of_a_job_that_is_being_cancelled_is_cancelled),
		cmocka_unit_test(a_finished_or_unknown_job_is_not_found),
		cmocka_unit_test(a_start_report_does_not_end_a_stop),
		cmocka_unit_test(a_second_cancel_joins_the_first),
		cmocka_unit_test(a_stricter_cancel_escalates),
		cmocka_unit_test(a_grace_of_any_size_is_safe),
		cmocka_unit_test(after_the_grace_it_is_killed_and_then_said_to_be_overdue),
		cmocka_unit_test(nothing_takes_the_place_of_one_that_cannot_be_killed),
		cmocka_unit_test(a_cancel_of_one_that_is_overdue_waits_a_whole_limit_again),
		cmocka_unit_test(unkillable_without_a_stop_is_late_news),
		cmocka_unit_test(deadlines_follow_boot_time_and_not_the_wall),
		cmocka_unit_test(a_job_stuck_in_pending_is_stopped_and_then_failed),
		cmocka_unit_test(one_thought_stuck_that_did_its_work_has_completed),
		cmocka_unit_test(a_cancel_takes_over_the_stop_of_a_stuck_job),
		cmocka_unit_test(a_started_job_is_never_stuck),
		cmocka_unit_test(a_stop_goes_on_after_a_restart),
		cmocka_unit_test(a_kill_goes_on_after_a_restart),
		cmocka_unit_test(one_that_ended_during_the_restart_is_not_stopped_again),
	};
	return cmocka_run_group_tests_name("core/stops", tests, NULL, NULL);
}
