/* api/log_scan.c -- see log_scan.h. */
#include "api/log_scan.h"

#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"

#define CHUNK_BYTES (256 << 10)

/* A line is kept if it is wanted: of the last `limit`, the ring holds the newest. */
static void found_line(struct log_scan *s, int64_t from, int64_t to)
{
	int64_t number = s->total_lines++;
	if (s->offset >= 0 && (number < s->offset || number >= s->offset + s->limit))
		return;
	int64_t slot = s->offset >= 0 ? number - s->offset : number % s->limit;
	s->lines[slot] = (struct log_span){ from, to };
	if (s->count < s->limit)
		s->count++;
}

/* Where the log begins: bytes that were dropped end within a line, whose rest is no line. */
static int64_t skip_cut_line(struct log_scan *s, const char *chunk, ssize_t size, int64_t from)
{
	if (from == 0 || from != s->kept_from_bytes)
		return from;
	const char *newline = memchr(chunk, '\n', (size_t)size);
	return newline ? from + (newline - chunk) + 1 : from;
}

static void turn_ring(struct log_scan *s)
{
	static const size_t span = sizeof(struct log_span);
	s->first_line = s->total_lines - s->count;
	int64_t head = s->first_line % s->limit;
	if (s->count < s->limit || head == 0)
		return;
	AUTO_FREE struct log_span *copy = mem_array((size_t)s->limit, span);
	memcpy(copy, s->lines, span * (size_t)s->limit);
	memcpy(s->lines, copy + head, span * (size_t)(s->limit - head));
	memcpy(s->lines + (s->limit - head), copy, span * (size_t)head);
}

int log_scan(struct log_scan *s, struct err *e)
{
	AUTO_FREE char *chunk = mem_alloc(CHUNK_BYTES);
	int64_t at = s->kept_from_bytes, line = at;
	for (;;) {
		ssize_t size = io_pread_all(s->fd, chunk, CHUNK_BYTES, at);
		if (size < 0)
			return err_errno(e, ERR_IO, "cannot read the log");
		if (size == 0)
			break;
		int64_t begin = skip_cut_line(s, chunk, size, at);
		if (begin > line)
			line = begin;
		const char *from = chunk + (begin - at), *end = chunk + size, *newline;
		while (from < end && (newline = memchr(from, '\n', (size_t)(end - from)))) {
			found_line(s, line, at + (newline - chunk));
			from = newline + 1;
			line = at + (from - chunk);
		}
		at += size;
	}
	if (at > line)
		found_line(s, line, at);
	s->size_bytes = at;
	s->first_line = s->offset;
	if (s->offset < 0)
		turn_ring(s);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int log_scan_write(const struct log_scan *s, struct json_out *out, struct err *e)
{
	AUTO_FREE char *text = mem_alloc(LOG_LINE_BYTES_MAX);
	json_array(out);
	for (int i = 0; i < s->count; i++) {
		int64_t length = s->lines[i].to_bytes - s->lines[i].from_bytes;
		if (length > LOG_LINE_BYTES_MAX)
			length = LOG_LINE_BYTES_MAX;
		ssize_t size = io_pread_all(s->fd, text, (size_t)length, s->lines[i].from_bytes);
		if (size < 0)
			return err_errno(e, ERR_IO, "cannot read the log");
		while (size > 0 && is_blank(text[size - 1]))
			size--;
		json_str(out, (struct str){ text, (size_t)size });
	}
	json_end(out);
	return 0;
}
