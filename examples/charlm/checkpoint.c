#include "charlm/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[16] = "charlm 1 (f32)\n";

/* What the file begins with; weights, averages and checksum follow. */
struct head {
	char magic[16];
	uint64_t vocabulary, context, width, heads, layers, weights, fingerprint;
	double total_steps, batch, learning_rate, warmup, clip;
	struct progress progress;
	uint64_t epoch, next, epoch_start;
};

static struct head head_of(const struct trainer *t)
{
	struct head head;

	/* memset, not an initializer: holes between fields are written to the file as well. */
	memset(&head, 0, sizeof(head));
	memcpy(head.magic, magic, sizeof(magic));
	head.vocabulary = t->shape.vocabulary;
	head.context = t->shape.context;
	head.width = t->shape.width;
	head.heads = t->shape.heads;
	head.layers = t->shape.layers;
	head.weights = t->weights.count;
	head.fingerprint = t->text.fingerprint;
	head.total_steps = (double)t->total_steps;
	head.batch = (double)t->options.batch;
	head.learning_rate = t->options.learning_rate;
	head.warmup = (double)t->options.warmup;
	head.clip = t->options.clip;
	head.progress = t->progress;
	head.epoch = t->reader.epoch;
	head.next = t->reader.next;
	head.epoch_start = t->reader.epoch_start.state;
	return head;
}

static int put(FILE *file, uint64_t *hash, const void *bytes, size_t len)
{
	*hash = hash_bytes(*hash, bytes, len);
	return fwrite(bytes, 1, len, file) == len ? 0 : -1;
}

static int write_all(const struct trainer *t, FILE *file)
{
	struct head head = head_of(t);
	uint64_t hash = hash_start;
	size_t len = t->weights.count * sizeof(real);

	if (put(file, &hash, &head, sizeof(head)) || put(file, &hash, t->weights.flat, len) ||
		put(file, &hash, t->adam.mean, len) || put(file, &hash, t->adam.square, len) ||
		fwrite(&hash, sizeof(hash), 1, file) != 1 || fflush(file))
		return -1;
	/* Without this the rename could reach the disk before the bytes do. */
	return fsync(fileno(file));
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

	if (fd < 0)
		return -1;
	failed = fsync(fd);
	close(fd);
	return failed;
}

int checkpoint_save(const struct trainer *t, char *path, size_t size)
{
	const char *out = t->options.out;
	char temporary[CHECKPOINT_PATH_MAX];
	unsigned long long step = t->progress.step;
	FILE *file;
	int failed;

	if (snprintf(temporary, sizeof(temporary), "%s/.charlm-%08llu.ckpt.tmp", out, step) >=
			(int)sizeof(temporary) ||
		snprintf(path, size, "%s/charlm-%08llu.ckpt", out, step) >= (int)size) {
		fprintf(stderr, "charlm: the path %s is too long\n", out);
		return -1;
	}
	file = fopen(temporary, "wb");
	failed = !file || write_all(t, file);
	if (file && fclose(file))
		failed = -1;
	if (failed || rename(temporary, path) || sync_dir(out)) {
		fprintf(stderr, "charlm: cannot save %s: %s\n", path, strerror(errno));
		unlink(temporary);
		return -1;
	}
	return 0;
}

/* Why a checkpoint does not fit this run; NULL if it does. */
static const char *misfit(const struct head *is, const struct head *was)
{
	if (memcmp(was->magic, magic, sizeof(magic)) != 0)
		return "it is not a checkpoint of charlm";
	if (was->fingerprint != is->fingerprint)
		return "it was trained on another text";
	if (was->vocabulary != is->vocabulary || was->context != is->context ||
		was->width != is->width || was->heads != is->heads || was->layers != is->layers ||
		was->weights != is->weights)
		return "its model has another shape "
		       "(--context, --hidden, --heads, --layers must be the same)";
	return NULL;
}

/* These may be changed on purpose, to train longer for instance. But then it is another run. */
static void say_differences(const struct head *is, const struct head *was)
{
	const struct {
		const char *name;
		double is, was;
	} pairs[] = {
		{ "steps", is->total_steps, was->total_steps },
		{ "batch", is->batch, was->batch },
		{ "learning rate", is->learning_rate, was->learning_rate },
		{ "warmup", is->warmup, was->warmup },
		{ "clip", is->clip, was->clip },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].is < pairs[i].was || pairs[i].is > pairs[i].was)
			printf("note: %s was %g and is %g: this will not equal the run that was "
			       "stopped\n",
				pairs[i].name, pairs[i].was, pairs[i].is);
}

static int get(FILE *file, uint64_t *hash, void *bytes, size_t len)
{
	if (fread(bytes, 1, len, file) != len)
		return -1;
	*hash = hash_bytes(*hash, bytes, len);
	return 0;
}

/* NULL: loaded. Else why not. */
static const char *read_all(struct trainer *t, FILE *file)
{
	struct head is = head_of(t), was;
	uint64_t hash = hash_start, expected;
	size_t len = t->weights.count * sizeof(real);
	const char *why;

	if (get(file, &hash, &was, sizeof(was)))
		return "it is cut short";
	why = misfit(&is, &was);
	if (why)
		return why;
	if (get(file, &hash, t->weights.flat, len) || get(file, &hash, t->adam.mean, len) ||
		get(file, &hash, t->adam.square, len) ||
		fread(&expected, sizeof(expected), 1, file) != 1)
		return "it is cut short";
	if (hash != expected || getc(file) != EOF || was.next > t->reader.windows)
		return "it is damaged: the checksum is wrong";
	say_differences(&is, &was);
	t->progress = was.progress;
	reader_restore(&t->reader, was.epoch, was.next, was.epoch_start);
	return NULL;
}

int checkpoint_load(struct trainer *t, const char *path)
{
	FILE *file = fopen(path, "rb");
	const char *why = file ? read_all(t, file) : strerror(errno);

	if (file)
		fclose(file);
	if (why) {
		fprintf(stderr, "charlm: cannot resume from %s: %s\n", path, why);
		return -1;
	}
	return 0;
}

static int by_step_newest_first(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* The folder may hold later steps of an older run: those are not ours to remove, and only what is
 * up to the present step is counted. Leftovers of a save that was killed go as well. */
void checkpoint_prune(const struct trainer *t)
{
	enum { MOST = 4096 };
	static uint64_t steps[MOST];
	size_t count = 0;
	DIR *dir = opendir(t->options.out);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		unsigned long long step;
		int len = 0;

		if (sscanf(entry->d_name, "charlm-%8llu.ckpt%n", &step, &len) == 1 && len > 0 &&
			!entry->d_name[len] && step <= t->progress.step && count < MOST)
			steps[count++] = step;
		len = 0;
		if (sscanf(entry->d_name, ".charlm-%8llu.ckpt.tmp%n", &step, &len) == 1 && len > 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	qsort(steps, count, sizeof(steps[0]), by_step_newest_first);
	for (size_t i = (size_t)t->options.keep; i < count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "charlm-%08llu.ckpt", (unsigned long long)steps[i]);
		if (steps[i] != t->progress.best_step)
			unlinkat(dirfd(dir), name, 0);
	}
	closedir(dir);
}
