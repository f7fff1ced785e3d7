/* core/queue.h -- who waits, best first: priority (highest first), then arrival (earliest first).
 *
 * A sorted array with room at both ends: a position is a binary search, the head leaves and the
 * last comes at no cost, and one in the middle moves the shorter side. Jobs are borrowed; their
 * priority and arrival must not change while they are queued. A zeroed struct queue is ready. */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stddef.h>

#include "core/job.h"

struct queue {
	struct job **items;
	size_t first;
	size_t count;
	size_t room;
};

void queue_finish(struct queue *q);
void queue_add(struct queue *q, struct job *j);
void queue_remove(struct queue *q, const struct job *j);           /* not queued is fine */
size_t queue_position(const struct queue *q, const struct job *j); /* 1..n; 0 = not queued */
struct job *queue_at(const struct queue *q, size_t position);      /* NULL beyond the end */

#endif
