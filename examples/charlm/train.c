/* The loop: one step after the other, and what is done between them. */
#include "charlm/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "charlm/checkpoint.h"

static double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double trainer_epoch(const struct trainer *t)
{
	return (double)t->progress.step * (double)t->options.batch / (double)t->reader.windows;
}

/* One shard's part of a step: the gradient of its windows. */
static void add_shard(void *context, size_t shard, size_t thread)
{
	struct trainer *t = context;
	struct passage *p = &t->passage[thread];
	size_t batch = (size_t)t->options.batch, length = t->shape.context;
	real scale = 1 / (real)(batch * length);

	memset(t->grad[shard].flat, 0, t->grad[shard].count * sizeof(real));
	for (size_t w = shard * batch / SHARDS; w < (shard + 1) * batch / SHARDS; w++) {
		model_forward(p, &t->weights, t->window[w]);
		t->loss[w] = model_backward(p, &t->grad[shard], &t->weights, t->window[w],
			t->window[w] + 1, scale);
	}
}

/* Guess, see how wrong it was, and move every weight a little to where it would do better. */
static void train_step(struct trainer *t)
{
	size_t batch = (size_t)t->options.batch;
	double loss = 0, began = now_seconds();
	real *grad = t->grad[0].flat;

	for (size_t w = 0; w < batch; w++)
		t->window[w] = reader_take(&t->reader);
	pool_run(t->pool, SHARDS, add_shard, t);
	for (size_t shard = 1; shard < SHARDS; shard++)
		for (size_t i = 0; i < t->weights.count; i++)
			grad[i] += t->grad[shard].flat[i];
	for (size_t w = 0; w < batch; w++)
		loss += t->loss[w];

	t->progress.step++;
	t->progress.train_loss = loss / (double)(batch * t->shape.context);
	t->grad_norm = clip_gradient(grad, t->weights.count, t->options.clip);
	t->learning_rate = learning_rate_at((double)t->progress.step, (double)t->total_steps,
		(double)t->options.warmup, t->options.learning_rate);
	adam_step(&t->adam, t->weights.flat, grad, (double)t->progress.step, t->learning_rate);

	t->busy_seconds += now_seconds() - began;
	t->busy_tokens += batch * t->shape.context;
}

static void report(struct trainer *t)
{
	double speed = t->busy_seconds > 0 ? (double)t->busy_tokens / t->busy_seconds : 0;
	const struct trainyard_metric metrics[] = {
		{ "epoch", trainer_epoch(t) },
		{ "loss", t->progress.train_loss },
		{ "learning_rate", t->learning_rate },
		{ "grad_norm", t->grad_norm },
		{ "tokens_per_second", speed },
	};

	trainyard_log_metrics(&t->ty, (long long)t->progress.step, metrics,
		sizeof(metrics) / sizeof(metrics[0]));
	printf("step %llu/%llu  epoch %.2f  loss %.4f  learning_rate %.2e  grad_norm %.3f  "
	       "%.0f tokens/s\n",
		(unsigned long long)t->progress.step, (unsigned long long)t->total_steps,
		trainer_epoch(t), t->progress.train_loss, t->learning_rate, t->grad_norm, speed);
	t->busy_seconds = 0;
	t->busy_tokens = 0;
}

static void evaluate(struct trainer *t)
{
	struct progress *p = &t->progress;

	p->eval_loss = trainer_evaluate(t);
	p->eval_step = p->step;
	if (p->step == 0)
		p->first_eval_loss = p->eval_loss;
	trainyard_log_eval(&t->ty, (long long)p->step, trainer_epoch(t), p->eval_loss);
	printf("step %llu/%llu  eval_loss %.4f\n", (unsigned long long)p->step,
		(unsigned long long)t->total_steps, p->eval_loss);
}

struct wishes {
	int save, leave;
};

/* What trainyard or a signal asks for, looked at between two steps: only there are weights,
 * optimizer and reader of the same moment. */
static struct wishes ask(struct trainer *t)
{
	struct trainyard_request request;
	struct wishes wishes = { 0 };

	while (trainyard_poll(&t->ty, &request) > 0) {
		switch (request.action) {
		case TRAINYARD_SAVE:
			wishes.save = 1;
			break;
		case TRAINYARD_STOP:
		case TRAINYARD_PAUSE:
			wishes.leave = 1;
			break;
		case TRAINYARD_SET:
		case TRAINYARD_OTHER:
			printf("not understood, ignored: %s\n", request.line);
			break;
		}
	}
	if (trainyard_should_stop())
		wishes.leave = 1;
	return wishes;
}

/* A full disk must not end a training: a checkpoint that fails is said, and the run goes on. */
static int save(struct trainer *t)
{
	struct progress *p = &t->progress;
	int is_evaluated = p->eval_step == p->step;
	char path[CHECKPOINT_PATH_MAX];

	if (is_evaluated && (p->best_step == 0 || p->eval_loss < p->best_eval_loss)) {
		p->best_step = p->step;
		p->best_eval_loss = p->eval_loss;
	}
	if (checkpoint_save(t, path, sizeof(path)))
		return -1;
	trainyard_log_checkpoint(&t->ty,
		&(struct trainyard_checkpoint){
			.path = path,
			.step = (long long)p->step,
			.epoch = trainer_epoch(t),
			.eval_loss = is_evaluated ? p->eval_loss : TRAINYARD_ABSENT,
			.train_loss = p->train_loss,
		});
	printf("saved %s\n", path);
	checkpoint_prune(t);
	return 0;
}

static long long total_epochs(const struct trainer *t)
{
	double windows = (double)t->total_steps * (double)t->options.batch;

	return (long long)ceil(windows / (double)t->reader.windows);
}

static int is_due(const struct trainer *t, long every)
{
	return t->progress.step % (uint64_t)every == 0 || t->progress.step == t->total_steps;
}

int trainer_run(struct trainer *t)
{
	int saved = 0;

	trainyard_totals(&t->ty, (long long)t->total_steps, total_epochs(t));
	trainyard_control_ready(&t->ty);
	if (t->progress.step == 0)
		evaluate(t);
	while (t->progress.step < t->total_steps) {
		struct wishes wishes;

		train_step(t);
		if (is_due(t, t->options.log_every))
			report(t);
		if (is_due(t, t->options.eval_every))
			evaluate(t);
		wishes = ask(t);
		if (is_due(t, t->options.save_every) || wishes.save || wishes.leave)
			saved = save(t);
		if (wishes.leave && t->progress.step < t->total_steps) {
			printf("asked to leave at step %llu\n",
				(unsigned long long)t->progress.step);
			return saved ? EXIT_FAILED : EXIT_LEFT;
		}
	}
	printf("done: %llu steps, eval_loss %.4f -> %.4f\n", (unsigned long long)t->progress.step,
		t->progress.first_eval_loss, t->progress.eval_loss);
	if (t->options.sample > 0)
		trainer_sample(t, (size_t)t->options.sample);
	return saved ? EXIT_FAILED : EXIT_TRAINED;
}
