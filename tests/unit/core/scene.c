/* tests/unit/core/scene.c -- see scene.h. */
#include "unit/core/scene.h"

void scene_start_closed(struct scene *s, int slots, int devices)
{
	struct yard_limits limits = { .slots = slots, .devices = devices, .jobs_max = 100 };
	*s = (struct scene){ .now = { 1000000, 1700000000000 } };
	s->yard = yard_create(&limits);
}

void scene_start(struct scene *s, int slots, int devices)
{
	scene_start_closed(s, slots, devices);
	assert_int_equal(step(s, (struct event){ .kind = EV_OPEN }), 0);
	assert_int_equal(s->out.count, 0);
}

void scene_end(struct scene *s)
{
	yard_destroy(s->yard);
	commands_finish(&s->out);
}

void scene_later(struct scene *s, int64_t ms)
{
	s->now.boot_ms += ms;
	s->now.wall_ms += ms;
}

int step(struct scene *s, struct event ev)
{
	commands_clear(&s->out);
	return yard_step(s->yard, &ev, s->now, &s->out, &s->e);
}

int submit_as(struct scene *s, const char *id, int priority, int gpus)
{
	struct job j = { .arrival = ++s->arrivals,
		.priority = priority,
		.gpus = gpus,
		.grace_ms = -1,
		.created_wall_ms = s->now.wall_ms };
	str_copy_cut(j.id, sizeof(j.id), id);
	return step(s, (struct event){ .kind = EV_SUBMIT, .job = &j, .by = "ada" });
}

int submit(struct scene *s, const char *id)
{
	return submit_as(s, id, 0, 0);
}

int cancel(struct scene *s, const char *id, int64_t grace_ms)
{
	return step(s,
		(struct event){ .kind = EV_CANCEL,
			.id = id,
			.by = "eve",
			.text = "enough",
			.grace_ms = grace_ms });
}

void started(struct scene *s, const char *id, uint32_t attempt)
{
	assert_int_equal(step(s,
				 (struct event){ .kind = EV_STARTED,
					 .id = id,
					 .attempt = attempt,
					 .started_wall_ms = s->now.wall_ms }),
		0);
}

void exited(struct scene *s, const char *id, uint32_t attempt, int code, int signal_number)
{
	assert_int_equal(step(s,
				 (struct event){ .kind = EV_EXITED,
					 .id = id,
					 .attempt = attempt,
					 .exit_code = code,
					 .exit_signal = signal_number,
					 .ended_wall_ms = s->now.wall_ms }),
		0);
}

void gone(struct scene *s, const char *id, uint32_t attempt, enum attempt_gone how)
{
	assert_int_equal(step(s,
				 (struct event){ .kind = EV_GONE,
					 .id = id,
					 .attempt = attempt,
					 .gone = how }),
		0);
}

void tick(struct scene *s)
{
	assert_int_equal(step(s, (struct event){ .kind = EV_TICK }), 0);
}

int load(struct scene *s, const struct job *j)
{
	return step(s, (struct event){ .kind = EV_LOAD, .job = j });
}

struct job row(struct scene *s, const char *id, enum job_state state)
{
	bool live = state == JOB_PENDING || state == JOB_RUNNING;
	struct job j = { .state = state,
		.arrival = ++s->arrivals,
		.attempt = live,
		.grace_ms = 10000,
		.end.exit_code = -1 };
	str_copy_cut(j.id, sizeof(j.id), id);
	return j;
}

int count_of(struct scene *s, enum command_kind kind)
{
	int n = 0;
	for (size_t i = 0; i < s->out.count; i++)
		n += s->out.list[i].kind == kind;
	return n;
}

const struct command *the(struct scene *s, enum command_kind kind)
{
	const struct command *found = NULL;
	for (size_t i = 0; i < s->out.count; i++) {
		if (s->out.list[i].kind == kind)
			found = &s->out.list[i];
	}
	assert_int_equal(count_of(s, kind), 1);
	return found;
}

const struct command *last_update(struct scene *s)
{
	const struct command *found = NULL;
	for (size_t i = 0; i < s->out.count; i++) {
		if (s->out.list[i].kind == CMD_UPDATE)
			found = &s->out.list[i];
	}
	assert_non_null(found);
	return found;
}

const struct job *held(struct scene *s, const char *id)
{
	const struct job *j = yard_find(s->yard, id);
	assert_non_null(j);
	return j;
}
