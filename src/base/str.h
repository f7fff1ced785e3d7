/* base/str.h -- text that is somewhere else, and small questions about text.
 * struct str borrows: it is valid as long as the bytes that it points to. Not NUL-terminated. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *at;
	size_t length_bytes;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *text); /* NULL gives an empty str */
bool str_is(struct str s, const char *text);
bool str_starts(struct str s, const char *prefix);
struct str str_trim(struct str s); /* spaces, tabs, CR, LF at both ends */

/* Takes the bytes before the first `separator` off *rest. False when *rest was empty. */
bool str_next(struct str *rest, char separator, struct str *piece);

/* Copies into a fixed field, NUL-terminated. -1 (and nothing copied) when it does not fit. */
int str_copy(char *to, size_t to_bytes, const char *from);
/* The same, cut at a UTF-8 boundary when it does not fit. */
void str_copy_cut(char *to, size_t to_bytes, const char *from);

/* Whole-string decimal numbers; false on anything else, overflow and spaces included. */
bool str_to_i64(struct str s, int64_t *value);
bool str_to_u64(struct str s, uint64_t *value);
/* Also nan, inf, infinity in any case, with a sign. */
bool str_to_double(struct str s, double *value);

bool str_is_utf8(struct str s); /* no NUL, no surrogates, no overlong */
void str_to_hex(char *to, const void *bytes, size_t size_bytes); /* to: 2 * size + 1 */

/* A job's id: [A-Za-z0-9][A-Za-z0-9_-]{0,127}. Ids become directory names, nothing else does. */
bool str_is_id(struct str s);

/* Length of the UTF-8 character at s, 0 if its bytes are invalid or cut. */
size_t str_utf8_next(struct str s, uint32_t *code_point);

#endif
