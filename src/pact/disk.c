/* pact/disk.c -- the exit slot, time samples, and how a nonce leads to its files. */
#include "pact/disk.h"

#include <string.h>

static const char slot_mark[8] = "tyexit1\n";

static void put_u64(unsigned char *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_u64(const unsigned char *at)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

/* FNV-1a: finds a torn write; nobody is kept from forging one who may write here at all. */
static uint64_t checksum(const unsigned char *bytes, size_t size_bytes)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < size_bytes; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash ^ size_bytes;
}

bool pact_slot_fill(unsigned char slot[PACT_SLOT_BYTES], const struct pact_message *ended)
{
	unsigned char *body = slot + PACT_SLOT_HEAD_BYTES;

	memset(slot, 0, PACT_SLOT_BYTES);
	size_t length = pact_encode(ended, body, PACT_SLOT_BYTES - PACT_SLOT_HEAD_BYTES);
	if (length == 0 || length > PACT_SLOT_BYTES - PACT_SLOT_HEAD_BYTES)
		return false;
	memcpy(slot, slot_mark, sizeof(slot_mark));
	put_u64(slot + 8, length);
	put_u64(slot + 16, checksum(body, length));
	return true;
}

bool pact_slot_read(const unsigned char slot[PACT_SLOT_BYTES], const char *nonce,
	struct pact_message *ended)
{
	const unsigned char *body = slot + PACT_SLOT_HEAD_BYTES;
	uint64_t length = get_u64(slot + 8);

	if (memcmp(slot, slot_mark, sizeof(slot_mark)) != 0 || length == 0 ||
		length > PACT_SLOT_BYTES - PACT_SLOT_HEAD_BYTES ||
		get_u64(slot + 16) != checksum(body, length))
		return false;
	if (!pact_decode(ended, body, length) || ended->kind != PACT_KIND_ENDED)
		return false;
	return ended->ended.nonce && (!nonce || strcmp(ended->ended.nonce, nonce) == 0);
}

void pact_sample_put(unsigned char sample[PACT_SAMPLE_BYTES], int64_t offset_bytes, int64_t wall_ms)
{
	put_u64(sample, (uint64_t)offset_bytes);
	put_u64(sample + 8, (uint64_t)wall_ms);
}

void pact_sample_get(const unsigned char sample[PACT_SAMPLE_BYTES], int64_t *offset_bytes,
	int64_t *wall_ms)
{
	*offset_bytes = (int64_t)get_u64(sample);
	*wall_ms = (int64_t)get_u64(sample + 8);
}

static void put_hex(char *at, uint32_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	at[8] = '\0';
}

void pact_nonce_make(char nonce[PACT_NONCE_BYTES], const char *runner, uint32_t turn)
{
	memcpy(nonce, runner, PACT_RUNNER_BYTES - 1);
	put_hex(nonce + PACT_RUNNER_BYTES - 1, turn);
}

bool pact_nonce_split(const char *nonce, char runner[PACT_RUNNER_BYTES], uint32_t *turn)
{
	if (strlen(nonce) != PACT_NONCE_BYTES - 1 ||
		strspn(nonce, "0123456789abcdef") != PACT_NONCE_BYTES - 1)
		return false;
	memcpy(runner, nonce, PACT_RUNNER_BYTES - 1);
	runner[PACT_RUNNER_BYTES - 1] = '\0';
	*turn = 0;
	for (const char *at = nonce + PACT_RUNNER_BYTES - 1; *at; at++)
		*turn = *turn << 4 | (uint32_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return true;
}

void pact_file_name(char name[PACT_FILE_BYTES], const char *what, uint32_t turn)
{
	size_t length = strnlen(what, PACT_FILE_BYTES - 10);
	memcpy(name, what, length);
	name[length] = '-';
	put_hex(name + length + 1, turn);
}
