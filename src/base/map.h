/* base/map.h -- from text keys to pointers: open addressing, the map owns neither side.
 * A key must stay alive and unchanged as long as its entry. A zeroed struct map is ready. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_entry {
	const char *key; /* NULL = free */
	void *value;
	uint64_t hash;
};

struct map {
	struct map_entry *entries;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

void map_finish(struct map *m);
void *map_get(const struct map *m, const char *key);       /* NULL = absent */
void map_put(struct map *m, const char *key, void *value); /* replaces key and value */
void *map_remove(struct map *m, const char *key);          /* what was there, or NULL */

/* Iterates in no useful order: `size_t at = 0; while ((e = map_each(m, &at))) ...`.
 * The map must not change meanwhile. */
struct map_entry *map_each(const struct map *m, size_t *at);

#endif
