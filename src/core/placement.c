/* core/placement.c -- who starts next, and on which devices. */
#include "core/inside.h"

static uint64_t all_devices(const struct yard *y)
{
	return y->limits.devices == 64 ? UINT64_MAX : (UINT64_C(1) << y->limits.devices) - 1;
}

uint64_t devices_used(const struct yard *y)
{
	uint64_t used = 0;
	for (size_t i = 0; i < y->active_count; i++)
		used |= y->active[i]->job.devices;
	return used;
}

int yard_devices_wanted(const struct yard *y, const struct job *j)
{
	if (j->gpus >= 0)
		return j->gpus;
	return y->limits.devices > 0 ? 1 : 0;
}

static uint64_t lowest(uint64_t bits, int count)
{
	uint64_t taken = 0;
	for (; count > 0; count--) {
		uint64_t bit = bits & -bits;
		taken |= bit;
		bits &= ~bit;
	}
	return taken;
}

static void start(struct step *s, struct place *p, uint64_t devices)
{
	p->job.attempt++;
	p->job.devices = devices;
	p->job.pending_wall_ms = s->now.wall_ms;
	p->due_boot_ms = boot_after(s->now, s->yard->limits.pending_limit_ms);
	place_become(s, p, JOB_PENDING, "", "a slot is free");
	command_add(s->out, CMD_START, &p->job);
}

void placement_run(struct step *s)
{
	struct yard *y = s->yard;
	if (!y->open || y->queue.count == 0 || (int)y->active_count >= y->limits.slots)
		return;
	uint64_t unused = all_devices(y) & ~devices_used(y);
	size_t position = 1;
	struct job *j;
	while ((int)y->active_count < y->limits.slots && (j = queue_at(&y->queue, position))) {
		int wanted = yard_devices_wanted(y, j);
		if (wanted > y->limits.devices) {
			position++; /* this machine can never run it: no reason to wait */
			continue;
		}
		if (wanted > __builtin_popcountll(unused))
			break; /* nobody passes the first that can run: no starvation */
		uint64_t taken = lowest(unused, wanted);
		unused &= ~taken;
		start(s, (struct place *)j, taken);
	}
}
