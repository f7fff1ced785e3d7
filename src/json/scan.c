/* json/scan.c -- see scan.h. */
#include "json/scan.h"

#include <string.h>

struct scan {
	struct str text;
	size_t at;
	size_t copied; /* bytes of text already in *rewritten */
	int depth;
	struct json_limits limits;
	struct buf *rewritten;
};

static const char *const words[] = { "NaN", "Infinity", "-Infinity" };

static int check_utf8(struct str text, struct err *e)
{
	struct str rest = text;
	uint32_t code;
	while (rest.length_bytes > 0) {
		size_t length = str_utf8_next(rest, &code);
		if (length == 0 && rest.at[0] == '\0')
			return err_set(e, ERR_INPUT, "the JSON holds a NUL byte at byte %zu",
				text.length_bytes - rest.length_bytes);
		if (length == 0)
			return err_set(e, ERR_INPUT,
				"the JSON is not valid UTF-8: byte %zu is 0x%02x",
				text.length_bytes - rest.length_bytes, (unsigned char)rest.at[0]);
		rest.at += length;
		rest.length_bytes -= length;
	}
	return 0;
}

/* s->at is behind the opening quote; afterwards behind the closing one, or at the end. */
static int skip_text(struct scan *s, struct err *e)
{
	while (s->at < s->text.length_bytes) {
		char c = s->text.at[s->at++];
		if (c == '"')
			return 0;
		if (c != '\\')
			continue;
		struct str rest = { s->text.at + s->at, s->text.length_bytes - s->at };
		if (str_starts(rest, "u0000"))
			return err_set(e, ERR_INPUT,
				"the JSON holds the character \\u0000 at byte %zu", s->at - 1);
		s->at++;
	}
	return 0;
}

/* A word begins only where a value may, so a letter before it makes it another token: the parser
 * will refuse that. */
static bool take_word(struct scan *s)
{
	struct str rest = { s->text.at + s->at, s->text.length_bytes - s->at };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_starts(rest, words[i]))
			continue;
		buf_add(s->rewritten, s->text.at + s->copied, s->at - s->copied);
		buf_format(s->rewritten, "\"\\u0000%s\"", words[i]);
		s->at += strlen(words[i]);
		s->copied = s->at;
		return true;
	}
	return false;
}

static int step(struct scan *s, struct err *e)
{
	char c = s->text.at[s->at];
	bool word = (c == 'N' || c == 'I' || c == '-') && s->limits.words;
	if (word && take_word(s))
		return 0;
	s->at++;
	if (c == '"')
		return skip_text(s, e);
	if (c == '[' || c == '{')
		s->depth++;
	else if (c == ']' || c == '}')
		s->depth--;
	if (s->depth > s->limits.depth_max)
		return err_set(e, ERR_INPUT, "the JSON is nested deeper than %d levels",
			s->limits.depth_max);
	return 0;
}

int scan_check(struct str text, struct json_limits limits, struct buf *rewritten,
	struct str *parsed, struct err *e)
{
	struct scan s = { .text = text, .limits = limits, .rewritten = rewritten };
	if (text.length_bytes > limits.bytes_max)
		return err_set(e, ERR_TOO_LARGE, "the JSON has %zu bytes, more than %zu",
			text.length_bytes, limits.bytes_max);
	if (check_utf8(text, e))
		return -1;
	while (s.at < text.length_bytes) {
		if (step(&s, e))
			return -1;
	}
	*parsed = text;
	if (s.copied > 0) {
		buf_add(rewritten, text.at + s.copied, text.length_bytes - s.copied);
		*parsed = (struct str){ rewritten->bytes, rewritten->length_bytes };
	}
	return 0;
}
