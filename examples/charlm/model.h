/* charlm/model.h -- a small transformer that guesses the next character.
 *
 *	x = token[c] + position[t]                      (T, D)
 *	for each block:
 *		x = x + out(attention(qkv(norm(x))))    look at earlier characters
 *		x = x + down(gelu(up(norm(x))))         think about each by itself, 4 D wide
 *	logits = head(norm(x))                          (T, V), one score per possible next one
 *
 * All weights lie in one flat array, and gradients and Adam's averages have the same layout: so the
 * optimizer and the checkpoint see only `count` numbers. */
#ifndef CHARLM_MODEL_H
#define CHARLM_MODEL_H

#include "charlm/layers.h"
#include "charlm/random.h"

enum { LAYERS_MAX = 16, TENSORS_MAX = 6 + 12 * LAYERS_MAX };

struct shape {
	size_t vocabulary; /* V */
	size_t context;    /* T, characters that the model sees at once */
	size_t width;      /* D, a multiple of heads */
	size_t heads, layers;
};

/* One named part of the flat array: what initialisation and the gradient check walk over. */
struct tensor {
	const char *name;
	size_t layer;
	real *at;
	size_t count;
	double deviation; /* of the first random values; 0: they all start as `value` */
	double value;
};

struct block {
	struct norm norm1;
	struct linear qkv, out;
	struct norm norm2;
	struct linear up, down;
};

struct weights {
	struct shape shape;
	struct matrix token;    /* (V, D) */
	struct matrix position; /* (T, D) */
	struct block block[LAYERS_MAX];
	struct norm norm;
	struct linear head; /* D -> V */
	struct tensor tensor[TENSORS_MAX];
	size_t tensor_count;
	real *flat;
	size_t count;
};

/* Everything that one sequence leaves on its way forward, which the way back needs, and scratch for
 * the way back. One per thread. */
struct passage {
	struct matrix x[LAYERS_MAX + 1]; /* (T, D) into each block */
	struct {
		struct matrix normed1, qkv, look, heads; /* look: (heads * T, T) */
		struct matrix middle, normed2, up, gelu;
	} block[LAYERS_MAX];
	struct matrix normed, logits;
	struct matrix dx, dmiddle, dnormed, dheads, dqkv, dlook, dup, dgelu, dlogits;
	real *memory;
};

/* Zeroed memory for a model of this shape. -1: out of memory. */
int weights_create(struct weights *w, struct shape shape);
void weights_destroy(struct weights *w);
void weights_randomize(struct weights *w, struct rng *rng);

int passage_create(struct passage *p, struct shape shape);
void passage_destroy(struct passage *p);

/* Runs `context` characters through the model; p->logits says what it expects after each. */
void model_forward(struct passage *p, const struct weights *w, const unsigned char *input);
/* The loss of model_forward, summed over the sequence. */
double model_loss(struct passage *p, const unsigned char *target);
/* The same, and adds the gradient of scale * loss to `grad`. */
double model_backward(struct passage *p, struct weights *grad, const struct weights *w,
	const unsigned char *input, const unsigned char *target, real scale);

#endif
