/* charlm/random.h -- random numbers whose whole state is one number, so that it can be saved.
 * SplitMix64 (public domain algorithm): good enough for weights and shuffling, not for secrets. */
#ifndef CHARLM_RANDOM_H
#define CHARLM_RANDOM_H

#include <math.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 .. n-1. The remainder favours small numbers by n / 2^64: nothing that a model could notice. */
static inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
	return rng_next(rng) % n;
}

/* In [0, 1). */
static inline double rng_uniform(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* Mean 0, standard deviation 1, by Box and Muller. */
static inline double rng_normal(struct rng *rng)
{
	double radius = sqrt(-2.0 * log(1.0 - rng_uniform(rng)));

	return radius * cos(6.283185307179586 * rng_uniform(rng));
}

#endif
