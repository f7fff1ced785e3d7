/* pact/disk.h -- what a runner leaves on disk for those who come later.
 *
 * The exit slot: a file of PACT_SLOT_BYTES, preallocated, so that an end can be recorded on a full
 * disk. It holds a mark, the length and checksum of a body, and the body (PACT_KIND_ENDED). A write
 * that was torn is seen by the checksum and counts as nothing written.
 *
 * A time sample: from this offset on, the log was written at this time or later. */
#ifndef PACT_DISK_H
#define PACT_DISK_H

#include "pact/message.h"

#define PACT_SLOT_BYTES 4096
#define PACT_SLOT_HEAD_BYTES 24
#define PACT_SAMPLE_BYTES 16

/* The message must fit: texts are the caller's to cut. */
bool pact_slot_fill(unsigned char slot[PACT_SLOT_BYTES], const struct pact_message *ended);

/* False: empty, torn, or not for this nonce (NULL = any). The texts point into slot. */
bool pact_slot_read(const unsigned char slot[PACT_SLOT_BYTES], const char *nonce,
	struct pact_message *ended);

void pact_sample_put(unsigned char sample[PACT_SAMPLE_BYTES], int64_t offset_bytes,
	int64_t wall_ms);
void pact_sample_get(const unsigned char sample[PACT_SAMPLE_BYTES], int64_t *offset_bytes,
	int64_t *wall_ms);

/* A nonce is the runner's 24 hexadecimal digits and 8 of the turn. */
#define PACT_RUNNER_BYTES 25
#define PACT_NONCE_BYTES 33

void pact_nonce_make(char nonce[PACT_NONCE_BYTES], const char *runner, uint32_t turn);
bool pact_nonce_split(const char *nonce, char runner[PACT_RUNNER_BYTES], uint32_t *turn);

/* Names of a turn's files: "started-0000001f". */
#define PACT_FILE_BYTES 24
void pact_file_name(char name[PACT_FILE_BYTES], const char *what, uint32_t turn);

#endif
