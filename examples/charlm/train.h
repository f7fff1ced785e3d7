/* charlm/train.h -- the training run: everything it holds, and its loop. */
#ifndef CHARLM_TRAIN_H
#define CHARLM_TRAIN_H

#include <stdint.h>

#include "charlm/adam.h"
#include "charlm/model.h"
#include "charlm/options.h"
#include "charlm/pool.h"
#include "charlm/text.h"
#include "trainyard.h"

/* A batch is cut in this many parts, each with a gradient of its own; they are added up in order.
 * Floating-point sums depend on their order, so the cut must not depend on the threads: this way a
 * run gives the same numbers on one core and on eight. */
enum { SHARDS = 8 };

enum { EXIT_TRAINED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LEFT = 143 };

/* What a run remembers beside weights, optimizer and reader. Saved as it is. */
struct progress {
	uint64_t step;      /* steps done */
	uint64_t eval_step; /* when eval_loss was taken */
	uint64_t best_step; /* the saved checkpoint with the lowest eval loss; 0: none */
	double train_loss;
	double first_eval_loss, eval_loss, best_eval_loss;
};

struct trainer {
	struct options options;
	struct text text;
	struct shape shape;
	struct weights weights;
	struct weights grad[SHARDS];    /* the sum ends in the first */
	struct passage passage[SHARDS]; /* one per thread */
	struct adam adam;
	struct reader reader;
	struct pool *pool;
	struct trainyard ty;
	struct progress progress;
	uint64_t total_steps;
	/* The batch in work. */
	const unsigned char **window; /* batch of them */
	double *loss;                 /* one per window; for an evaluation as well */
	/* Of the last step, for the report. */
	double grad_norm, learning_rate;
	double busy_seconds; /* spent in steps since the last report */
	uint64_t busy_tokens;
};

/* Loads the text, builds the model, and goes to the checkpoint if one is named. -1: said why. */
int trainer_create(struct trainer *trainer, const struct options *options);
void trainer_destroy(struct trainer *trainer);
/* Trains to the end, or until asked to leave. Returns the program's exit code. */
int trainer_run(struct trainer *trainer);

/* How often the training text has been read, as a fraction. */
double trainer_epoch(const struct trainer *trainer);
/* The mean loss per character over evenly spaced windows of the validation text. */
double trainer_evaluate(struct trainer *trainer);
/* Lets the model write `count` characters to stdout. Changes nothing in the run. */
void trainer_sample(struct trainer *trainer, size_t count);

#endif
