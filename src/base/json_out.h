/* base/json_out.h -- writes JSON into a buf, commas and escapes included.
 *
 *     struct json_out j = { .to = &reply };
 *     json_object(&j); json_key(&j, "job_id"); json_text(&j, id); json_end(&j);
 *
 * Text that is not UTF-8 has its bad bytes replaced by U+FFFD: a reply is always valid JSON.
 * NaN and infinities become null, for JSON has no word for them. */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* jansson has functions of the same names (json_object, json_array): ours must never be found by it
 * when both are in one program. */
#pragma GCC visibility push(hidden)

struct json_out {
	struct buf *to;
	bool comma; /* one is due before the next value or key */
	int depth;
	char closers[64];
};

void json_object(struct json_out *j);
void json_array(struct json_out *j);
void json_end(struct json_out *j); /* closes the innermost of both */
void json_key(struct json_out *j, const char *key);
void json_str(struct json_out *j, struct str text);
void json_text(struct json_out *j, const char *text); /* NULL gives null */
void json_int(struct json_out *j, int64_t value);
void json_double(struct json_out *j, double value); /* shortest form that reads back */
void json_bool(struct json_out *j, bool value);
void json_null(struct json_out *j);
void json_raw(struct json_out *j, const char *json); /* already JSON; NULL gives null */

/* key and value in one line, the usual case. */
void json_put_text(struct json_out *j, const char *key, const char *text);
void json_put_int(struct json_out *j, const char *key, int64_t value);
void json_put_double(struct json_out *j, const char *key, double value);
void json_put_bool(struct json_out *j, const char *key, bool value);
void json_put_null(struct json_out *j, const char *key);
void json_put_raw(struct json_out *j, const char *key, const char *json);
/* RFC 3339 UTC with milliseconds and Z; 0 gives null. */
void json_put_time(struct json_out *j, const char *key, int64_t wall_ms);

#pragma GCC visibility pop

#endif
