/* base/arena.c -- see arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *older;
	size_t size_bytes;
	size_t used_bytes;
	_Alignas(16) unsigned char bytes[];
};

void arena_finish(struct arena *a)
{
	struct arena_block *block = a->blocks;
	while (block) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
	*a = (struct arena){ 0 };
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->blocks;
	while (keep && keep->older) {
		struct arena_block *older = keep->older;
		free(keep);
		keep = older;
	}
	if (keep && keep->size_bytes != BLOCK_BYTES) {
		free(keep);
		keep = NULL;
	}
	if (keep) {
		memset(keep->bytes, 0, keep->used_bytes);
		keep->used_bytes = 0;
	}
	*a = (struct arena){ .blocks = keep, .total_bytes = keep ? keep->size_bytes : 0 };
}

static struct arena_block *block_add(struct arena *a, size_t need_bytes)
{
	size_t room = need_bytes > BLOCK_BYTES ? need_bytes : BLOCK_BYTES;
	struct arena_block *block = mem_alloc(sizeof(*block) + room);
	block->size_bytes = room;
	block->older = a->blocks;
	a->blocks = block;
	a->total_bytes += room;
	return block;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	size_t need = (size_bytes + 15) & ~(size_t)15;
	if (need < size_bytes)
		mem_exhausted(size_bytes);
	struct arena_block *block = a->blocks;
	if (!block || block->size_bytes - block->used_bytes < need)
		block = block_add(a, need);
	void *at = block->bytes + block->used_bytes;
	block->used_bytes += need;
	return at;
}

char *arena_copy(struct arena *a, const void *bytes, size_t size_bytes)
{
	char *copy = arena_alloc(a, size_bytes + 1);
	if (size_bytes > 0)
		memcpy(copy, bytes, size_bytes);
	return copy;
}

char *arena_string(struct arena *a, const char *text)
{
	return text ? arena_copy(a, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *a, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(a, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
