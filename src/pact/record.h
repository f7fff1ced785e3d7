/* pact/record.h -- the form of everything that server and runner say: named texts, NUL-framed.
 *
 * A body is a kind and then pairs of name and value, each with a NUL behind it. In a socket a body
 * follows its length (4 bytes, little endian). Unknown names are skipped, so that a newer side may
 * say more than an older one understands. Nothing here allocates. */
#ifndef PACT_RECORD_H
#define PACT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACT_BODY_BYTES_MAX (4u << 20)
#define PACT_FIELDS_MAX 65536
#define PACT_NAME_BYTES_MAX 32 /* of a kind or a name, [a-z_], without the NUL */
#define PACT_FRAME_BYTES 4

/* Writes a body into memory of the caller. Too little room is not an error until pact_end, which
 * makes measuring possible: begin with no room, and length_bytes tells what is needed. */
struct pact_out {
	char *bytes;
	size_t room_bytes;
	size_t length_bytes;
	size_t fields;
};

void pact_begin(struct pact_out *o, void *bytes, size_t room_bytes, const char *kind);
void pact_text(struct pact_out *o, const char *name, const char *value); /* NULL: left out */
void pact_int(struct pact_out *o, const char *name, int64_t value);
bool pact_end(const struct pact_out *o); /* false: did not fit, or is beyond the limits */

/* Walks a body that pact_open found well-formed; what it returns points into the body. */
struct pact_in {
	const char *kind;
	const char *at;
	const char *end;
};

bool pact_open(struct pact_in *in, const void *body, size_t length_bytes);
bool pact_next(struct pact_in *in, const char **name, const char **value);

/* The length before a body. */
void pact_frame_put(unsigned char frame[PACT_FRAME_BYTES], uint32_t length_bytes);
uint32_t pact_frame_get(const unsigned char frame[PACT_FRAME_BYTES]);

#endif
