/* charlm/text.h -- the text: from files to small numbers, and from those to training windows.
 *
 * The vocabulary is every byte that occurs; a character is its number in it. The first nine tenths
 * of each file are for training, the last tenth is for validation: the model never sees it. */
#ifndef CHARLM_TEXT_H
#define CHARLM_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "charlm/random.h"

struct text {
	unsigned char *train, *valid; /* characters, 0 .. vocabulary - 1 */
	size_t train_len, valid_len;
	unsigned char byte_of[256]; /* character -> byte */
	size_t vocabulary;
	size_t file_count;
	uint64_t fingerprint; /* of all the bytes; a resume compares it */
};

/* Reads the files; with none, those of /usr/share/common-licenses in order of their names. Needs at
 * least 4 windows of `context` characters for training and one for validation. -1: said why on
 * stderr. */
int text_load(struct text *text, char *const *paths, size_t path_count, size_t context);
void text_destroy(struct text *text);

/* FNV-1a, continued from `hash`. Start with hash_start. */
static const uint64_t hash_start = 0xcbf29ce484222325u;
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len);

/* Which window comes next. An epoch visits every window once, in random order; the windows of each
 * epoch begin at another offset, so that the text is cut in other places every time. */
struct reader {
	const struct text *text;
	size_t context;
	size_t windows;         /* per epoch */
	uint64_t epoch;         /* these three are all that a checkpoint needs */
	uint64_t next;          /* 0 .. windows; windows: a new epoch begins at the next take */
	struct rng epoch_start; /* the generator as it was before the epoch was shuffled */
	struct rng rng;
	size_t offset;
	uint32_t *order; /* windows of them */
};

int reader_create(struct reader *reader, const struct text *text, size_t context, uint64_t seed);
void reader_destroy(struct reader *reader);
/* context + 1 characters: the input and, one to the right, what follows each. */
const unsigned char *reader_take(struct reader *reader);
/* Goes back to a position read from a checkpoint. */
void reader_restore(struct reader *reader, uint64_t epoch, uint64_t next, uint64_t epoch_start);

#endif
