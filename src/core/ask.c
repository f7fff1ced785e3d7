/* core/ask.c -- what readers ask the yard. */
#include <stdio.h>

#include "core/inside.h"

const struct job *yard_find(const struct yard *y, const char *id)
{
	struct place *p = yard_place(y, id);
	return p ? &p->job : NULL;
}

int yard_position(const struct yard *y, const struct job *j)
{
	return j->state == JOB_QUEUED ? (int)queue_position(&y->queue, j) : 0;
}

const struct job *yard_queued_at(const struct yard *y, int position)
{
	return position < 1 ? NULL : queue_at(&y->queue, (size_t)position);
}

int yard_queue_length(const struct yard *y)
{
	return (int)y->queue.count;
}

const struct job *yard_each(const struct yard *y, size_t *at)
{
	struct map_entry *entry = map_each(&y->by_id, at);
	return entry ? &((struct place *)entry->value)->job : NULL;
}

void yard_count(const struct yard *y, struct yard_counts *counts)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		counts->jobs[i] = y->counts[i];
	counts->slots = y->limits.slots;
	counts->slots_used = (int)y->active_count;
	counts->devices = y->limits.devices;
	counts->devices_used = __builtin_popcountll(devices_used(y));
}

/* The first of the queue that this machine can run at all: everybody behind it waits for it. */
static const struct job *first_in_line(const struct yard *y)
{
	for (size_t position = 1;; position++) {
		const struct job *j = queue_at(&y->queue, position);
		if (!j || yard_devices_wanted(y, j) <= y->limits.devices)
			return j;
	}
}

static void queued_reason(const struct yard *y, const struct job *j, char *text, size_t text_bytes)
{
	int position = yard_position(y, j);
	int wanted = yard_devices_wanted(y, j);
	struct yard_counts c;
	yard_count(y, &c);
	int unused = c.devices - c.devices_used > 0 ? c.devices - c.devices_used : 0;
	const struct job *first = first_in_line(y);
	if (wanted > c.devices)
		snprintf(text, text_bytes, "needs %d GPUs, this machine has %d", wanted, c.devices);
	else if (!y->open)
		snprintf(text, text_bytes,
			"waits until the server has settled what it found, position %d", position);
	else if (c.slots_used >= c.slots)
		snprintf(text, text_bytes, "waits for a free slot: %d of %d in use, position %d",
			c.slots_used, c.slots, position);
	else if (first == j)
		snprintf(text, text_bytes, "needs %d GPU%s, %d free, position %d", wanted,
			wanted == 1 ? "" : "s", unused, position);
	else
		snprintf(text, text_bytes,
			"waits behind job %s, which needs %d GPU%s, %d free, position %d",
			first->id, yard_devices_wanted(y, first),
			yard_devices_wanted(y, first) == 1 ? "" : "s", unused, position);
}

bool yard_waiting_reason(const struct yard *y, const struct job *j, char *text, size_t text_bytes)
{
	static const char *const paused[PAUSE_KIND_COUNT] = {
		[PAUSE_NONE] = "paused",
		[PAUSE_HELD] = "held: resume it to queue it",
		[PAUSE_CHECKPOINT] = "paused at a checkpoint: resume it to queue it",
		[PAUSE_FROZEN] = "frozen, its memory still held: resume it to go on",
	};
	if (j->state == JOB_QUEUED)
		queued_reason(y, j, text, text_bytes);
	else if (j->state == JOB_PENDING)
		snprintf(text, text_bytes, "its command is being started");
	else if (j->state == JOB_PAUSED)
		snprintf(text, text_bytes, "%s", paused[j->pause]);
	else
		text[0] = '\0';
	return text[0] != '\0';
}
