/* tests/unit/core/test_queue.c -- facts about the order of those who wait. */
#include "unit/core/scene.h"

#include "base/mem.h"
#include "core/queue.h"

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void assert_in_order(const struct queue *q, size_t count)
{
	assert_int_equal(q->count, count);
	for (size_t i = 1; i <= count; i++) {
		const struct job *j = queue_at(q, i);
		assert_int_equal(queue_position(q, j), i);
		if (i == 1)
			continue;
		const struct job *ahead = queue_at(q, i - 1);
		assert_true(ahead->priority > j->priority ||
			(ahead->priority == j->priority && ahead->arrival < j->arrival));
	}
	assert_null(queue_at(q, 0));
	assert_null(queue_at(q, count + 1));
}

static void positions_stay_in_order_without_gaps_whoever_comes_and_goes(void **state)
{
	enum { COUNT = 200, STEPS = 20000 };
	static struct job jobs[COUNT];
	bool in[COUNT] = { false };
	struct queue q = { 0 };
	uint32_t seed = 7;
	size_t count = 0;
	for (int i = 0; i < COUNT; i++)
		jobs[i] = (struct job){ .arrival = (uint64_t)i + 1, .priority = i % 5 - 2 };
	for (int i = 0; i < STEPS; i++) {
		uint32_t at = next_random(&seed) % COUNT;
		if (in[at])
			queue_remove(&q, &jobs[at]);
		else
			queue_add(&q, &jobs[at]);
		in[at] = !in[at];
		count += in[at] ? 1 : (size_t)-1;
		if (i % 64 == 0)
			assert_in_order(&q, count);
	}
	assert_in_order(&q, count);
	queue_finish(&q);
}

static void one_that_is_not_queued_has_no_position_and_cannot_be_removed(void **state)
{
	struct queue q = { 0 };
	struct job a = { .arrival = 1 }, b = { .arrival = 2 };
	assert_int_equal(queue_position(&q, &a), 0);
	queue_remove(&q, &a);
	queue_add(&q, &a);
	assert_int_equal(queue_position(&q, &b), 0);
	queue_remove(&q, &b);
	assert_in_order(&q, 1);
	queue_finish(&q);
	queue_finish(&q);
}

/* A stream through the queue: it must not grow with what passed. */
static void the_room_follows_the_length_and_not_the_history(void **state)
{
	enum { COUNT = 100 };
	static struct job jobs[COUNT];
	struct queue q = { 0 };
	uint64_t arrival = 0;
	for (int i = 0; i < 100000; i++) {
		struct job *j = &jobs[i % COUNT];
		if (i >= COUNT)
			queue_remove(&q, j);
		j->arrival = ++arrival;
		queue_add(&q, j);
	}
	assert_in_order(&q, COUNT);
	assert_true(q.room <= 512);
	queue_finish(&q);
}

static void a_hundred_thousand_keep_their_order(void **state)
{
	enum { COUNT = 100000 };
	struct job *jobs = mem_array(COUNT, sizeof(*jobs));
	struct queue q = { 0 };
	for (int i = 0; i < COUNT; i++) {
		jobs[i].arrival = (uint64_t)i + 1;
		jobs[i].priority = i % 1000 == 0;
		queue_add(&q, &jobs[i]);
	}
	assert_ptr_equal(queue_at(&q, 1), &jobs[0]);
	assert_ptr_equal(queue_at(&q, 100), &jobs[99000]);
	assert_ptr_equal(queue_at(&q, 101), &jobs[1]);
	assert_in_order(&q, COUNT);
	while (q.count > 0)
		queue_remove(&q, queue_at(&q, 1));
	queue_finish(&q);
	free(jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_stay_in_order_without_gaps_whoever_comes_and_goes),
		cmocka_unit_test(one_that_is_not_queued_has_no_position_and_cannot_be_removed),
		cmocka_unit_test(the_room_follows_the_length_and_not_the_history),
		cmocka_unit_test(a_hundred_thousand_keep_their_order),
	};
	return cmocka_run_group_tests_name("core/queue", tests, NULL, NULL);
}
