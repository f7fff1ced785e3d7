/* core/progress.h -- how far a job is and when it will be done, from the points it gave.
 *
 * Pure. The percentage is step / total steps where both are known, else epoch / total epochs, else
 * what the program said itself. The time left is the steps left times the weighted mean of the
 * latest seconds per step (weights 1..n, newest heaviest), and unknown below three rates. */
#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

#include "core/point.h"
#include "core/record.h"

#define PROGRESS_MARKS 20

/* The latest (step, time) pairs; a zeroed one is empty. Forget it when a new attempt starts. */
struct progress_pace {
	int64_t step[PROGRESS_MARKS];
	int64_t at_wall_ms[PROGRESS_MARKS];
	int count;
};

/* Takes one value over. A step below the known one is a replay after a resume: it is the truth. */
void progress_take(struct job_progress *p, struct str name, int64_t step, double value,
	int64_t at_wall_ms);

/* Takes the step over, notes the pace, then brings percent and time left up to date. */
void progress_settle(struct job_progress *p, struct progress_pace *pace, int64_t step,
	int64_t at_wall_ms);

#endif
