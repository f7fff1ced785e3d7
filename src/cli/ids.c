/* cli/ids.c -- see ids.h. */
#include "cli/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define UUID_LENGTH 36

void ids_add(struct ids *ids, const char *id)
{
	if (ids->count == ids->room) {
		ids->room = ids->room ? ids->room * 2 : 64;
		ids->list = mem_resize(ids->list, (size_t)ids->room * sizeof(*ids->list));
	}
	ids->list[ids->count++] = mem_string(id);
	ids->unique = 0;
}

void ids_finish(struct ids *ids)
{
	for (int i = 0; i < ids->count; i++)
		free(ids->list[i]);
	free(ids->list);
	*ids = (struct ids){ 0 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Neighbours in sorted order share the longest beginnings. */
static int count_unique(const struct ids *ids)
{
	int most = IDS_SHORT;
	char **sorted = mem_array((size_t)ids->count + 1, sizeof(*sorted));
	for (int i = 0; i < ids->count; i++)
		sorted[i] = ids->list[i];
	qsort(sorted, (size_t)ids->count, sizeof(*sorted), compare);
	for (int i = 1; i < ids->count; i++) {
		int same = 0;
		while (sorted[i][same] && sorted[i][same] == sorted[i - 1][same])
			same++;
		if (same + 1 > most)
			most = same + 1;
	}
	free(sorted);
	return most;
}

static bool is_uuid(const char *id)
{
	return strlen(id) == UUID_LENGTH && strspn(id, "0123456789abcdef-") == UUID_LENGTH &&
		id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-';
}

const char *ids_short(struct ids *ids, int at, bool cut, struct arena *a)
{
	const char *id = ids->list[at];
	if (!cut || !is_uuid(id))
		return arena_string(a, id);
	if (ids->unique == 0)
		ids->unique = count_unique(ids);
	return arena_format(a, "%.*s", ids->unique, id);
}
