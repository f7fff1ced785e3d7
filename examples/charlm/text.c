#include "charlm/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LICENCE_DIR "/usr/share/common-licenses"

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3u;
	return hash;
}

static int append(unsigned char **to, size_t *len, const unsigned char *from, size_t count)
{
	unsigned char *grown = realloc(*to, *len + count + 1);

	if (!grown)
		return -1;
	memcpy(grown + *len, from, count);
	*to = grown;
	*len += count;
	return 0;
}

/* A file's bytes, in memory that the caller frees. NULL: said why. */
static unsigned char *read_whole(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL, chunk[65536];
	size_t got;

	*len = 0;
	if (!file) {
		fprintf(stderr, "charlm: cannot read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	errno = 0;
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		if (append(&bytes, len, chunk, got))
			break;
	if (got > 0 || ferror(file)) {
		fprintf(stderr, "charlm: cannot read %s: %s\n", path, strerror(errno));
		free(bytes);
		bytes = NULL;
	} else if (!bytes) {
		fprintf(stderr, "charlm: %s is empty\n", path);
	}
	fclose(file);
	return bytes;
}

static int add_file(struct text *text, const char *path)
{
	size_t len, train_len;
	unsigned char *bytes = read_whole(path, &len);
	int failed;

	if (!bytes)
		return -1;
	train_len = len - len / 10;
	failed = append(&text->train, &text->train_len, bytes, train_len) ||
		append(&text->valid, &text->valid_len, bytes + train_len, len - train_len);
	text->fingerprint = hash_bytes(text->fingerprint, bytes, len);
	text->file_count++;
	free(bytes);
	if (failed)
		fprintf(stderr, "charlm: out of memory for %s\n", path);
	return failed ? -1 : 0;
}

/* Symbolic links are skipped: GPL is a link to GPL-3, which would be read twice. */
static int is_licence(const struct dirent *entry)
{
	char path[sizeof(LICENCE_DIR) + sizeof(entry->d_name) + 1];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", LICENCE_DIR, entry->d_name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

/* By bytes, not by the user's locale: the same text everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_licences(struct text *text)
{
	struct dirent **entries;
	int count = scandir(LICENCE_DIR, &entries, is_licence, by_name), failed = 0;

	if (count <= 0) {
		fprintf(stderr, "charlm: no texts in %s: name one with --text FILE\n", LICENCE_DIR);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char path[sizeof(LICENCE_DIR) + sizeof(entries[i]->d_name) + 1];

		snprintf(path, sizeof(path), "%s/%s", LICENCE_DIR, entries[i]->d_name);
		failed = failed || add_file(text, path);
		free(entries[i]);
	}
	free(entries);
	return failed ? -1 : 0;
}

/* From bytes to characters: the bytes that occur get the numbers 0, 1, 2, ... */
static void number_characters(struct text *text)
{
	unsigned char number_of[256] = { 0 };
	char occurs[256] = { 0 };

	for (size_t i = 0; i < text->train_len; i++)
		occurs[text->train[i]] = 1;
	for (size_t i = 0; i < text->valid_len; i++)
		occurs[text->valid[i]] = 1;
	for (size_t byte = 0; byte < 256; byte++)
		if (occurs[byte]) {
			number_of[byte] = (unsigned char)text->vocabulary;
			text->byte_of[text->vocabulary++] = (unsigned char)byte;
		}
	for (size_t i = 0; i < text->train_len; i++)
		text->train[i] = number_of[text->train[i]];
	for (size_t i = 0; i < text->valid_len; i++)
		text->valid[i] = number_of[text->valid[i]];
}

int text_load(struct text *text, char *const *paths, size_t path_count, size_t context)
{
	memset(text, 0, sizeof(*text));
	text->fingerprint = hash_start;
	if (path_count == 0 && add_licences(text))
		return -1;
	for (size_t i = 0; i < path_count; i++)
		if (add_file(text, paths[i]))
			return -1;
	if (text->train_len < 4 * context + 1 || text->valid_len < context + 1) {
		fprintf(stderr,
			"charlm: the text is too short: %zu characters, but a context of "
			"%zu needs at least %zu\n",
			text->train_len + text->valid_len, context, 11 * (context + 1));
		return -1;
	}
	number_characters(text);
	return 0;
}

void text_destroy(struct text *text)
{
	free(text->train);
	free(text->valid);
	text->train = text->valid = NULL;
}

/* Fisher and Yates: every order is equally likely. */
static void shuffle_epoch(struct reader *reader)
{
	reader->epoch_start = reader->rng;
	reader->offset = rng_below(&reader->rng, reader->context);
	for (size_t i = 0; i < reader->windows; i++)
		reader->order[i] = (uint32_t)i;
	for (size_t i = reader->windows - 1; i > 0; i--) {
		size_t other = rng_below(&reader->rng, i + 1);
		uint32_t kept = reader->order[i];

		reader->order[i] = reader->order[other];
		reader->order[other] = kept;
	}
}

int reader_create(struct reader *reader, const struct text *text, size_t context, uint64_t seed)
{
	memset(reader, 0, sizeof(*reader));
	reader->text = text;
	reader->context = context;
	/* One window less than there is room for: the offset needs it. */
	reader->windows = (text->train_len - 1) / context - 1;
	reader->rng.state = seed;
	reader->order = calloc(reader->windows, sizeof(*reader->order));
	if (!reader->order)
		return -1;
	shuffle_epoch(reader);
	return 0;
}

void reader_destroy(struct reader *reader)
{
	free(reader->order);
	reader->order = NULL;
}

const unsigned char *reader_take(struct reader *reader)
{
	if (reader->next == reader->windows) {
		reader->epoch++;
		reader->next = 0;
		shuffle_epoch(reader);
	}
	return reader->text->train + reader->offset +
		reader->order[reader->next++] * reader->context;
}

void reader_restore(struct reader *reader, uint64_t epoch, uint64_t next, uint64_t epoch_start)
{
	reader->epoch = epoch;
	reader->next = next;
	reader->rng.state = epoch_start;
	shuffle_epoch(reader);
}
