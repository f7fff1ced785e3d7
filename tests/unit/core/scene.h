/* tests/unit/core/scene.h -- a yard with its clock and the commands of its last step. */
#ifndef TESTS_UNIT_CORE_SCENE_H
#define TESTS_UNIT_CORE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/yard.h"

struct scene {
	struct yard *yard;
	struct moment now;
	struct commands out; /* of the last step only */
	struct err e;
	uint64_t arrivals;
};

/* An open, empty yard of these slots and devices, 100 jobs at most, boot 1,000 s. */
void scene_start(struct scene *s, int slots, int devices);
void scene_start_closed(struct scene *s, int slots, int devices); /* the same before OPEN */
void scene_end(struct scene *s);
void scene_later(struct scene *s, int64_t ms); /* both clocks go on; no TICK */

/* One step; commands of earlier steps are gone. */
int step(struct scene *s, struct event ev);
int submit(struct scene *s, const char *id);
int submit_as(struct scene *s, const char *id, int priority, int gpus);
int cancel(struct scene *s, const char *id, int64_t grace_ms);
void started(struct scene *s, const char *id, uint32_t attempt);
void exited(struct scene *s, const char *id, uint32_t attempt, int code, int signal_number);
void gone(struct scene *s, const char *id, uint32_t attempt, enum attempt_gone how);
void tick(struct scene *s);
int load(struct scene *s, const struct job *j);

/* A row as a store would give it: live ones are at attempt 1. */
struct job row(struct scene *s, const char *id, enum job_state state);

/* The only command of that kind in the last step; fails when there is none or another. */
const struct command *the(struct scene *s, enum command_kind kind);
int count_of(struct scene *s, enum command_kind kind);
/* The state of a job that the yard holds; fails when it holds none. */
const struct job *held(struct scene *s, const char *id);
/* The last UPDATE of the last step. */
const struct command *last_update(struct scene *s);

#endif
