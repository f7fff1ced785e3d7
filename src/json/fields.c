/* json/fields.c -- the fields of an object, with errors that name them; see json.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "json/json.h"

static const char *const kind_words[] = {
#define X(name, words) words,
	JSON_KINDS(X)
#undef X
};

const struct json *json_member(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_IS_OBJECT)
		return NULL;
	for (int i = 0; i < object->count; i++) {
		if (strcmp(object->members[i].key, key) == 0)
			return &object->members[i].value;
	}
	return NULL;
}

const char *json_got(char *text, const struct json *value)
{
	char cut[41];
	switch (value->kind) {
	case JSON_IS_TEXT:
		str_copy_cut(cut, sizeof(cut), value->text.at);
		snprintf(text, JSON_GOT_BYTES, "got \"%s%s\"", cut,
			value->text.length_bytes >= sizeof(cut) ? "..." : "");
		break;
	case JSON_IS_INT:
		snprintf(text, JSON_GOT_BYTES, "got %lld", (long long)value->integer);
		break;
	case JSON_IS_DOUBLE:
		snprintf(text, JSON_GOT_BYTES, "got %g", value->number);
		break;
	case JSON_IS_BOOL:
		snprintf(text, JSON_GOT_BYTES, "got %s", value->boolean ? "true" : "false");
		break;
	default:
		snprintf(text, JSON_GOT_BYTES, "got %s", kind_words[value->kind]);
	}
	return text;
}

/* "FIELD must be WHAT, got THAT" */
static int refuse(struct json_fields f, const char *key, const char *what, const struct json *value,
	struct err *e)
{
	char got[JSON_GOT_BYTES];
	return err_set(e, ERR_INPUT, "%s%s must be %s, %s", f.prefix, key, what,
		json_got(got, value));
}

/* NULL when it is absent or null. */
static const struct json *given(struct json_fields f, const char *key)
{
	const struct json *value = json_member(f.object, key);
	return value && value->kind != JSON_IS_NULL ? value : NULL;
}

int json_open(const struct json *value, const char *what, struct err *e)
{
	char got[JSON_GOT_BYTES];
	if (value->kind == JSON_IS_OBJECT)
		return 0;
	return err_set(e, ERR_INPUT, "%s must be an object, %s", what, json_got(got, value));
}

int json_need(struct json_fields f, const char *key, struct err *e)
{
	if (given(f, key))
		return 0;
	return err_set(e, ERR_INPUT, "%s%s is missing", f.prefix, key);
}

int json_only(struct json_fields f, const char *const *keys, size_t count, struct err *e)
{
	for (int i = 0; i < f.object->count; i++) {
		bool known = false;
		for (size_t k = 0; k < count && !known; k++)
			known = strcmp(f.object->members[i].key, keys[k]) == 0;
		if (!known)
			return err_set(e, ERR_INPUT, "there is no field \"%s%.100s\"", f.prefix,
				f.object->members[i].key);
	}
	return 0;
}

static bool has_controls(struct str text)
{
	for (size_t i = 0; i < text.length_bytes; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7F)
			return true;
	}
	return false;
}

int json_read_text(struct json_fields f, const char *key, size_t bytes_max, const char **value,
	struct err *e)
{
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	if (v->kind != JSON_IS_TEXT)
		return refuse(f, key, "text", v, e);
	if (v->text.length_bytes > bytes_max)
		return err_set(e, ERR_INPUT, "%s%s has %zu bytes, more than %zu", f.prefix, key,
			v->text.length_bytes, bytes_max);
	if (has_controls(v->text))
		return err_set(e, ERR_INPUT, "%s%s holds a control character", f.prefix, key);
	*value = v->text.at;
	return 0;
}

int json_read_int(struct json_fields f, const char *key, int64_t least, int64_t most,
	int64_t *value, struct err *e)
{
	char what[80];
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	int64_t number = v->kind == JSON_IS_INT ? v->integer : 0;
	bool whole = v->kind == JSON_IS_INT;
	if (v->kind == JSON_IS_DOUBLE && fabs(v->number) < 9007199254740992.0 &&
		v->number == floor(v->number)) {
		number = (int64_t)v->number;
		whole = true;
	}
	if (whole && number >= least && number <= most) {
		*value = number;
		return 0;
	}
	snprintf(what, sizeof(what), "an integer from %lld to %lld", (long long)least,
		(long long)most);
	return refuse(f, key, what, v, e);
}

int json_read_number(struct json_fields f, const char *key, double least, double most,
	double *value, struct err *e)
{
	char what[80];
	double number;
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	if (json_number(v, &number) && number >= least && number <= most) {
		*value = number;
		return 0;
	}
	snprintf(what, sizeof(what), "a number from %g to %g", least, most);
	return refuse(f, key, what, v, e);
}

int json_read_bool(struct json_fields f, const char *key, bool *value, struct err *e)
{
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	if (v->kind != JSON_IS_BOOL)
		return refuse(f, key, "true or false", v, e);
	*value = v->boolean;
	return 0;
}

int json_read_list(struct json_fields f, const char *key, int count_max, const struct json **value,
	struct err *e)
{
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	if (v->kind != JSON_IS_LIST)
		return refuse(f, key, "a list", v, e);
	if (v->count > count_max)
		return err_set(e, ERR_INPUT, "%s%s has %d entries, more than %d", f.prefix, key,
			v->count, count_max);
	*value = v;
	return 0;
}

int json_read_object(struct json_fields f, const char *key, const struct json **value,
	struct err *e)
{
	const struct json *v = given(f, key);
	if (!v)
		return 0;
	if (v->kind != JSON_IS_OBJECT)
		return refuse(f, key, "an object", v, e);
	*value = v;
	return 0;
}

bool json_number(const struct json *value, double *number)
{
	if (value->kind == JSON_IS_INT)
		*number = (double)value->integer;
	else if (value->kind == JSON_IS_DOUBLE)
		*number = value->number;
	else
		return false;
	return true;
}

static void write_list(struct json_out *out, const struct json *value)
{
	json_array(out);
	for (int i = 0; i < value->count; i++)
		json_write(out, &value->items[i]);
	json_end(out);
}

static void write_object(struct json_out *out, const struct json *value)
{
	json_object(out);
	for (int i = 0; i < value->count; i++) {
		json_key(out, value->members[i].key);
		json_write(out, &value->members[i].value);
	}
	json_end(out);
}

void json_write(struct json_out *out, const struct json *value)
{
	switch (value->kind) {
	case JSON_IS_NULL:
	case JSON_KIND_COUNT:
		json_null(out);
		break;
	case JSON_IS_BOOL:
		json_bool(out, value->boolean);
		break;
	case JSON_IS_INT:
		json_int(out, value->integer);
		break;
	case JSON_IS_DOUBLE:
		json_double(out, value->number);
		break;
	case JSON_IS_TEXT:
		json_str(out, value->text);
		break;
	case JSON_IS_LIST:
		write_list(out, value);
		break;
	case JSON_IS_OBJECT:
		write_object(out, value);
		break;
	}
}
