/* json/parse.c -- from text to values, through jansson; see json.h. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "json/json.h"
#include "json/scan.h"

static void convert(struct json *to, json_t *from, struct arena *a);

static void convert_text(struct json *to, json_t *from, struct arena *a)
{
	const char *text = json_string_value(from);
	size_t length = json_string_length(from);
	if (length > 0 && text[0] == SCAN_MARK) {
		to->kind = JSON_IS_DOUBLE;
		to->number = text[1] == 'N' ? (double)NAN : text[1] == '-' ? -INFINITY : INFINITY;
		return;
	}
	to->kind = JSON_IS_TEXT;
	to->text = (struct str){ arena_copy(a, text, length), length };
}

static void convert_list(struct json *to, json_t *from, struct arena *a)
{
	to->kind = JSON_IS_LIST;
	to->count = (int)json_array_size(from);
	struct json *items = arena_array(a, struct json, to->count);
	for (int i = 0; i < to->count; i++)
		convert(&items[i], json_array_get(from, (size_t)i), a);
	to->items = items;
}

static void convert_object(struct json *to, json_t *from, struct arena *a)
{
	const char *key;
	json_t *value;
	int at = 0;
	to->kind = JSON_IS_OBJECT;
	to->count = (int)json_object_size(from);
	struct json_member *members = arena_array(a, struct json_member, to->count);
	json_object_foreach(from, key, value)
	{
		members[at].key = arena_string(a, key);
		convert(&members[at++].value, value, a);
	}
	to->members = members;
}

static void convert(struct json *to, json_t *from, struct arena *a)
{
	switch (json_typeof(from)) {
	case JSON_OBJECT:
		convert_object(to, from, a);
		break;
	case JSON_ARRAY:
		convert_list(to, from, a);
		break;
	case JSON_STRING:
		convert_text(to, from, a);
		break;
	case JSON_INTEGER:
		to->kind = JSON_IS_INT;
		to->integer = json_integer_value(from);
		break;
	case JSON_REAL:
		to->kind = JSON_IS_DOUBLE;
		to->number = json_real_value(from);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		to->kind = JSON_IS_BOOL;
		to->boolean = json_is_true(from);
		break;
	case JSON_NULL:
		to->kind = JSON_IS_NULL;
		break;
	}
}

/* Not `text` near the end of input but the sentence that a person can use. */
static int refuse(const json_error_t *why, struct err *e)
{
	if (json_error_code(why) == json_error_duplicate_key)
		return err_set(e, ERR_INPUT, "the JSON holds a key twice: %s", why->text);
	if (json_error_code(why) == json_error_premature_end_of_input)
		return err_set(e, ERR_INPUT, "the JSON ends too early");
	return err_set(e, ERR_INPUT, "this is not JSON: %s at line %d column %d", why->text,
		why->line, why->column);
}

const struct json *json_parse(struct str text, struct json_limits limits, struct arena *a,
	struct err *e)
{
	AUTO_BUF rewritten = { 0 };
	struct str parsed;
	json_error_t why;
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	if (scan_check(text, limits, &rewritten, &parsed, e))
		return NULL;
	json_t *tree = json_loadb(parsed.at, parsed.length_bytes, flags, &why);
	/* A metric larger than an integer is still a number; an id or a size would be wrong. */
	if (!tree && limits.words && json_error_code(&why) == json_error_numeric_overflow)
		tree = json_loadb(parsed.at, parsed.length_bytes, flags | JSON_DECODE_INT_AS_REAL,
			&why);
	if (!tree) {
		refuse(&why, e);
		return NULL;
	}
	struct json *value = arena_new(a, struct json);
	convert(value, tree, a);
	json_decref(tree);
	return value;
}
