/* The way forward and the way back through the whole model. */
#include "charlm/model.h"

#include <stdlib.h>
#include <string.h>

/* The next rows x cols numbers of the passage's memory. While that is NULL this only counts. */
static struct matrix take(struct passage *p, size_t *count, size_t rows, size_t cols)
{
	struct matrix m = matrix_of(p->memory ? p->memory + *count : NULL, rows, cols);

	*count += rows * cols;
	return m;
}

static size_t lay_out(struct passage *p, struct shape s)
{
	size_t count = 0, length = s.context, width = s.width;

	for (size_t l = 0; l <= s.layers; l++)
		p->x[l] = take(p, &count, length, width);
	for (size_t l = 0; l < s.layers; l++) {
		p->block[l].normed1 = take(p, &count, length, width);
		p->block[l].qkv = take(p, &count, length, 3 * width);
		p->block[l].look = take(p, &count, s.heads * length, length);
		p->block[l].heads = take(p, &count, length, width);
		p->block[l].middle = take(p, &count, length, width);
		p->block[l].normed2 = take(p, &count, length, width);
		p->block[l].up = take(p, &count, length, 4 * width);
		p->block[l].gelu = take(p, &count, length, 4 * width);
	}
	p->normed = take(p, &count, length, width);
	p->logits = take(p, &count, length, s.vocabulary);
	p->dx = take(p, &count, length, width);
	p->dmiddle = take(p, &count, length, width);
	p->dnormed = take(p, &count, length, width);
	p->dheads = take(p, &count, length, width);
	p->dqkv = take(p, &count, length, 3 * width);
	p->dlook = take(p, &count, length, length);
	p->dup = take(p, &count, length, 4 * width);
	p->dgelu = take(p, &count, length, 4 * width);
	p->dlogits = take(p, &count, length, s.vocabulary);
	return count;
}

int passage_create(struct passage *p, struct shape shape)
{
	memset(p, 0, sizeof(*p));
	p->memory = calloc(lay_out(p, shape), sizeof(real));
	if (!p->memory)
		return -1;
	lay_out(p, shape);
	return 0;
}

void passage_destroy(struct passage *p)
{
	free(p->memory);
	p->memory = NULL;
}

/* y = x + add, all (T, D) and contiguous. */
static void sum_of(struct matrix y, struct matrix x, struct matrix add)
{
	for (size_t i = 0; i < y.rows * y.cols; i++)
		y.at[i] = x.at[i] + add.at[i];
}

void model_forward(struct passage *p, const struct weights *w, const unsigned char *input)
{
	size_t layers = w->shape.layers, width = w->shape.width;

	for (size_t t = 0; t < w->shape.context; t++)
		for (size_t i = 0; i < width; i++)
			row_of(p->x[0], t)[i] = row_of(w->token, input[t])[i] +
				row_of(w->position, t)[i];
	for (size_t l = 0; l < layers; l++) {
		const struct block *b = &w->block[l];
		struct matrix normed1 = p->block[l].normed1, qkv = p->block[l].qkv;
		struct matrix middle = p->block[l].middle, up = p->block[l].up;

		norm_forward(normed1, p->x[l], b->norm1);
		linear_forward(qkv, normed1, b->qkv);
		attention_forward(p->block[l].heads, p->block[l].look, qkv, w->shape.heads);
		linear_forward(middle, p->block[l].heads, b->out);
		sum_of(middle, middle, p->x[l]);

		norm_forward(p->block[l].normed2, middle, b->norm2);
		linear_forward(up, p->block[l].normed2, b->up);
		gelu_forward(p->block[l].gelu, up);
		linear_forward(p->x[l + 1], p->block[l].gelu, b->down);
		sum_of(p->x[l + 1], p->x[l + 1], middle);
	}
	norm_forward(p->normed, p->x[layers], w->norm);
	linear_forward(p->logits, p->normed, w->head);
}

double model_loss(struct passage *p, const unsigned char *target)
{
	return cross_entropy((struct matrix){ 0 }, p->logits, target, 0);
}

/* One block backwards. On entry p->dx is the derivative by the block's output, on return by its
 * input. x + f(x) has the derivative dx + f'(x) dx: dx itself passes through untouched, and what
 * comes back through f is added. That is why deep models of this form can be trained at all. */
static void block_backward(struct passage *p, struct block *grad, const struct block *w, size_t l,
	size_t heads)
{
	struct matrix x = p->x[l], middle = p->block[l].middle;

	matrix_zero(p->dgelu);
	linear_backward(p->dgelu, grad->down, p->dx, p->block[l].gelu, w->down);
	matrix_zero(p->dup);
	gelu_backward(p->dup, p->dgelu, p->block[l].up);
	matrix_zero(p->dnormed);
	linear_backward(p->dnormed, grad->up, p->dup, p->block[l].normed2, w->up);
	memcpy(p->dmiddle.at, p->dx.at, p->dx.rows * p->dx.cols * sizeof(real));
	norm_backward(p->dmiddle, grad->norm2, p->dnormed, middle, w->norm2);

	matrix_zero(p->dheads);
	linear_backward(p->dheads, grad->out, p->dmiddle, p->block[l].heads, w->out);
	matrix_zero(p->dqkv);
	attention_backward(p->dqkv, p->dlook, p->dheads, p->block[l].look, p->block[l].qkv, heads);
	matrix_zero(p->dnormed);
	linear_backward(p->dnormed, grad->qkv, p->dqkv, p->block[l].normed1, w->qkv);
	memcpy(p->dx.at, p->dmiddle.at, p->dx.rows * p->dx.cols * sizeof(real));
	norm_backward(p->dx, grad->norm1, p->dnormed, x, w->norm1);
}

double model_backward(struct passage *p, struct weights *grad, const struct weights *w,
	const unsigned char *input, const unsigned char *target, real scale)
{
	double loss = cross_entropy(p->dlogits, p->logits, target, scale);
	size_t layers = w->shape.layers;

	matrix_zero(p->dnormed);
	linear_backward(p->dnormed, grad->head, p->dlogits, p->normed, w->head);
	matrix_zero(p->dx);
	norm_backward(p->dx, grad->norm, p->dnormed, p->x[layers], w->norm);
	for (size_t l = layers; l-- > 0;)
		block_backward(p, &grad->block[l], &w->block[l], l, w->shape.heads);
	for (size_t t = 0; t < w->shape.context; t++)
		for (size_t i = 0; i < w->shape.width; i++) {
			row_of(grad->token, input[t])[i] += row_of(p->dx, t)[i];
			row_of(grad->position, t)[i] += row_of(p->dx, t)[i];
		}
	return loss;
}
