/* charlm/layers.h -- the pieces that a transformer is made of, each with its backward half.
 *
 * One sequence at a time: T characters, D numbers each, so most matrices are (T, D). A backward
 * function is given dy, the derivative of the loss by its output, and adds the derivatives by its
 * input (dx) and by its weights (dw). "Adds": a value that is used twice collects from both uses.
 * Nothing here allocates or keeps anything. */
#ifndef CHARLM_LAYERS_H
#define CHARLM_LAYERS_H

#include "charlm/matrix.h"

struct linear {          /* y = x w + b */
	struct matrix w; /* (in, out) */
	real *b;         /* (out) */
};

struct norm {               /* y = gain * (x - mean) / deviation + shift, row by row */
	real *gain, *shift; /* (D) */
};

void linear_forward(struct matrix y, struct matrix x, struct linear w);
void linear_backward(struct matrix dx, struct linear dw, struct matrix dy, struct matrix x,
	struct linear w);

void norm_forward(struct matrix y, struct matrix x, struct norm w);
void norm_backward(struct matrix dx, struct norm dw, struct matrix dy, struct matrix x,
	struct norm w);

void gelu_forward(struct matrix y, struct matrix x);
void gelu_backward(struct matrix dx, struct matrix dy, struct matrix x);

/* Causal self-attention with several heads. qkv is (T, 3D): query, key and value side by side.
 * p is (heads * T, T): how much character t of a head looks at each character before it. */
void attention_forward(struct matrix y, struct matrix p, struct matrix qkv, size_t heads);
/* dp is scratch, (T, T). */
void attention_backward(struct matrix dqkv, struct matrix dp, struct matrix dy, struct matrix p,
	struct matrix qkv, size_t heads);

/* The sum over all T of -ln(probability of the right character), logits being (T, V). With dlogits
 * not empty also its derivative, times scale. */
double cross_entropy(struct matrix dlogits, struct matrix logits, const unsigned char *targets,
	real scale);

#endif
