/* Is the gradient that charlm's backward pass computes the true one? Every weight tensor is asked:
 * move one weight a little to both sides, and the loss must move by what the gradient says. Built
 * with double, as a difference of two nearly equal losses needs the digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "charlm/model.h"

enum { PROBES_PER_TENSOR = 12 };

/* 11 characters, a context of 6, two heads of 4: no size is a multiple of the kernels' tiles, so
 * that their rests are exercised too. */
static const struct shape small = {
	.vocabulary = 11,
	.context = 6,
	.width = 8,
	.heads = 2,
	.layers = 2,
};
/* 16 and 24 are multiples: the tiles themselves. */
static const struct shape tiled = {
	.vocabulary = 24,
	.context = 16,
	.width = 16,
	.heads = 2,
	.layers = 1,
};

struct fixture {
	struct weights w, grad;
	struct passage p;
	unsigned char text[2][17];
	struct rng rng;
};

static double loss_of(struct fixture *f)
{
	double loss = 0;

	for (int s = 0; s < 2; s++) {
		model_forward(&f->p, &f->w, f->text[s]);
		loss += model_loss(&f->p, f->text[s] + 1);
	}
	return loss / 2;
}

static void fixture_init(struct fixture *f, struct shape shape)
{
	f->rng.state = 42;
	assert_int_equal(weights_create(&f->w, shape), 0);
	assert_int_equal(weights_create(&f->grad, shape), 0);
	assert_int_equal(passage_create(&f->p, shape), 0);
	/* Larger than at the start of a training, gains and biases included: otherwise much of the
	 * gradient would be near zero, and an error in it invisible. */
	for (size_t i = 0; i < f->w.count; i++)
		f->w.flat[i] = 0.5 * rng_normal(&f->rng);
	for (int s = 0; s < 2; s++)
		for (size_t t = 0; t <= shape.context; t++)
			f->text[s][t] = (unsigned char)rng_below(&f->rng, shape.vocabulary);
	for (int s = 0; s < 2; s++) {
		model_forward(&f->p, &f->w, f->text[s]);
		model_backward(&f->p, &f->grad, &f->w, f->text[s], f->text[s] + 1, 0.5);
	}
}

static void fixture_finish(struct fixture *f)
{
	weights_destroy(&f->w);
	weights_destroy(&f->grad);
	passage_destroy(&f->p);
}

/* Returns the largest gradient seen, so that the caller can tell a tensor that has none. */
static double check_tensor(struct fixture *f, size_t n)
{
	struct tensor *w = &f->w.tensor[n], *grad = &f->grad.tensor[n];
	double step = 1e-5, largest = 0;

	for (int probe = 0; probe < PROBES_PER_TENSOR; probe++) {
		size_t i = rng_below(&f->rng, w->count);
		double kept = w->at[i], above, numeric, analytic = grad->at[i];

		w->at[i] = kept + step;
		above = loss_of(f);
		w->at[i] = kept - step;
		numeric = (above - loss_of(f)) / (2 * step);
		w->at[i] = kept;
		if (fabs(numeric - analytic) > 1e-6 * (1 + fabs(numeric)))
			fail_msg("%s[%zu] of layer %zu: numeric %.10g, analytic %.10g", w->name, i,
				w->layer, numeric, analytic);
		largest = fmax(largest, fabs(analytic));
	}
	return largest;
}

static void check_shape(struct shape shape)
{
	struct fixture f = { 0 };
	size_t without = 0;

	fixture_init(&f, shape);
	for (size_t n = 0; n < f.w.tensor_count; n++)
		without += check_tensor(&f, n) < 1e-7;
	assert_int_equal(without, 0);
	fixture_finish(&f);
}

static void the_gradient_of_every_tensor_is_the_slope_of_the_loss(void **state)
{
	check_shape(small);
}

static void so_it_is_in_sizes_that_fill_the_kernels_tiles(void **state)
{
	check_shape(tiled);
}

static void a_character_does_not_see_what_follows_it(void **state)
{
	struct fixture f = { 0 };
	real before[11];

	fixture_init(&f, small);
	model_forward(&f.p, &f.w, f.text[0]);
	for (size_t v = 0; v < 11; v++)
		before[v] = row_of(f.p.logits, 3)[v];
	f.text[0][4] = (unsigned char)((f.text[0][4] + 1) % 11);
	f.text[0][5] = (unsigned char)((f.text[0][5] + 1) % 11);
	model_forward(&f.p, &f.w, f.text[0]);
	assert_memory_equal(before, row_of(f.p.logits, 3), sizeof(before));
	f.text[0][2] = (unsigned char)((f.text[0][2] + 1) % 11);
	model_forward(&f.p, &f.w, f.text[0]);
	assert_memory_not_equal(before, row_of(f.p.logits, 3), sizeof(before));
	fixture_finish(&f);
}

static void a_fresh_model_finds_every_character_equally_likely(void **state)
{
	struct fixture f = { 0 };
	double loss;

	fixture_init(&f, tiled);
	weights_randomize(&f.w, &f.rng);
	loss = loss_of(&f) / (double)tiled.context;
	assert_true(fabs(loss - log((double)tiled.vocabulary)) < 0.05);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gradient_of_every_tensor_is_the_slope_of_the_loss),
		cmocka_unit_test(so_it_is_in_sizes_that_fill_the_kernels_tiles),
		cmocka_unit_test(a_character_does_not_see_what_follows_it),
		cmocka_unit_test(a_fresh_model_finds_every_character_equally_likely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
