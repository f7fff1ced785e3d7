/* tests/unit/core/test_placement.c -- facts about submissions, the queue, slots and devices. */
#include "unit/core/scene.h"

static void a_job_starts_with_one_row_write_when_a_slot_is_free(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	assert_int_equal(submit(&s, "a"), 0);
	const struct command *insert = the(&s, CMD_INSERT);
	assert_int_equal(insert->job.state, JOB_PENDING);
	assert_int_equal(insert->job.attempt, 1);
	assert_int_equal(insert->job.pending_wall_ms, s.now.wall_ms);
	assert_int_equal(insert->job.grace_ms, YARD_GRACE_MS);
	assert_int_equal(insert->job.end.exit_code, -1);
	assert_string_equal(insert->by, "ada");
	assert_int_equal(count_of(&s, CMD_UPDATE), 0);
	assert_int_equal(the(&s, CMD_START)->attempt, 1);
	assert_int_equal(the(&s, CMD_PUBLISH)->job.state, JOB_PENDING);
	assert_true(command_is_row(s.out.list[0].kind));
	scene_end(&s);
}

static void without_a_slot_a_job_is_queued_and_nothing_is_started(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	assert_int_equal(submit(&s, "b"), 0);
	assert_int_equal(the(&s, CMD_INSERT)->job.state, JOB_QUEUED);
	assert_int_equal(count_of(&s, CMD_START), 0);
	assert_int_equal(yard_position(s.yard, held(&s, "b")), 1);
	assert_int_equal(yard_position(s.yard, held(&s, "a")), 0);
	scene_end(&s);
}

static void the_next_in_line_starts_in_the_step_that_frees_a_slot(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit(&s, "a");
	submit(&s, "b");
	submit(&s, "c");
	started(&s, "a", 1);
	exited(&s, "a", 1, 0, 0);
	assert_null(yard_find(s.yard, "a"));
	assert_string_equal(the(&s, CMD_START)->job.id, "b");
	const struct command *update = last_update(&s);
	assert_int_equal(update->from, JOB_QUEUED);
	assert_int_equal(update->to, JOB_PENDING);
	assert_int_equal(yard_position(s.yard, held(&s, "c")), 1);
	scene_end(&s);
}

static void higher_priority_is_first_and_among_equals_the_earlier(void **state)
{
	struct scene s;
	scene_start(&s, 0, 0);
	submit_as(&s, "low", -5, 0);
	submit_as(&s, "first", 0, 0);
	submit_as(&s, "high", 9, 0);
	submit_as(&s, "second", 0, 0);
	static const char *const order[] = { "high", "first", "second", "low" };
	assert_int_equal(yard_queue_length(s.yard), 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(yard_queued_at(s.yard, i + 1)->id, order[i]);
		assert_int_equal(yard_position(s.yard, held(&s, order[i])), i + 1);
	}
	assert_null(yard_queued_at(s.yard, 5));
	assert_null(yard_queued_at(s.yard, 0));
	assert_null(yard_queued_at(s.yard, -1));
	for (int i = 0; i < 4; i++) {
		step(&s, (struct event){ .kind = EV_SLOTS, .slots = i + 1 });
		assert_string_equal(the(&s, CMD_START)->job.id, order[i]);
	}
	scene_end(&s);
}

static void positions_close_up_when_one_leaves(void **state)
{
	struct scene s;
	scene_start(&s, 0, 0);
	submit(&s, "a");
	submit(&s, "b");
	submit(&s, "c");
	assert_int_equal(cancel(&s, "b", -1), 0);
	assert_int_equal(yard_queue_length(s.yard), 2);
	assert_int_equal(yard_position(s.yard, held(&s, "a")), 1);
	assert_int_equal(yard_position(s.yard, held(&s, "c")), 2);
	scene_end(&s);
}

