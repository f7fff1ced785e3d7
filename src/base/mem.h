/* base/mem.h -- heap memory that is there or the process ends.
 *
 * A server that half-handles a failed malloc is worse than one that is started again: jobs live in
 * their runners, and every acknowledged fact is on disk. All memory is zeroed; free() frees it. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size_bytes);
void *mem_array(size_t count, size_t size_bytes);     /* checks the product */
void *mem_resize(void *old, size_t size_bytes);       /* new bytes are not zeroed */
char *mem_string(const char *text);                   /* NULL stays NULL */
char *mem_copy(const void *bytes, size_t size_bytes); /* adds a NUL */
_Noreturn void mem_exhausted(size_t size_bytes);

#endif
