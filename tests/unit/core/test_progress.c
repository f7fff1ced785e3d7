/* tests/unit/core/test_progress.c -- facts about how far a job is and when it will be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "core/metric.h"
#include "core/progress.h"

static void take(struct job_progress *p, const char *name, int64_t step, double value)
{
	progress_take(p, str_of(name), step, value, step * 1000);
}

static void the_percentage_is_steps_before_epochs_before_the_programs_own_word(void **state)
{
	struct job_progress p = { 0 };
	struct progress_pace pace = { 0 };
	take(&p, "percentage", 1, 12);
	progress_settle(&p, &pace, 1, 1000);
	assert_true(p.value[PROGRESS_PERCENT] == 12);
	take(&p, "total_epochs", 1, 4);
	take(&p, "epoch", 1, 1);
	progress_settle(&p, &pace, 1, 1000);
	assert_true(p.value[PROGRESS_PERCENT] == 25);
	take(&p, "max_steps", 1, 10);
	progress_settle(&p, &pace, 5, 5000);
	assert_true(p.value[PROGRESS_PERCENT] == 50);
	progress_settle(&p, &pace, 30, 6000);
	assert_true(p.value[PROGRESS_PERCENT] == 100);
}

static void the_time_left_needs_three_rates_and_follows_the_newest(void **state)
{
	struct job_progress p = { 0 };
	struct progress_pace pace = { 0 };
	take(&p, "total_steps", 0, 100);
	for (int step = 0; step < 3; step++) {
		progress_settle(&p, &pace, step, step * 1000);
		assert_false(progress_has(&p, PROGRESS_REMAINING_S));
	}
	progress_settle(&p, &pace, 3, 3000);
	assert_true(fabs(p.value[PROGRESS_REMAINING_S] - 97) < 1e-9);
	for (int step = 4; step <= 40; step++)
		progress_settle(&p, &pace, step, 3000 + (step - 3) * 4000);
	assert_true(fabs(p.value[PROGRESS_REMAINING_S] - 240) < 1e-9);
}

static void a_clock_that_jumps_back_leaves_the_time_left_unknown(void **state)
{
	struct job_progress p = { 0 };
	struct progress_pace pace = { 0 };
	take(&p, "total_steps", 0, 100);
	for (int step = 0; step < 5; step++)
		progress_settle(&p, &pace, step, 1000000 - step * 100000);
	assert_false(progress_has(&p, PROGRESS_REMAINING_S));
}

static void a_replayed_step_is_the_truth_and_the_pace_begins_anew(void **state)
{
	struct job_progress p = { 0 };
	struct progress_pace pace = { 0 };
	for (int step = 0; step < 10; step++)
		progress_settle(&p, &pace, step, step * 1000);
	progress_settle(&p, &pace, 4, 20000);
	assert_true(p.value[PROGRESS_STEP] == 4);
	assert_int_equal(pace.count, 1);
}

static void the_best_eval_loss_is_the_lowest_finite_one_with_its_step(void **state)
{
	struct job_progress p = { 0 };
	take(&p, "val_loss", 1, 3);
	take(&p, "eval/loss", 2, 2);
	take(&p, "eval_loss", 3, NAN);
	take(&p, "eval_loss", 4, 2.5);
	assert_true(p.value[PROGRESS_BEST_EVAL_LOSS] == 2);
	assert_true(p.value[PROGRESS_BEST_STEP] == 2);
	assert_true(p.value[PROGRESS_EVAL_LOSS] == 2.5);
}

static void aliases_feed_one_field_and_other_names_none(void **state)
{
	assert_int_equal(metric_field(str_of("train/loss")), PROGRESS_LOSS);
	assert_int_equal(metric_field(str_of("lr")), PROGRESS_LEARNING_RATE);
	assert_int_equal(metric_field(str_of("accuracy")), -1);
	assert_true(metric_is_position(PROGRESS_TOTAL_STEPS));
	assert_false(metric_is_position(PROGRESS_LOSS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_percentage_is_steps_before_epochs_before_the_programs_own_word),
		cmocka_unit_test(the_time_left_needs_three_rates_and_follows_the_newest),
		cmocka_unit_test(a_clock_that_jumps_back_leaves_the_time_left_unknown),
		cmocka_unit_test(a_replayed_step_is_the_truth_and_the_pace_begins_anew),
		cmocka_unit_test(the_best_eval_loss_is_the_lowest_finite_one_with_its_step),
		cmocka_unit_test(aliases_feed_one_field_and_other_names_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
