/* tests/unit/core/test_job.c -- facts about the lists of states, reasons and phases. */
#include "unit/core/scene.h"

/* Written out once more by hand, so that a slip in the list is seen.
 * Columns: queued pending running paused completed failed cancelled. */
static const char *const table[JOB_STATE_COUNT] = {
	[JOB_QUEUED] = "yy-y-yy",
	[JOB_PENDING] = "y-yy-yy",
	[JOB_RUNNING] = "y--yyyy",
	[JOB_PAUSED] = "y-y-yyy",
	[JOB_COMPLETED] = "y------",
	[JOB_FAILED] = "y------",
	[JOB_CANCELLED] = "y------",
};

static void every_transition_is_in_the_table_or_refused(void **state)
{
	for (int from = 0; from < JOB_STATE_COUNT; from++) {
		for (int to = 0; to < JOB_STATE_COUNT; to++)
			assert_int_equal(job_may_become((enum job_state)from, (enum job_state)to),
				table[from][to] == 'y');
	}
}

static void every_word_reads_back_as_what_it_names(void **state)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		assert_int_equal(job_state_of(str_of(job_state_name((enum job_state)i))), i);
	for (int i = 0; i < END_REASON_COUNT; i++)
		assert_int_equal(end_reason_of(str_of(end_reason_name((enum end_reason)i))), i);
	for (int i = 0; i < STOP_PHASE_COUNT; i++)
		assert_int_equal(stop_phase_of(str_of(stop_phase_name((enum stop_phase)i))), i);
	for (int i = 0; i < PAUSE_KIND_COUNT; i++)
		assert_int_equal(pause_kind_of(str_of(pause_kind_name((enum pause_kind)i))), i);
	assert_int_equal(job_state_of(STR("Queued")), -1);
	assert_int_equal(job_state_of(STR("")), -1);
	assert_int_equal(end_reason_of(STR("exit")), -1);
	assert_int_equal(stop_phase_of(STR("killed")), -1);
	assert_int_equal(pause_kind_of(STR("freeze")), -1);
}

static void a_status_filter_is_states_and_sets_in_any_mixture(void **state)
{
	struct err e = { 0 };
	unsigned states = 0;
	assert_int_equal(job_states_parse(STR("running"), &states, &e), 0);
	assert_int_equal(states, TO(RUNNING));
	assert_int_equal(job_states_parse(STR("active"), &states, &e), 0);
	assert_int_equal(states, TO(QUEUED) | TO(PENDING) | TO(RUNNING));
	assert_int_equal(job_states_parse(STR("incomplete, failed"), &states, &e), 0);
	assert_int_equal(states, TO(QUEUED) | TO(PENDING) | TO(RUNNING) | TO(PAUSED) | TO(FAILED));
	assert_int_equal(job_states_parse(STR("terminal,recoverable"), &states, &e), 0);
	assert_int_equal(states,
		TO(QUEUED) | TO(PENDING) | TO(COMPLETED) | TO(FAILED) | TO(CANCELLED));
}

static void a_status_filter_with_an_unknown_word_says_which_and_what_there_is(void **state)
{
	struct err e = { 0 };
	unsigned states = 99;
	assert_int_equal(job_states_parse(STR("running,done"), &states, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "'done'"));
	assert_non_null(strstr(e.text, "cancelled active"));
	assert_int_equal(states, 99);
	assert_int_equal(job_states_parse(STR(""), &states, &e), -1);
	assert_int_equal(job_states_parse(STR("running,,failed"), &states, &e), -1);
}

static void the_sets_are_those_of_the_contract(void **state)
{
	assert_true(job_state_in(JOB_PAUSED, JOB_SET_INCOMPLETE));
	assert_false(job_state_in(JOB_PAUSED, JOB_SET_ACTIVE));
	assert_false(job_state_in(JOB_COMPLETED, JOB_SET_RECOVERABLE));
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		assert_int_equal(job_state_in((enum job_state)i, JOB_SET_INCOMPLETE),
			!job_state_in((enum job_state)i, JOB_SET_TERMINAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transition_is_in_the_table_or_refused),
		cmocka_unit_test(every_word_reads_back_as_what_it_names),
		cmocka_unit_test(a_status_filter_is_states_and_sets_in_any_mixture),
		cmocka_unit_test(a_status_filter_with_an_unknown_word_says_which_and_what_there_is),
		cmocka_unit_test(the_sets_are_those_of_the_contract),
	};
	return cmocka_run_group_tests_name("core/job", tests, NULL, NULL);
}
