/* base/map.c -- see map.h. Linear probing with backward-shift deletion: no tombstones. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint64_t hash_of(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, then a finishing mix */
	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
	hash ^= hash >> 32;
	return hash * 0x9E3779B97F4A7C15u;
}

void map_finish(struct map *m)
{
	free(m->entries);
	*m = (struct map){ 0 };
}

static size_t find(const struct map *m, const char *key, uint64_t hash)
{
	size_t at = hash & (m->room - 1);
	while (m->entries[at].key) {
		if (m->entries[at].hash == hash && strcmp(m->entries[at].key, key) == 0)
			break;
		at = (at + 1) & (m->room - 1);
	}
	return at;
}

void *map_get(const struct map *m, const char *key)
{
	if (m->count == 0)
		return NULL;
	return m->entries[find(m, key, hash_of(key))].value;
}

static void grow(struct map *m)
{
	struct map old = *m;
	m->room = old.room ? old.room * 2 : 16;
	m->entries = mem_array(m->room, sizeof(*m->entries));
	for (size_t i = 0; i < old.room; i++) {
		if (old.entries[i].key)
			m->entries[find(m, old.entries[i].key, old.entries[i].hash)] =
				old.entries[i];
	}
	free(old.entries);
}

void map_put(struct map *m, const char *key, void *value)
{
	if (m->count * 2 >= m->room)
		grow(m);
	uint64_t hash = hash_of(key);
	struct map_entry *entry = &m->entries[find(m, key, hash)];
	if (!entry->key)
		m->count++;
	*entry = (struct map_entry){ key, value, hash };
}

void *map_remove(struct map *m, const char *key)
{
	if (m->count == 0)
		return NULL;
	size_t hole = find(m, key, hash_of(key));
	if (!m->entries[hole].key)
		return NULL;
	void *value = m->entries[hole].value;
	m->count--;
	size_t at = hole;
	for (;;) {
		at = (at + 1) & (m->room - 1);
		if (!m->entries[at].key)
			break;
		size_t home = m->entries[at].hash & (m->room - 1);
		if (((at - home) & (m->room - 1)) >= ((at - hole) & (m->room - 1))) {
			m->entries[hole] = m->entries[at];
			hole = at;
		}
	}
	m->entries[hole] = (struct map_entry){ 0 };
	return value;
}

struct map_entry *map_each(const struct map *m, size_t *at)
{
	while (*at < m->room) {
		struct map_entry *entry = &m->entries[(*at)++];
		if (entry->key)
			return entry;
	}
	return NULL;
}
