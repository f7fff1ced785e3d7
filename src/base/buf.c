/* base/buf.c -- see buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_finish(struct buf *b)
{
	free(b->bytes);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->length_bytes = 0;
	if (b->bytes)
		b->bytes[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more_bytes)
{
	size_t need = b->length_bytes + more_bytes + 1;
	if (need <= b->length_bytes)
		mem_exhausted(more_bytes);
	if (need <= b->room_bytes)
		return;
	size_t room = b->room_bytes ? b->room_bytes : 128;
	while (room < need)
		room *= 2;
	b->bytes = mem_resize(b->bytes, room);
	b->room_bytes = room;
}

void buf_add(struct buf *b, const void *bytes, size_t size_bytes)
{
	buf_reserve(b, size_bytes);
	if (size_bytes > 0)
		memcpy(b->bytes + b->length_bytes, bytes, size_bytes);
	b->length_bytes += size_bytes;
	b->bytes[b->length_bytes] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
	if (b->length_bytes + 2 > b->room_bytes)
		buf_reserve(b, 1);
	b->bytes[b->length_bytes++] = c;
	b->bytes[b->length_bytes] = '\0';
}

void buf_vformat(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	buf_reserve(b, (size_t)length);
	vsnprintf(b->bytes + b->length_bytes, (size_t)length + 1, format, again);
	va_end(again);
	b->length_bytes += (size_t)length;
}

void buf_format(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vformat(b, format, args);
	va_end(args);
}

void buf_drop(struct buf *b, size_t size_bytes)
{
	if (size_bytes == 0)
		return;
	memmove(b->bytes, b->bytes + size_bytes, b->length_bytes - size_bytes + 1);
	b->length_bytes -= size_bytes;
}

char *buf_take(struct buf *b)
{
	buf_reserve(b, 0);
	char *bytes = b->bytes;
	bytes[b->length_bytes] = '\0';
	*b = (struct buf){ 0 };
	return bytes;
}
