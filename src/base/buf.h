/* base/buf.h -- bytes that grow. A zeroed struct buf is ready; buf_finish frees.
 * `bytes` is NUL-terminated behind length_bytes whenever it is not NULL. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *bytes;
	size_t length_bytes;
	size_t room_bytes;
};

void buf_finish(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_reserve(struct buf *b, size_t more_bytes);
void buf_add(struct buf *b, const void *bytes, size_t size_bytes);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vformat(struct buf *b, const char *format, va_list args);
void buf_drop(struct buf *b, size_t size_bytes); /* takes bytes off the front */
char *buf_take(struct buf *b);                   /* the caller frees; never NULL */

#define AUTO_BUF __attribute__((cleanup(buf_finish))) struct buf

#endif
