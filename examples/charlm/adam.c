#include "charlm/adam.h"

#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

int adam_create(struct adam *adam, size_t count)
{
	adam->count = count;
	adam->mean = calloc(2 * count, sizeof(real));
	adam->square = adam->mean ? adam->mean + count : NULL;
	return adam->mean ? 0 : -1;
}

void adam_destroy(struct adam *adam)
{
	free(adam->mean);
	memset(adam, 0, sizeof(*adam));
}

/*	m = b1 m + (1 - b1) g          the average gradient
 *	v = b2 v + (1 - b2) g^2        the average square
 *	w = w - rate * m' / (sqrt(v') + e),   m' = m / (1 - b1^step),  v' = v / (1 - b2^step)
 * Dividing by sqrt(v') gives weights with small gradients as large steps as the others. The
 * corrections m' and v' are there because both averages begin at zero. */
void adam_step(struct adam *adam, real *weights, const real *grad, double step, double rate)
{
	const real b1 = (real)0.9, b2 = (real)0.99, e = (real)1e-8;
	real mean_scale = (real)(1 / (1 - pow(0.9, step)));
	real square_scale = (real)(1 / (1 - pow(0.99, step)));
	real *restrict m = adam->mean, *restrict v = adam->square;

	for (size_t i = 0; i < adam->count; i++) {
		m[i] = b1 * m[i] + (1 - b1) * grad[i];
		v[i] = b2 * v[i] + (1 - b2) * grad[i] * grad[i];
		weights[i] -= (real)rate * (m[i] * mean_scale) / (sqrt(v[i] * square_scale) + e);
	}
}

double clip_gradient(real *grad, size_t count, double limit)
{
	double squares = 0, norm;

	for (size_t i = 0; i < count; i++)
		squares += (double)grad[i] * (double)grad[i];
	norm = sqrt(squares);
	if (norm > limit)
		for (size_t i = 0; i < count; i++)
			grad[i] *= (real)(limit / norm);
	return norm;
}

double learning_rate_at(double step, double total_steps, double warmup, double peak)
{
	double done;

	if (step < warmup)
		return peak * step / warmup;
	done = total_steps > warmup ? (step - warmup) / (total_steps - warmup) : 1;
	if (done > 1)
		done = 1;
	return peak * (0.1 + 0.9 * 0.5 * (1 + cos(3.141592653589793 * done)));
}
