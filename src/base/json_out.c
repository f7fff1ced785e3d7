/* base/json_out.c -- see json_out.h. */
#include "base/json_out.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/moment.h"

static void before_value(struct json_out *j)
{
	if (j->comma)
		buf_char(j->to, ',');
	j->comma = true;
}

static void open_with(struct json_out *j, char opener, char closer)
{
	assert(j->depth < (int)sizeof(j->closers));
	before_value(j);
	buf_char(j->to, opener);
	j->closers[j->depth++] = closer;
	j->comma = false;
}

void json_object(struct json_out *j)
{
	open_with(j, '{', '}');
}

void json_array(struct json_out *j)
{
	open_with(j, '[', ']');
}

void json_end(struct json_out *j)
{
	assert(j->depth > 0);
	buf_char(j->to, j->closers[--j->depth]);
	j->comma = true;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of a byte is set where that byte does not stand for itself: it is below a space, from
 * 0x7F up, a quote or a backslash. A borrow may set one bit more, never one less. */
static uint64_t not_plain(uint64_t eight)
{
	return (eight | (eight - EACH_BYTE(0x20)) | ((eight ^ EACH_BYTE('"')) - EACH_BYTE(1)) |
		       ((eight ^ EACH_BYTE('\\')) - EACH_BYTE(1)) |
		       ((eight ^ EACH_BYTE(0x7F)) - EACH_BYTE(1))) &
		EACH_BYTE(0x80);
}

/* Bytes at the front that stand for themselves: nearly all of nearly every text, so by eights. */
static size_t plain_bytes(struct str text)
{
	size_t n = 0;
	uint64_t eight;
	while (n + sizeof(eight) <= text.length_bytes) {
		memcpy(&eight, text.at + n, sizeof(eight));
		if (not_plain(eight))
			break;
		n += sizeof(eight);
	}
	while (n < text.length_bytes && text.at[n] >= 0x20 && text.at[n] < 0x7F &&
		text.at[n] != '"' && text.at[n] != '\\')
		n++;
	return n;
}

/* The first character, which is not plain; its length. */
static size_t escape_one(struct buf *to, struct str text)
{
	static const char
		shorts[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	uint32_t code;
	size_t length = str_utf8_next(text, &code);
	unsigned char c = (unsigned char)text.at[0];
	if (c == '\0') {
		buf_text(to, "\\u0000");
		return 1;
	}
	if (length == 0) {
		buf_text(to, "\xEF\xBF\xBD");
		return 1;
	}
	if (c == '"' || c == '\\') {
		buf_char(to, '\\');
		buf_char(to, (char)c);
	} else if (c < sizeof(shorts) && shorts[c]) {
		buf_char(to, '\\');
		buf_char(to, shorts[c]);
	} else if (code < 0x20 || (code >= 0x7F && code < 0xA0)) {
		/* Those from 0x80 on need no escape in JSON, but a terminal obeys them. */
		buf_format(to, "\\u%04x", (unsigned)code);
	} else {
		buf_add(to, text.at, length);
	}
	return length;
}

static void escaped(struct buf *to, struct str text)
{
	size_t length = plain_bytes(text);
	buf_reserve(to, text.length_bytes + 2);
	to->bytes[to->length_bytes++] = '"';
	if (length == text.length_bytes) {
		if (length > 0)
			memcpy(to->bytes + to->length_bytes, text.at, length);
		to->length_bytes += length;
		to->bytes[to->length_bytes++] = '"';
		to->bytes[to->length_bytes] = '\0';
		return;
	}
	while (text.length_bytes > 0) {
		length = plain_bytes(text);
		if (length > 0)
			buf_add(to, text.at, length);
		else
			length = escape_one(to, text);
		text.at += length;
		text.length_bytes -= length;
	}
	buf_char(to, '"');
}

void json_key(struct json_out *j, const char *key)
{
	struct str text = str_of(key);
	buf_reserve(j->to, text.length_bytes + 4);
	before_value(j);
	escaped(j->to, text);
	buf_char(j->to, ':');
	j->comma = false;
}

void json_str(struct json_out *j, struct str text)
{
	before_value(j);
	escaped(j->to, text);
}

void json_text(struct json_out *j, const char *text)
{
	if (text)
		json_str(j, str_of(text));
	else
		json_null(j);
}

void json_int(struct json_out *j, int64_t value)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--at = '-';
	before_value(j);
	buf_add(j->to, at, (size_t)(digits + sizeof(digits) - at));
}

void json_double(struct json_out *j, double value)
{
	if (!isfinite(value)) {
		json_null(j);
		return;
	}
	before_value(j);
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_text(j->to, text);
}

void json_bool(struct json_out *j, bool value)
{
	before_value(j);
	buf_text(j->to, value ? "true" : "false");
}

void json_null(struct json_out *j)
{
	before_value(j);
	buf_add(j->to, "null", 4);
}

void json_raw(struct json_out *j, const char *json)
{
	before_value(j);
	buf_text(j->to, json ? json : "null");
}

void json_put_text(struct json_out *j, const char *key, const char *text)
{
	json_key(j, key);
	json_text(j, text);
}

void json_put_int(struct json_out *j, const char *key, int64_t value)
{
	json_key(j, key);
	json_int(j, value);
}

void json_put_double(struct json_out *j, const char *key, double value)
{
	json_key(j, key);
	json_double(j, value);
}

void json_put_bool(struct json_out *j, const char *key, bool value)
{
	json_key(j, key);
	json_bool(j, value);
}

void json_put_null(struct json_out *j, const char *key)
{
	json_key(j, key);
	json_null(j);
}

void json_put_raw(struct json_out *j, const char *key, const char *json)
{
	json_key(j, key);
	json_raw(j, json);
}

void json_put_time(struct json_out *j, const char *key, int64_t wall_ms)
{
	char text[MOMENT_TEXT_SIZE];
	json_key(j, key);
	json_text(j, wall_ms ? moment_text(text, wall_ms) : NULL);
}
