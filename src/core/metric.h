/* core/metric.h -- what training programs call the same thing.
 *
 * METRIC_NAMES is the one list of aliases. Points keep the name under which they came; progress,
 * the status line and the page's fixed charts look the name up here. */
#ifndef CORE_METRIC_H
#define CORE_METRIC_H

#include "base/str.h"
#include "core/record.h"

/*   alias                    field of struct job_progress */
#define METRIC_NAMES(X)                                   \
	X("loss", LOSS)                                   \
	X("train_loss", LOSS)                             \
	X("train/loss", LOSS)                             \
	X("training_loss", LOSS)                          \
	X("eval_loss", EVAL_LOSS)                         \
	X("eval/loss", EVAL_LOSS)                         \
	X("val_loss", EVAL_LOSS)                          \
	X("val/loss", EVAL_LOSS)                          \
	X("valid_loss", EVAL_LOSS)                        \
	X("validation_loss", EVAL_LOSS)                   \
	X("learning_rate", LEARNING_RATE)                 \
	X("lr", LEARNING_RATE)                            \
	X("train/learning_rate", LEARNING_RATE)           \
	X("grad_norm", GRAD_NORM)                         \
	X("gradient_norm", GRAD_NORM)                     \
	X("train/grad_norm", GRAD_NORM)                   \
	X("epoch", EPOCH)                                 \
	X("current_epoch", EPOCH)                         \
	X("train/epoch", EPOCH)                           \
	X("samples_per_second", SAMPLES_PER_SECOND)       \
	X("train_samples_per_second", SAMPLES_PER_SECOND) \
	X("tokens_per_second", TOKENS_PER_SECOND)         \
	X("progress", PERCENT)                            \
	X("percentage", PERCENT)                          \
	X("progress_percent", PERCENT)                    \
	X("total_steps", TOTAL_STEPS)                     \
	X("max_steps", TOTAL_STEPS)                       \
	X("total_epochs", TOTAL_EPOCHS)                   \
	X("num_train_epochs", TOTAL_EPOCHS)               \
	X("step", STEP)                                   \
	X("global_step", STEP)                            \
	X("current_step", STEP)                           \
	X("current_steps", STEP)

/* The field of struct job_progress that a name feeds, or -1 for any other metric. */
int metric_field(struct str name);

/* True for what describes the run (step, totals, percent) and is no curve of its own. */
bool metric_is_position(enum progress_field field);

#endif