static void devices_are_given_once_and_given_back(void **state)
{
	struct scene s;
	scene_start(&s, 9, 4);
	submit_as(&s, "two", 0, 2);
	submit_as(&s, "unsaid", 0, -1);
	submit_as(&s, "none", 0, 0);
	assert_int_equal(held(&s, "two")->devices, 0x3);
	assert_int_equal(held(&s, "unsaid")->devices, 0x4);
	assert_int_equal(held(&s, "none")->devices, 0);
	assert_int_equal(held(&s, "none")->state, JOB_PENDING);
	submit_as(&s, "big", 0, 3);
	assert_int_equal(held(&s, "big")->state, JOB_QUEUED);
	started(&s, "two", 1);
	exited(&s, "two", 1, 0, 0);
	assert_int_equal(held(&s, "big")->devices, 0xB);
	scene_end(&s);
}

static void without_devices_an_unsaid_number_is_none(void **state)
{
	struct scene s;
	scene_start(&s, 1, 0);
	submit_as(&s, "a", 0, -1);
	assert_int_equal(held(&s, "a")->state, JOB_PENDING);
	assert_int_equal(yard_devices_wanted(s.yard, held(&s, "a")), 0);
	scene_end(&s);
}

static void nobody_passes_the_first_in_line_that_does_not_fit(void **state)
{
	struct scene s;
	scene_start(&s, 9, 2);
	submit_as(&s, "one", 0, 1);
	submit_as(&s, "two", 0, 2);
	submit_as(&s, "small", 0, 0);
	assert_int_equal(held(&s, "two")->state, JOB_QUEUED);
	assert_int_equal(held(&s, "small")->state, JOB_QUEUED);
	exited(&s, "one", 1, 0, 0);
	assert_int_equal(held(&s, "two")->state, JOB_PENDING);
	assert_int_equal(held(&s, "small")->state, JOB_PENDING);
	scene_end(&s);
}

static void all_sixty_four_devices_can_be_used(void **state)
{
	struct scene s;
	scene_start(&s, 64, 64);
	submit_as(&s, "a", 0, 63);
	submit_as(&s, "b", 0, 1);
	assert_true(held(&s, "a")->devices == UINT64_MAX >> 1);
	assert_true(held(&s, "b")->devices == UINT64_C(1) << 63);
	struct yard_counts c;
	yard_count(s.yard, &c);
	assert_int_equal(c.devices_used, 64);
	assert_int_equal(c.slots_used, 2);
	assert_int_equal(c.jobs[JOB_PENDING], 2);
	scene_end(&s);
}

static void a_bad_submission_is_refused_and_changes_nothing(void **state)
{
	struct scene s;
	scene_start(&s, 1, 2);
	submit(&s, "a");
	assert_int_equal(submit(&s, "a"), -1);
	assert_int_equal(s.e.kind, ERR_CONFLICT);
	assert_int_equal(submit_as(&s, "b", 0, 3), -1);
	assert_int_equal(s.e.kind, ERR_INVALID);
	s.arrivals = 0;
	assert_int_equal(submit(&s, "b"), -1);
	assert_int_equal(s.e.kind, ERR_INPUT);
	assert_int_equal(s.out.count, 0);
	assert_null(yard_find(s.yard, "b"));
	assert_int_equal(yard_queue_length(s.yard), 0);
	scene_end(&s);
}

static void a_full_yard_is_busy_until_one_leaves(void **state)
{
	struct scene s;
	scene_start(&s, 0, 0);
	char id[16];
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "j%d", i);
		assert_int_equal(submit(&s, id), 0);
	}
	assert_int_equal(submit(&s, "more"), -1);
	assert_int_equal(s.e.kind, ERR_BUSY);
	cancel(&s, "j50", -1);
	assert_int_equal(submit(&s, "more"), 0);
	assert_int_equal(yard_position(s.yard, held(&s, "more")), 100);
	scene_end(&s);
}

static void fewer_slots_end_nothing_that_runs(void **state)
{
	struct scene s;
	scene_start(&s, 3, 0);
	submit(&s, "a");
	submit(&s, "b");
	step(&s, (struct event){ .kind = EV_SLOTS, .slots = 1 });
	assert_int_equal(s.out.count, 0);
	submit(&s, "c");
	exited(&s, "a", 1, 0, 0);
	assert_int_equal(held(&s, "c")->state, JOB_QUEUED);
	exited(&s, "b", 1, 0, 0);
	assert_int_equal(held(&s, "c")->state, JOB_PENDING);
	scene_end(&s);
}

