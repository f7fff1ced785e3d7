/* tests/sim/agenda.c -- what is to happen, earliest first. */
#include <assert.h>

#include "sim/sim.h"

static bool before(const struct sim_entry *a, const struct sim_entry *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void agenda_put(struct sim *s, struct sim_entry entry)
{
	assert(s->agenda_count < SIM_AGENDA_MAX);
	entry.order = s->agenda_order++;
	int at = s->agenda_count++;
	while (at > 0 && before(&entry, &s->agenda[(at - 1) / 2])) {
		s->agenda[at] = s->agenda[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	s->agenda[at] = entry;
}

struct sim_entry agenda_take(struct sim *s)
{
	assert(s->agenda_count > 0);
	struct sim_entry first = s->agenda[0];
	struct sim_entry last = s->agenda[--s->agenda_count];
	int at = 0;
	for (;;) {
		int child = 2 * at + 1;
		if (child >= s->agenda_count)
			break;
		if (child + 1 < s->agenda_count && before(&s->agenda[child + 1], &s->agenda[child]))
			child++;
		if (!before(&s->agenda[child], &last))
			break;
		s->agenda[at] = s->agenda[child];
		at = child;
	}
	s->agenda[at] = last;
	return first;
}
