/* charlm -- trains a small transformer to guess the next character of a text.
 *
 * A tour for newcomers, in the order in which things happen:
 *	options.c     the command line
 *	text.c        files -> characters -> windows of text, shuffled anew every epoch
 *	weights.c     where every weight lies, and its first random value
 *	model.c       the way forward (a guess) and the way back (the gradient)
 *	layers.c      the pieces that both are made of, with their formulas
 *	matrix.c      the one product under all of them
 *	adam.c        from gradient to better weights; clipping; the learning rate's path
 *	train.c       the loop: step, report, evaluate, save, leave when asked
 *	evaluate.c    the loss on unseen text, and a sample to look at
 *	checkpoint.c  the state of a run in a file, and back
 *	pool.c        the same work on several threads
 */
#define TRAINYARD_IMPLEMENTATION
#include "trainyard.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "charlm/checkpoint.h"
#include "charlm/train.h"

static int create_memory(struct trainer *t)
{
	size_t batch = (size_t)t->options.batch, windows = (size_t)t->options.eval_windows;

	if (weights_create(&t->weights, t->shape) || adam_create(&t->adam, t->weights.count))
		return -1;
	for (size_t i = 0; i < SHARDS; i++)
		if (weights_create(&t->grad[i], t->shape))
			return -1;
	for (size_t i = 0; i < (size_t)t->options.threads; i++)
		if (passage_create(&t->passage[i], t->shape))
			return -1;
	t->window = calloc(batch, sizeof(*t->window));
	t->loss = calloc(batch > windows ? batch : windows, sizeof(*t->loss));
	t->pool = pool_create((size_t)t->options.threads);
	if (!t->window || !t->loss || !t->pool)
		return -1;
	return 0;
}

int trainer_create(struct trainer *t, const struct options *options)
{
	struct rng rng = { (uint64_t)options->seed };

	memset(t, 0, sizeof(*t));
	t->options = *options;
	t->ty.metrics_fd = t->ty.control_fd = -1;
	if (mkdir(options->out, 0777) && errno != EEXIST) {
		fprintf(stderr, "charlm: cannot create %s: %s\n", options->out, strerror(errno));
		return -1;
	}
	if (text_load(&t->text, options->text, options->text_count, (size_t)options->context))
		return -1;
	t->shape = (struct shape){
		.vocabulary = t->text.vocabulary,
		.context = (size_t)options->context,
		.width = (size_t)options->hidden,
		.heads = (size_t)options->heads,
		.layers = (size_t)options->layers,
	};
	if (create_memory(t) ||
		reader_create(&t->reader, &t->text, t->shape.context, rng_next(&rng))) {
		fprintf(stderr, "charlm: not enough memory or threads for a model of this size\n");
		return -1;
	}
	weights_randomize(&t->weights, &rng);
	t->total_steps = (uint64_t)(options->steps ? options->steps : 1000);
	if (options->epochs > 0)
		t->total_steps = (uint64_t)ceil(
			options->epochs * (double)t->reader.windows / (double)options->batch);
	return options->resume ? checkpoint_load(t, options->resume) : 0;
}

void trainer_destroy(struct trainer *t)
{
	pool_destroy(t->pool);
	trainyard_finish(&t->ty);
	free(t->loss);
	free(t->window);
	for (size_t i = 0; i < SHARDS; i++) {
		passage_destroy(&t->passage[i]);
		weights_destroy(&t->grad[i]);
	}
	reader_destroy(&t->reader);
	adam_destroy(&t->adam);
	weights_destroy(&t->weights);
	text_destroy(&t->text);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct trainer trainer;
	int code = options_parse(&options, argc, argv);

	if (code)
		return code > 0 ? 0 : EXIT_USAGE;
	/* Each line at once, also into a pipe or a log. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	trainyard_catch_stop();
	code = EXIT_FAILED;
	if (trainer_create(&trainer, &options) == 0) {
		trainyard_init(&trainer.ty);
		printf("charlm: %zu files, %zu characters to train on, %zu to validate, "
		       "vocabulary %zu (ln %.2f), %zu weights, %ld threads\n",
			trainer.text.file_count, trainer.text.train_len, trainer.text.valid_len,
			trainer.text.vocabulary, log((double)trainer.text.vocabulary),
			trainer.weights.count, options.threads);
		if (options.resume)
			printf("resumed from %s at step %llu\n", options.resume,
				(unsigned long long)trainer.progress.step);
		code = trainer_run(&trainer);
	}
	trainer_destroy(&trainer);
	return code;
}