static void assert_waits(struct scene *s, const char *id, const char *because)
{
	char text[200];
	bool waits = yard_waiting_reason(s->yard, held(s, id), text, sizeof(text));
	assert_int_equal(waits, because[0] != '\0');
	assert_string_equal(text, because);
}

static void a_waiting_job_says_exactly_why(void **state)
{
	struct scene s;
	scene_start_closed(&s, 2, 2);
	submit_as(&s, "a", 0, 1);
	assert_waits(&s, "a", "waits until the server has settled what it found, position 1");
	step(&s, (struct event){ .kind = EV_OPEN });
	assert_waits(&s, "a", "its command is being started");
	started(&s, "a", 1);
	assert_waits(&s, "a", "");
	submit_as(&s, "b", 0, 2);
	submit_as(&s, "c", 0, 0);
	assert_waits(&s, "b", "needs 2 GPUs, 1 free, position 1");
	assert_waits(&s, "c", "waits behind job b, which needs 2 GPUs, 1 free, position 2");
	step(&s, (struct event){ .kind = EV_SLOTS, .slots = 1 });
	assert_waits(&s, "b", "waits for a free slot: 1 of 1 in use, position 1");
	assert_waits(&s, "c", "waits for a free slot: 1 of 1 in use, position 2");
	scene_end(&s);
}

static void a_paused_job_says_how_it_waits(void **state)
{
	struct scene s;
	scene_start_closed(&s, 2, 2);
	for (int kind = PAUSE_HELD; kind < PAUSE_KIND_COUNT; kind++) {
		struct job j = row(&s, pause_kind_name((enum pause_kind)kind), JOB_PAUSED);
		j.pause = (enum pause_kind)kind;
		j.attempt = 1;
		assert_int_equal(load(&s, &j), 0);
	}
	assert_waits(&s, "held", "held: resume it to queue it");
	assert_waits(&s, "checkpoint", "paused at a checkpoint: resume it to queue it");
	assert_waits(&s, "frozen", "frozen, its memory still held: resume it to go on");
	scene_end(&s);
}

static void a_job_too_large_for_this_machine_waits_alone(void **state)
{
	struct scene s;
	scene_start_closed(&s, 1, 1);
	struct job big = row(&s, "big", JOB_QUEUED);
	big.gpus = 4;
	big.priority = 9;
	load(&s, &big);
	step(&s, (struct event){ .kind = EV_OPEN });
	submit_as(&s, "a", 0, 1);
	submit_as(&s, "b", 0, 1);
	assert_int_equal(held(&s, "a")->state, JOB_PENDING);
	assert_waits(&s, "big", "needs 4 GPUs, this machine has 1");
	assert_waits(&s, "b", "waits for a free slot: 1 of 1 in use, position 2");
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_starts_with_one_row_write_when_a_slot_is_free),
		cmocka_unit_test(without_a_slot_a_job_is_queued_and_nothing_is_started),
		cmocka_unit_test(the_next_in_line_starts_in_the_step_that_frees_a_slot),
		cmocka_unit_test(higher_priority_is_first_and_among_equals_the_earlier),
		cmocka_unit_test(positions_close_up_when_one_leaves),
		cmocka_unit_test(devices_are_given_once_and_given_back),
		cmocka_unit_test(without_devices_an_unsaid_number_is_none),
		cmocka_unit_test(nobody_passes_the_first_in_line_that_does_not_fit),
		cmocka_unit_test(all_sixty_four_devices_can_be_used),
		cmocka_unit_test(a_bad_submission_is_refused_and_changes_nothing),
		cmocka_unit_test(a_full_yard_is_busy_until_one_leaves),
		cmocka_unit_test(fewer_slots_end_nothing_that_runs),
		cmocka_unit_test(a_waiting_job_says_exactly_why),
		cmocka_unit_test(a_paused_job_says_how_it_waits),
		cmocka_unit_test(a_job_too_large_for_this_machine_waits_alone),
	};
	return cmocka_run_group_tests_name("core/placement", tests, NULL, NULL);
}
