/* Where every weight lies, and how it starts. */
#include "charlm/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Gives the next `count` numbers of the flat array to a tensor. While w->flat is still NULL this
 * only counts. */
static real *take(struct weights *w, const char *name, size_t layer, size_t count, double deviation,
	double value)
{
	real *at = w->flat ? w->flat + w->count : NULL;

	w->tensor[w->tensor_count++] = (struct tensor){ name, layer, at, count, deviation, value };
	w->count += count;
	return at;
}

static struct norm take_norm(struct weights *w, const char *gain, const char *shift, size_t layer)
{
	struct norm norm;

	norm.gain = take(w, gain, layer, w->shape.width, 0, 1);
	norm.shift = take(w, shift, layer, w->shape.width, 0, 0);
	return norm;
}

static struct linear take_linear(struct weights *w, const char *name, const char *bias,
	size_t layer, size_t in, size_t out, double deviation)
{
	struct linear linear;

	linear.w = matrix_of(take(w, name, layer, in * out, deviation, 0), in, out);
	linear.b = take(w, bias, layer, out, 0, 0);
	return linear;
}

/* Small first weights make small logits: the model begins with every character equally likely, at
 * a loss of ln(V). The two layers that add to x start smaller, as their sums pile up. */
static void lay_out(struct weights *w)
{
	size_t width = w->shape.width;
	double inner = 1 / sqrt((double)width);
	double adding = 0.5 * inner / sqrt(2.0 * (double)w->shape.layers);

	w->count = 0;
	w->tensor_count = 0;
	w->token = matrix_of(take(w, "token", 0, w->shape.vocabulary * width, 0.02, 0),
		w->shape.vocabulary, width);
	w->position = matrix_of(take(w, "position", 0, w->shape.context * width, 0.02, 0),
		w->shape.context, width);
	for (size_t l = 0; l < w->shape.layers; l++) {
		struct block *b = &w->block[l];

		b->norm1 = take_norm(w, "norm1.gain", "norm1.shift", l);
		b->qkv = take_linear(w, "qkv.w", "qkv.b", l, width, 3 * width, 0.5 * inner);
		b->out = take_linear(w, "out.w", "out.b", l, width, width, adding);
		b->norm2 = take_norm(w, "norm2.gain", "norm2.shift", l);
		b->up = take_linear(w, "up.w", "up.b", l, width, 4 * width, 0.5 * inner);
		b->down = take_linear(w, "down.w", "down.b", l, 4 * width, width, 0.5 * adding);
	}
	w->norm = take_norm(w, "norm.gain", "norm.shift", 0);
	w->head = take_linear(w, "head.w", "head.b", 0, width, w->shape.vocabulary, 0.02);
}

int weights_create(struct weights *w, struct shape shape)
{
	memset(w, 0, sizeof(*w));
	w->shape = shape;
	lay_out(w);
	w->flat = calloc(w->count, sizeof(real));
	if (!w->flat)
		return -1;
	lay_out(w);
	return 0;
}

void weights_destroy(struct weights *w)
{
	free(w->flat);
	w->flat = NULL;
}

void weights_randomize(struct weights *w, struct rng *rng)
{
	for (size_t n = 0; n < w->tensor_count; n++) {
		struct tensor *t = &w->tensor[n];

		for (size_t i = 0; i < t->count; i++)
			t->at[i] = (real)(t->deviation > 0 ? t->deviation * rng_normal(rng)
							   : t->value);
	}
}
