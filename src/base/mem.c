/* base/mem.c -- see mem.h. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mem_exhausted(size_t size_bytes)
{
	fprintf(stderr, "trainyard: out of memory (asked for %zu bytes)\n", size_bytes);
	abort();
}

void *mem_alloc(size_t size_bytes)
{
	return mem_array(1, size_bytes);
}

void *mem_array(size_t count, size_t size_bytes)
{
	void *memory = calloc(count ? count : 1, size_bytes ? size_bytes : 1);
	if (!memory)
		mem_exhausted(size_bytes);
	return memory;
}

void *mem_resize(void *old, size_t size_bytes)
{
	void *memory = realloc(old, size_bytes ? size_bytes : 1);
	if (!memory)
		mem_exhausted(size_bytes);
	return memory;
}

char *mem_string(const char *text)
{
	return text ? mem_copy(text, strlen(text)) : NULL;
}

char *mem_copy(const void *bytes, size_t size_bytes)
{
	char *copy = mem_alloc(size_bytes + 1);
	if (size_bytes > 0)
		memcpy(copy, bytes, size_bytes);
	return copy;
}
