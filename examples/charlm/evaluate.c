/* How good is the model? By number, on text it was not trained on; and to look at, by letting it
 * write. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "charlm/train.h"

static size_t eval_windows(const struct trainer *t)
{
	size_t all = (t->text.valid_len - 1) / t->shape.context;
	size_t wanted = (size_t)t->options.eval_windows;

	return wanted < all ? wanted : all;
}

static void evaluate_window(void *context, size_t item, size_t thread)
{
	struct trainer *t = context;
	size_t all = (t->text.valid_len - 1) / t->shape.context;
	const unsigned char *at = t->text.valid + item * all / eval_windows(t) * t->shape.context;

	model_forward(&t->passage[thread], &t->weights, at);
	t->loss[item] = model_loss(&t->passage[thread], at + 1);
}

double trainer_evaluate(struct trainer *t)
{
	size_t windows = eval_windows(t);
	double loss = 0;

	pool_run(t->pool, windows, evaluate_window, t);
	for (size_t w = 0; w < windows; w++)
		loss += t->loss[w];
	return loss / (double)(windows * t->shape.context);
}

/* Draws a character with the probabilities that the logits stand for. */
static size_t draw(const real *logits, size_t count, struct rng *rng)
{
	double largest = logits[0], sum = 0, left;

	for (size_t v = 1; v < count; v++)
		largest = fmax(largest, (double)logits[v]);
	for (size_t v = 0; v < count; v++)
		sum += exp((double)logits[v] - largest);
	left = rng_uniform(rng) * sum;
	for (size_t v = 0; v + 1 < count; v++) {
		left -= exp((double)logits[v] - largest);
		if (left < 0)
			return v;
	}
	return count - 1;
}

static void print_character(const struct text *text, unsigned char character)
{
	unsigned char byte = text->byte_of[character];

	putchar(byte == '\n' || (byte >= ' ' && byte < 0x7f) ? byte : '?');
}

/* Guess the next character, draw one, append it, and again. When the context is full its older half
 * is forgotten. What stands behind the last character does not matter: the model cannot see it. */
void trainer_sample(struct trainer *t, size_t count)
{
	size_t length = t->shape.context, half = length / 2, used = half;
	struct rng rng = { (uint64_t)t->options.seed };
	unsigned char window[1024]; /* --context is at most 1024 */
	struct passage *p = &t->passage[0];

	memset(window, 0, sizeof(window));
	memcpy(window, t->text.valid, half);
	printf("---- given this:\n");
	for (size_t i = 0; i < half; i++)
		print_character(&t->text, window[i]);
	printf("\n---- the model goes on:\n");
	for (size_t i = 0; i < count; i++) {
		if (used == length) {
			memmove(window, window + length - half, half);
			used = half;
		}
		model_forward(p, &t->weights, window);
		window[used] = (unsigned char)draw(row_of(p->logits, used - 1), t->shape.vocabulary,
			&rng);
		print_character(&t->text, window[used++]);
	}
	printf("\n----\n");
}
