/* base/arena.h -- memory that is freed all at once: a request's lifetime.
 *
 * arena_alloc never returns NULL: out of memory ends the process, as everywhere in base.
 * Memory is zeroed and aligned for any type. Not thread-safe. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t total_bytes;
};

/* A zeroed struct arena is ready to use. */
void arena_finish(struct arena *a);
/* All that was allocated is gone; one block stays for the next round. */
void arena_clear(struct arena *a);

void *arena_alloc(struct arena *a, size_t size_bytes);
char *arena_copy(struct arena *a, const void *bytes, size_t size_bytes); /* adds a NUL */
char *arena_string(struct arena *a, const char *text);                   /* NULL stays NULL */
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (size_t)(count)))

#endif
