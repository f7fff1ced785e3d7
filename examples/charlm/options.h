/* charlm/options.h -- the command line. One list gives the fields, the defaults, the limits, the
 * parser and the help. */
#ifndef CHARLM_OPTIONS_H
#define CHARLM_OPTIONS_H

#include <stddef.h>

/*	type, field, flag, default, least, most, what it does */
#define OPTIONS(X)                                                                                \
	X(long, steps, "--steps", 0, 0, 1e9, "steps to train (0: by --epochs, or 1000)")          \
	X(double, epochs, "--epochs", 0, 0, 1e6, "times to read the text (0: by --steps)")        \
	X(long, seed, "--seed", 1, 0, 1e15, "where the random numbers start")                     \
	X(long, threads, "--threads", 0, 0, 64, "threads; 0: one per core. Never changes results") \
	X(long, hidden, "--hidden", 96, 4, 1024, "numbers per character inside the model")        \
	X(long, layers, "--layers", 2, 1, 16, "blocks of the model")                              \
	X(long, heads, "--heads", 4, 1, 64, "attention heads; must divide --hidden")              \
	X(long, context, "--context", 64, 2, 1024, "characters that the model sees at once")      \
	X(long, batch, "--batch", 16, 1, 4096, "windows of text per step")                        \
	X(double, learning_rate, "--learning-rate", 3e-3, 0, 10, "the highest, after the warmup") \
	X(long, warmup, "--warmup", 100, 0, 1e9, "steps over which the learning rate rises")      \
	X(double, clip, "--clip", 1, 1e-6, 1e9, "the longest gradient that is taken as it is")    \
	X(long, log_every, "--log-every", 10, 1, 1e9, "steps between two reports")                \
	X(long, eval_every, "--eval-every", 100, 1, 1e9, "steps between two evaluations")         \
	X(long, eval_windows, "--eval-windows", 128, 1, 1e6, "unseen windows to evaluate on")   \
	X(long, save_every, "--save-every", 200, 1, 1e9, "steps between two checkpoints")         \
	X(long, keep, "--keep", 3, 1, 1e6, "checkpoints to keep; the best is kept in any case")   \
	X(long, sample, "--sample", 240, 0, 1e6, "characters to write when the training is done")

#define OPTIONS_FIELD(type, field, ...) type field;

enum { TEXTS_MAX = 256 };

struct options {
	OPTIONS(OPTIONS_FIELD)
	char *text[TEXTS_MAX];
	size_t text_count;
	const char *out;    /* never NULL after a successful parse */
	const char *resume; /* NULL: fresh */
};

/* 0: go on. -1: a wrong command line, said so on stderr. 1: --help was printed. */
int options_parse(struct options *options, int argc, char **argv);

#endif
