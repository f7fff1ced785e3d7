/* charlm/adam.h -- from a gradient to better weights. */
#ifndef CHARLM_ADAM_H
#define CHARLM_ADAM_H

#include "charlm/matrix.h"

/* Adam keeps two running averages for each weight: of its gradient, and of that squared. */
struct adam {
	real *mean, *square;
	size_t count;
};

int adam_create(struct adam *adam, size_t count);
void adam_destroy(struct adam *adam);
/* Step number `step` (from 1) of size `rate`. */
void adam_step(struct adam *adam, real *weights, const real *grad, double step, double rate);

/* Makes a gradient that is longer than `limit` that long, keeping its direction: one odd batch must
 * not throw the weights far away. Returns how long it was. */
double clip_gradient(real *grad, size_t count, double limit);

/* Rises in a line to `peak` over the first `warmup` steps (Adam's averages know nothing yet), then
 * falls along half a cosine to a tenth of it. */
double learning_rate_at(double step, double total_steps, double warmup, double peak);

#endif
