/* runner/members.h -- the tree of an attempt, found without being its parent. For heirs only.
 *
 * A process belongs when the attempt's nonce is in its environment, when it is in the attempt's
 * cgroup or session, or when its parent belongs. No name is ever looked at. */
#ifndef RUNNER_MEMBERS_H
#define RUNNER_MEMBERS_H

#include "runner/runner.h"

struct members {
	struct process *items; /* those that live: zombies hold nothing and need no signal */
	size_t count, room;
};

void members_find(const struct runner *r, struct members *found);
void members_finish(struct members *m);
bool members_has(const struct members *m, const struct process *p);

/* By pidfd, with the start time checked while it is open: never a stranger. */
void member_signal(const struct process *p, int signal_number);

/* Stops what is too short-lived for members_find; true when it met any. */
bool members_hunt(const struct runner *r, int for_ms);

/* Freezes until two looks in a row find nobody new, then kills. What lives on shows next time. */
void members_kill(const struct runner *r);

#endif
