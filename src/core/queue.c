/* core/queue.c -- see queue.h. */
#include "core/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void queue_finish(struct queue *q)
{
	free(q->items);
	*q = (struct queue){ 0 };
}

static bool before(const struct job *a, const struct job *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->arrival < b->arrival;
}

/* Index of the first that is not before j: j's own, or where it belongs. */
static size_t place_of(const struct queue *q, const struct job *j)
{
	size_t low = 0, high = q->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (before(q->items[q->first + middle], j))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Equal room on both sides, at least a quarter of the whole, so that the next move is far away. */
static void recentre(struct queue *q)
{
	size_t room = q->room ? q->room : 32;
	if (q->count * 2 > room)
		room *= 2;
	size_t first = (room - q->count) / 2;
	struct job **items = q->items;
	if (room != q->room)
		items = mem_array(room, sizeof(*items));
	if (q->count > 0)
		memmove(items + first, q->items + q->first, q->count * sizeof(*items));
	if (items != q->items)
		free(q->items);
	*q = (struct queue){ .items = items, .first = first, .count = q->count, .room = room };
}

void queue_add(struct queue *q, struct job *j)
{
	size_t at = place_of(q, j);
	bool to_front = at < q->count - at;
	if (to_front ? q->first == 0 : q->first + q->count == q->room)
		recentre(q);
	struct job **items = q->items + q->first;
	if (to_front) {
		memmove(items - 1, items, at * sizeof(*items));
		q->first--;
		items--;
	} else {
		memmove(items + at + 1, items + at, (q->count - at) * sizeof(*items));
	}
	items[at] = j;
	q->count++;
}

size_t queue_position(const struct queue *q, const struct job *j)
{
	size_t at = place_of(q, j);
	return at < q->count && q->items[q->first + at] == j ? at + 1 : 0;
}

void queue_remove(struct queue *q, const struct job *j)
{
	size_t at = queue_position(q, j);
	if (at == 0)
		return;
	at--;
	struct job **items = q->items + q->first;
	if (at < q->count - at) {
		memmove(items + 1, items, at * sizeof(*items));
		q->first++;
	} else {
		memmove(items + at, items + at + 1, (q->count - at - 1) * sizeof(*items));
	}
	q->count--;
}

struct job *queue_at(const struct queue *q, size_t position)
{
	return position >= 1 && position <= q->count ? q->items[q->first + position - 1] : NULL;
}
