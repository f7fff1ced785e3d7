/* pact/record.c -- named texts in NUL-framed bodies. */
#include "pact/record.h"

#include <string.h>

static void put(struct pact_out *o, const char *text)
{
	size_t size = strlen(text) + 1;
	if (size <= o->room_bytes && o->length_bytes <= o->room_bytes - size)
		memcpy(o->bytes + o->length_bytes, text, size);
	o->length_bytes += size;
}

void pact_begin(struct pact_out *o, void *bytes, size_t room_bytes, const char *kind)
{
	*o = (struct pact_out){ .bytes = bytes, .room_bytes = room_bytes };
	put(o, kind);
}

void pact_text(struct pact_out *o, const char *name, const char *value)
{
	if (!value)
		return;
	put(o, name);
	put(o, value);
	o->fields++;
}

void pact_int(struct pact_out *o, const char *name, int64_t value)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	*--at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	pact_text(o, name, at);
}

bool pact_end(const struct pact_out *o)
{
	return o->length_bytes <= o->room_bytes && o->length_bytes <= PACT_BODY_BYTES_MAX &&
		o->fields <= PACT_FIELDS_MAX;
}

/* The bytes behind a text of at most most_bytes, NULL when it has no NUL in time. */
static const char *behind(const char *at, const char *end, size_t most_bytes)
{
	size_t left = (size_t)(end - at);
	const char *nul = memchr(at, '\0', left < most_bytes + 1 ? left : most_bytes + 1);
	return nul ? nul + 1 : NULL;
}

static const char *behind_name(const char *at, const char *end)
{
	const char *next = behind(at, end, PACT_NAME_BYTES_MAX);
	if (!next || next == at + 1)
		return NULL;
	for (; *at; at++)
		if (*at != '_' && (*at < 'a' || *at > 'z'))
			return NULL;
	return next;
}

bool pact_open(struct pact_in *in, const void *body, size_t length_bytes)
{
	const char *start = body;
	const char *end = start + length_bytes;
	size_t fields = 0;

	if (length_bytes == 0 || length_bytes > PACT_BODY_BYTES_MAX)
		return false;
	const char *first = behind_name(start, end);
	for (const char *at = first; at && at != end; fields++) {
		at = behind_name(at, end);
		if (!at || !(at = behind(at, end, PACT_BODY_BYTES_MAX)) ||
			fields >= PACT_FIELDS_MAX)
			return false;
	}
	*in = (struct pact_in){ .kind = start, .at = first, .end = end };
	return first != NULL;
}

bool pact_next(struct pact_in *in, const char **name, const char **value)
{
	if (in->at == in->end)
		return false;
	*name = in->at;
	*value = *name + strlen(*name) + 1;
	in->at = *value + strlen(*value) + 1;
	return true;
}

void pact_frame_put(unsigned char frame[PACT_FRAME_BYTES], uint32_t length_bytes)
{
	for (int i = 0; i < PACT_FRAME_BYTES; i++)
		frame[i] = (unsigned char)(length_bytes >> (8 * i));
}

uint32_t pact_frame_get(const unsigned char frame[PACT_FRAME_BYTES])
{
	uint32_t length_bytes = 0;
	for (int i = 0; i < PACT_FRAME_BYTES; i++)
		length_bytes |= (uint32_t)frame[i] << (8 * i);
	return length_bytes;
}
