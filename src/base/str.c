/* base/str.c -- see str.h. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *text)
{
	return (struct str){ text ? text : "", text ? strlen(text) : 0 };
}

bool str_is(struct str s, const char *text)
{
	return s.length_bytes == strlen(text) && memcmp(s.at, text, s.length_bytes) == 0;
}

bool str_starts(struct str s, const char *prefix)
{
	size_t length = strlen(prefix);
	return s.length_bytes >= length && memcmp(s.at, prefix, length) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.length_bytes > 0 && is_space(s.at[0])) {
		s.at++;
		s.length_bytes--;
	}
	while (s.length_bytes > 0 && is_space(s.at[s.length_bytes - 1]))
		s.length_bytes--;
	return s;
}

bool str_next(struct str *rest, char separator, struct str *piece)
{
	if (rest->length_bytes == 0)
		return false;
	const char *end = memchr(rest->at, separator, rest->length_bytes);
	size_t length = end ? (size_t)(end - rest->at) : rest->length_bytes;
	*piece = (struct str){ rest->at, length };
	size_t taken = end ? length + 1 : length;
	rest->at += taken;
	rest->length_bytes -= taken;
	return true;
}

int str_copy(char *to, size_t to_bytes, const char *from)
{
	size_t length = strlen(from);
	if (length >= to_bytes)
		return -1;
	memcpy(to, from, length + 1);
	return 0;
}

void str_copy_cut(char *to, size_t to_bytes, const char *from)
{
	size_t length = strnlen(from, to_bytes);
	if (length == to_bytes) {
		length = to_bytes - 1;
		while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
			length--;
	}
	memmove(to, from, length);
	to[length] = '\0';
}

bool str_to_u64(struct str s, uint64_t *value)
{
	uint64_t sum = 0;
	if (s.length_bytes == 0)
		return false;
	for (size_t i = 0; i < s.length_bytes; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
			__builtin_add_overflow(sum, (uint64_t)(s.at[i] - '0'), &sum))
			return false;
	}
	*value = sum;
	return true;
}

bool str_to_i64(struct str s, int64_t *value)
{
	bool negative = s.length_bytes > 0 && s.at[0] == '-';
	uint64_t magnitude;
	if (!str_to_u64(negative ? (struct str){ s.at + 1, s.length_bytes - 1 } : s, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool str_to_double(struct str s, double *value)
{
	char text[64];
	if (s.length_bytes == 0 || s.length_bytes >= sizeof(text))
		return false;
	memcpy(text, s.at, s.length_bytes);
	text[s.length_bytes] = '\0';
	if (isspace((unsigned char)text[0]) || strpbrk(text, "xXpP("))
		return false;
	char *end;
	*value = strtod(text, &end);
	return *end == '\0';
}

static const struct {
	unsigned char mask, lead;
	uint32_t least;
} utf8_forms[] = {
	{ 0x80, 0x00, 0x01 },
	{ 0xE0, 0xC0, 0x80 },
	{ 0xF0, 0xE0, 0x800 },
	{ 0xF8, 0xF0, 0x10000 },
};

size_t str_utf8_next(struct str s, uint32_t *code_point)
{
	if (s.length_bytes == 0)
		return 0;
	unsigned char first = (unsigned char)s.at[0];
	for (size_t form = 0; form < sizeof(utf8_forms) / sizeof(utf8_forms[0]); form++) {
		if ((first & utf8_forms[form].mask) != utf8_forms[form].lead)
			continue;
		if (s.length_bytes < form + 1)
			return 0;
		uint32_t code = first & (unsigned char)~utf8_forms[form].mask;
		for (size_t i = 1; i <= form; i++) {
			unsigned char next = (unsigned char)s.at[i];
			if ((next & 0xC0) != 0x80)
				return 0;
			code = code << 6 | (next & 0x3F);
		}
		if (code < utf8_forms[form].least || code > 0x10FFFF ||
			(code >= 0xD800 && code <= 0xDFFF))
			return 0;
		*code_point = code;
		return form + 1;
	}
	return 0;
}

bool str_is_utf8(struct str s)
{
	uint32_t code;
	while (s.length_bytes > 0) {
		size_t length = str_utf8_next(s, &code);
		if (length == 0)
			return false;
		s.at += length;
		s.length_bytes -= length;
	}
	return true;
}

void str_to_hex(char *to, const void *bytes, size_t size_bytes)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	for (size_t i = 0; i < size_bytes; i++) {
		to[2 * i] = digits[from[i] >> 4];
		to[2 * i + 1] = digits[from[i] & 15];
	}
	to[2 * size_bytes] = '\0';
}

bool str_is_id(struct str s)
{
	if (s.length_bytes < 1 || s.length_bytes > 128)
		return false;
	for (size_t i = 0; i < s.length_bytes; i++) {
		char c = s.at[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9');
		if (!alnum && (i == 0 || (c != '_' && c != '-')))
			return false;
	}
	return true;
}
