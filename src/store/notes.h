/* store/notes.h -- the smaller things that the store keeps beside jobs: plain values, nothing to
 * free, except events, whose text is borrowed from the caller or from the reader's arena.
 * Times are Unix milliseconds; 0 = never. */
#ifndef STORE_NOTES_H
#define STORE_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/job.h"

#define STORE_HASH_BYTES 32 /* SHA-256 */
#define STORE_USER_BYTES 64
#define STORE_IDEMPOTENCY_MS (24 * 3600 * 1000LL)

/* How far a file of a job was read. */
struct store_offset {
	int64_t offset_bytes;
	uint64_t inode;
	uint32_t epoch; /* rises when the file was found shorter or replaced */
};

/* Append-only: who did what, and why. Everything but kind may be NULL. */
struct store_event {
	int64_t seq; /* set by the store, rising */
	int64_t at_wall_ms;
	const char *job_id; /* NULL = about no single job */
	const char *kind;   /* "cancel_asked", "state", ... never NULL */
	const char *who;
	const char *from; /* states' words */
	const char *to;
	const char *why;
	const char *data_json;
};

struct store_idempotency {
	char owner[STORE_USER_BYTES];
	char key[256];
	uint8_t body_hash[STORE_HASH_BYTES];
	char job_id[JOB_ID_BYTES];
	int64_t created_wall_ms;
};

struct store_token {
	char id[40];
	uint8_t hash[STORE_HASH_BYTES]; /* of the token; the token itself is never kept */
	char user[STORE_USER_BYTES];
	char role[16];
	char label[128];
	char job_id[JOB_ID_BYTES]; /* empty = not bound to one job */
	int64_t created_wall_ms;
	int64_t expires_wall_ms;   /* 0 = never */
	int64_t revoked_wall_ms;   /* 0 = not revoked */
	int64_t last_used_wall_ms; /* 0 = never */
};

struct store_user {
	char name[STORE_USER_BYTES];
	char role[16];
	bool disabled;
	int64_t created_wall_ms;
};

#endif
