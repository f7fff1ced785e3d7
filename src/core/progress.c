/* core/progress.c -- see progress.h. */
#include "core/progress.h"

#include <math.h>
#include <string.h>

#include "core/metric.h"

#define RATES_LEAST 3

void progress_take(struct job_progress *p, struct str name, int64_t step, double value,
	int64_t at_wall_ms)
{
	int field = metric_field(name);
	if (field < 0)
		return;
	progress_set(p, (enum progress_field)field, value);
	p->updated_wall_ms = at_wall_ms;
	if (field != PROGRESS_EVAL_LOSS || !isfinite(value))
		return;
	if (progress_has(p, PROGRESS_BEST_EVAL_LOSS) && value >= p->value[PROGRESS_BEST_EVAL_LOSS])
		return;
	progress_set(p, PROGRESS_BEST_EVAL_LOSS, value);
	progress_set(p, PROGRESS_BEST_STEP, (double)step);
	if (progress_has(p, PROGRESS_EPOCH))
		progress_set(p, PROGRESS_BEST_EPOCH, p->value[PROGRESS_EPOCH]);
}

static void note_pace(struct progress_pace *pace, int64_t step, int64_t at_wall_ms)
{
	int last = pace->count - 1;
	if (last >= 0 && step < pace->step[last])
		pace->count = 0;
	if (pace->count > 0 && step == pace->step[pace->count - 1])
		return;
	if (pace->count == PROGRESS_MARKS) {
		memmove(pace->step, pace->step + 1, sizeof(pace->step) - sizeof(pace->step[0]));
		memmove(pace->at_wall_ms, pace->at_wall_ms + 1,
			sizeof(pace->at_wall_ms) - sizeof(pace->at_wall_ms[0]));
		pace->count--;
	}
	pace->step[pace->count] = step;
	pace->at_wall_ms[pace->count] = at_wall_ms;
	pace->count++;
}

/* Seconds per step, or NaN while there is too little to go by. */
static double seconds_per_step(const struct progress_pace *pace)
{
	double sum = 0, weights = 0;
	if (pace->count < RATES_LEAST + 1)
		return NAN;
	for (int i = 1; i < pace->count; i++) {
		double seconds = (double)(pace->at_wall_ms[i] - pace->at_wall_ms[i - 1]) / 1000;
		double rate = seconds / (double)(pace->step[i] - pace->step[i - 1]);
		sum += i * rate;
		weights += i;
	}
	double mean = sum / weights;
	return mean >= 0 ? mean : NAN; /* a wall clock that jumped back says nothing */
}

static double percent_of(const struct job_progress *p)
{
	static const enum progress_field parts[][2] = {
		{ PROGRESS_STEP, PROGRESS_TOTAL_STEPS },
		{ PROGRESS_EPOCH, PROGRESS_TOTAL_EPOCHS },
	};
	for (int i = 0; i < 2; i++) {
		enum progress_field done = parts[i][0], total = parts[i][1];
		if (progress_has(p, done) && progress_has(p, total) && p->value[total] > 0 &&
			isfinite(p->value[done]))
			return 100 * p->value[done] / p->value[total];
	}
	return progress_has(p, PROGRESS_PERCENT) ? p->value[PROGRESS_PERCENT] : NAN;
}

void progress_settle(struct job_progress *p, struct progress_pace *pace, int64_t step,
	int64_t at_wall_ms)
{
	progress_set(p, PROGRESS_STEP, (double)step);
	p->updated_wall_ms = at_wall_ms;
	note_pace(pace, step, at_wall_ms);
	double percent = percent_of(p);
	if (isfinite(percent))
		progress_set(p, PROGRESS_PERCENT, fmin(fmax(percent, 0), 100));
	double rate = seconds_per_step(pace);
	p->known &= ~(1u << PROGRESS_REMAINING_S);
	if (!isfinite(rate) || !progress_has(p, PROGRESS_TOTAL_STEPS))
		return;
	double left = p->value[PROGRESS_TOTAL_STEPS] - (double)step;
	if (left >= 0)
		progress_set(p, PROGRESS_REMAINING_S, left * rate);
}
