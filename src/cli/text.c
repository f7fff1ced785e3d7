/* cli/text.c -- see text.h. */
#include "cli/text.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define ELLIPSIS "\xE2\x80\xA6"

/* Marks that reorder or hide the text around them, and line ends that are not '\n'. */
static bool is_treacherous(uint32_t c)
{
	return (c >= 0x80 && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
		(c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* The bytes that a character must have by its first one; 0 = no character begins so. */
static size_t announced_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first < 0xE0)
		return 2;
	if (first >= 0xE0 && first < 0xF0)
		return 3;
	return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

static void pass_carriage(struct scrub *s, struct buf *to)
{
	if (s->carriage)
		buf_text(to, "\r\033[K");
	s->carriage = false;
}

/* One byte of a character that is not ASCII: kept until the character is whole. */
static void add_wide(struct scrub *s, char byte, struct buf *to)
{
	s->held[s->held_bytes++] = byte;
	struct str held = { s->held, s->held_bytes };
	uint32_t code;
	size_t length = str_utf8_next(held, &code);
	if (length == 0 && s->held_bytes < announced_bytes((unsigned char)s->held[0]) &&
		((unsigned char)byte & 0xC0) == (s->held_bytes == 1 ? 0xC0 : 0x80))
		return;
	pass_carriage(s, to);
	if (length == 0)
		buf_text(to, REPLACEMENT);
	else if (is_treacherous(code))
		buf_char(to, '?');
	else
		buf_add(to, held.at, length);
	s->held_bytes = 0;
}

static void add_plain(struct scrub *s, char byte, struct buf *to)
{
	unsigned char c = (unsigned char)byte;
	if (s->held_bytes && (c & 0xC0) != 0x80) {
		pass_carriage(s, to);
		buf_text(to, REPLACEMENT);
		s->held_bytes = 0;
	}
	if (c >= 0x80) {
		add_wide(s, byte, to);
	} else if (c == '\033') {
		s->phase = SCRUB_ESCAPE;
		s->held_bytes = 0;
	} else if (c == '\r') {
		s->carriage = true;
	} else if (c == '\n') {
		s->carriage = false;
		buf_char(to, '\n');
	} else {
		pass_carriage(s, to);
		buf_char(to, c == '\t' || (c >= 0x20 && c != 0x7F) ? byte : '?');
	}
}

/* Behind ESC [: parameters, then one final byte. Only a whole style of modest length passes. */
static void add_csi(struct scrub *s, char byte, struct buf *to)
{
	if (byte >= 0x20 && byte < 0x40) {
		if (s->held_bytes < sizeof(s->held))
			s->held[s->held_bytes++] = byte;
		return;
	}
	bool style = byte == 'm' && s->held_bytes < sizeof(s->held);
	for (size_t i = 0; style && i < s->held_bytes; i++)
		style = strchr("0123456789;:", s->held[i]) != NULL;
	if (style) {
		pass_carriage(s, to);
		buf_text(to, "\033[");
		buf_add(to, s->held, s->held_bytes);
		buf_char(to, 'm');
		s->styled = true;
	}
	s->held_bytes = 0;
	s->phase = SCRUB_PLAIN;
	/* A control character inside a sequence is no part of it: a line end must not be lost. */
	if ((unsigned char)byte < 0x20)
		add_plain(s, byte, to);
}

static void add_byte(struct scrub *s, char byte, struct buf *to)
{
	switch (s->phase) {
	case SCRUB_PLAIN:
		add_plain(s, byte, to);
		break;
	case SCRUB_ESCAPE:
		if (byte == '[')
			s->phase = SCRUB_CSI;
		else if (byte && strchr("]PX^_", byte))
			s->phase = SCRUB_STRING;
		else if (byte >= 0x20 && byte < 0x30)
			break; /* ESC ( B and the like: the final byte is still to come */
		else
			s->phase = SCRUB_PLAIN;
		if (byte == '\n')
			add_plain(s, byte, to);
		break;
	case SCRUB_CSI:
		add_csi(s, byte, to);
		break;
	case SCRUB_STRING:
	case SCRUB_STRING_END:
		/* Ends at BEL or ESC \; a line end breaks it off, for nobody shall hide a log. */
		if (byte == '\a' || byte == '\n' || (s->phase == SCRUB_STRING_END && byte == '\\'))
			s->phase = SCRUB_PLAIN;
		else
			s->phase = byte == '\033' ? SCRUB_STRING_END : SCRUB_STRING;
		if (byte == '\n')
			add_plain(s, byte, to);
		break;
	}
}

void scrub_add(struct scrub *s, const char *bytes, size_t size_bytes, struct buf *to)
{
	for (size_t i = 0; i < size_bytes; i++)
		add_byte(s, bytes[i], to);
}

void scrub_end(struct scrub *s, struct buf *to)
{
	if (s->phase == SCRUB_PLAIN && s->held_bytes)
		buf_text(to, REPLACEMENT);
	if (s->styled)
		buf_text(to, "\033[0m");
	*s = (struct scrub){ 0 };
}

void text_clean(struct buf *to, struct str text)
{
	while (text.length_bytes > 0) {
		uint32_t code = 0;
		size_t length = str_utf8_next(text, &code);
		unsigned char c = (unsigned char)text.at[0];
		if (c == '\n' || c == '\r' || c == '\t')
			buf_char(to, ' ');
		else if (c < 0x20 || c == 0x7F)
			buf_char(to, '?');
		else if (length == 0)
			buf_text(to, REPLACEMENT);
		else if (is_treacherous(code))
			buf_char(to, '?');
		else
			buf_add(to, text.at, length);
		length = length ? length : 1;
		text.at += length;
		text.length_bytes -= length;
	}
}

/* wcwidth knows wide characters when the locale is one of UTF-8, which main() chooses. */
static int columns_of(uint32_t code)
{
	if (code >= 0x20 && code < 0x7F)
		return 1;
	int columns = wcwidth((wchar_t)code);
	return columns < 0 ? 1 : columns;
}

/* How many bytes of the text take at most `columns`; *used tells how many they take. */
static size_t bytes_within(struct str text, int columns, int *used)
{
	size_t bytes = 0;
	*used = 0;
	while (bytes < text.length_bytes) {
		struct str rest = { text.at + bytes, text.length_bytes - bytes };
		uint32_t code = 0;
		size_t length = str_utf8_next(rest, &code);
		int wide = length ? columns_of(code) : 1;
		if (*used + wide > columns)
			break;
		*used += wide;
		bytes += length ? length : 1;
	}
	return bytes;
}

int text_columns(struct str text)
{
	int used;
	bytes_within(text, 1 << 30, &used);
	return used;
}

void text_fit(struct buf *to, struct str text, int columns, bool right)
{
	struct buf clean = { 0 };
	text_clean(&clean, text);
	struct str all = { clean.bytes, clean.length_bytes };
	int used;
	size_t bytes = bytes_within(all, columns, &used);
	bool cut = bytes < all.length_bytes;
	if (cut)
		bytes = bytes_within(all, columns > 0 ? columns - 1 : 0, &used);
	int pad = columns - used - cut;
	if (right && pad > 0)
		buf_format(to, "%*s", pad, "");
	if (bytes)
		buf_add(to, all.at, bytes);
	if (cut && columns > 0)
		buf_text(to, ELLIPSIS);
	if (!right && pad > 0)
		buf_format(to, "%*s", pad, "");
	buf_finish(&clean);
}
