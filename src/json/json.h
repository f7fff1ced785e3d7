/* json/json.h -- reads JSON strictly, and its fields with errors that name them.
 *
 * The only room that sees jansson. Values live in the arena that json_parse was given, texts
 * included; they are constant and need no freeing. Bytes must be UTF-8; text that holds a NUL, keys
 * that come twice, lone surrogates, and anything behind the value are refused. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*    kind     with its article */
#define JSON_KINDS(X)                                                                       \
	X(NULL, "null") X(BOOL, "true or false") X(INT, "an integer") X(DOUBLE, "a number") \
	X(TEXT, "text") X(LIST, "a list") X(OBJECT, "an object")

enum json_kind {
#define X(name, words) JSON_IS_##name,
	JSON_KINDS(X)
#undef X
	JSON_KIND_COUNT
};

struct json_member;
struct json_out; /* base/json_out.h */

struct json {
	enum json_kind kind;
	int count; /* of items or members */
	union {
		bool boolean;
		int64_t integer;
		double number;   /* NaN and infinities too, where they are allowed */
		struct str text; /* a NUL follows it */
		const struct json *items;
		const struct json_member *members; /* in the order of the text */
	};
};

struct json_member {
	const char *key;
	struct json value;
};

struct json_limits {
	size_t bytes_max;
	int depth_max; /* at most 64; a list in an object has depth 2 */
	bool words;    /* NaN, Infinity and -Infinity, as Python writes them */
};

/* What requests and metrics lines are read with. */
#define JSON_REQUEST ((struct json_limits){ .bytes_max = 16 << 20, .depth_max = 32 })
#define JSON_METRICS \
	((struct json_limits){ .bytes_max = 16 << 20, .depth_max = 32, .words = true })

/* NULL and ERR_INPUT (ERR_TOO_LARGE beyond bytes_max): a sentence that says what and where. */
const struct json *json_parse(struct str text, struct json_limits limits, struct arena *a,
	struct err *e);

/* NULL when it is absent; a null is a value. */
const struct json *json_member(const struct json *object, const char *key);

/* Writes a value as it was read. */
void json_write(struct json_out *out, const struct json *value);

/* Fields of one object. `prefix` stands before their names in errors: "" or "git.". A field that is
 * absent or null leaves *value as it was and is no error; json_need says when it is one. */
struct json_fields {
	const struct json *object;
	const char *prefix;
};

/* The value must be an object; what: how errors call it, "the body". */
int json_open(const struct json *value, const char *what, struct err *e);
int json_need(struct json_fields f, const char *key, struct err *e);
/* Every field must be one of these; the error names the first that is not. */
int json_only(struct json_fields f, const char *const *keys, size_t count, struct err *e);

/* bytes_max counts without the NUL; control characters other than tab and newline are refused. */
int json_read_text(struct json_fields f, const char *key, size_t bytes_max, const char **value,
	struct err *e);
/* 100.0 is an integer too. */
int json_read_int(struct json_fields f, const char *key, int64_t least, int64_t most,
	int64_t *value, struct err *e);
int json_read_number(struct json_fields f, const char *key, double least, double most,
	double *value, struct err *e);
int json_read_bool(struct json_fields f, const char *key, bool *value, struct err *e);
int json_read_list(struct json_fields f, const char *key, int count_max, const struct json **value,
	struct err *e);
int json_read_object(struct json_fields f, const char *key, const struct json **value,
	struct err *e);

/* Any number; false for other kinds. */
bool json_number(const struct json *value, double *number);

/* "got \"x\"", "got a list", for a sentence; into a buffer of JSON_GOT_BYTES; returns it. */
#define JSON_GOT_BYTES 96
const char *json_got(char *text, const struct json *value);

#endif
