/* tests/store/facts_points.c -- what every store does with points and with offsets of files. */
#include <math.h>

#include "store/room.h"

static void make_job(struct store *s, const char *id)
{
	struct job_record r = sample_job(id, store_arrival_next(s));
	MUST_COMMIT(s, store_job_insert(s, &r, &e));
}

static void put(struct store *s, const char *id, const struct point *points, size_t n)
{
	MUST_COMMIT(s, store_points_put(s, id, points, n, &e));
}

struct answer {
	struct arena a;
	struct point *points;
	size_t count;
};

static struct answer ask(struct store *s, const char *id, const char *keys, int64_t from_step,
	int64_t to_step, int64_t limit)
{
	struct answer answer = { 0 };
	struct point_query q = { keys, from_step, to_step, limit };
	MUST(store_points_get(s, id, &q, &answer.a, &answer.points, &answer.count, &e));
	return answer;
}

static void points_come_by_step_then_key(void **state)
{
	struct room *room = *state;
	const struct point in[] = { { "z", 2, 1.5, 20 }, { "loss", 2, 0.5, 21 },
		{ "loss", 1, 0.75, 10 }, { "loss", -3, 9, 5 } };
	make_job(room->store, "j");
	make_job(room->store, "other");
	put(room->store, "j", in, 4);
	put(room->store, "other", in, 1);
	struct answer got = ask(room->store, "j", NULL, INT64_MIN, INT64_MAX, 100);
	assert_int_equal(got.count, 4);
	assert_int_equal(got.points[0].step, -3);
	assert_int_equal(got.points[1].step, 1);
	assert_true(got.points[1].value == 0.75);
	assert_int_equal(got.points[1].at_wall_ms, 10);
	assert_string_equal(got.points[2].key, "loss");
	assert_string_equal(got.points[3].key, "z");
	arena_finish(&got.a);
}

static void a_later_point_of_the_same_step_replaces(void **state)
{
	struct room *room = *state;
	const struct point in[] = { { "loss", 1, 1, 1 }, { "loss", 1, 2, 2 } };
	const struct point later = { "loss", 1, 3, 3 };
	make_job(room->store, "j");
	put(room->store, "j", in, 2);
	struct answer got = ask(room->store, "j", NULL, 0, 10, 100);
	assert_int_equal(got.count, 1);
	assert_true(got.points[0].value == 2);
	arena_finish(&got.a);
	put(room->store, "j", &later, 1);
	got = ask(room->store, "j", NULL, 0, 10, 100);
	assert_int_equal(got.count, 1);
	assert_true(got.points[0].value == 3);
	assert_int_equal(got.points[0].at_wall_ms, 3);
	arena_finish(&got.a);
}

static void not_a_number_and_infinities_are_kept(void **state)
{
	struct room *room = *state;
	const struct point in[] = { { "loss", 1, (double)NAN, 1 },
		{ "loss", 2, (double)INFINITY, 1 }, { "loss", 3, -(double)INFINITY, 1 },
		{ "loss", 4, 5e-324, 1 }, { "loss", INT64_MAX, -0.0, 1 } };
	make_job(room->store, "j");
	put(room->store, "j", in, 5);
	struct answer got = ask(room->store, "j", "loss", 0, INT64_MAX, 100);
	assert_int_equal(got.count, 5);
	assert_true(isnan(got.points[0].value));
	assert_true(isinf(got.points[1].value) && got.points[1].value > 0);
	assert_true(isinf(got.points[2].value) && got.points[2].value < 0);
	assert_true(got.points[3].value == 5e-324);
	assert_int_equal(got.points[4].step, INT64_MAX);
	assert_true(got.points[4].value == 0);
	arena_finish(&got.a);
}

static void put_series(struct store *s, const char *id, const char *const *keys, int key_count,
	int64_t steps)
{
	MUST(store_begin(s, &e));
	for (int64_t step = 0; step < steps; step++) {
		for (int k = 0; k < key_count; k++) {
			struct point p = { keys[k], step, (double)(step * 10 + k), step };
			MUST(store_points_put(s, id, &p, 1, &e));
		}
	}
	MUST(store_commit(s, &e));
}

static void keys_steps_and_limit_choose_points(void **state)
{
	struct room *room = *state;
	static const char *const keys[] = { "a", "b", "a/b", "c" };
	make_job(room->store, "j");
	put_series(room->store, "j", keys, 4, 1000);
	struct answer got = ask(room->store, "j", "a, c", 10, 19, 100);
	assert_int_equal(got.count, 20);
	assert_string_equal(got.points[0].key, "a");
	assert_string_equal(got.points[1].key, "c");
	assert_true(got.points[1].value == 103);
	assert_int_equal(got.points[19].step, 19);
	arena_finish(&got.a);
	got = ask(room->store, "j", NULL, 0, INT64_MAX, 10);
	assert_int_equal(got.count, 10);
	assert_int_equal(got.points[0].step, 997);
	assert_int_equal(got.points[9].step, 999);
	assert_string_equal(got.points[9].key, "c");
	arena_finish(&got.a);
	got = ask(room->store, "j", "nothing", 0, INT64_MAX, 10);
	assert_int_equal(got.count, 0);
	arena_finish(&got.a);
	got = ask(room->store, "ghost", NULL, 0, INT64_MAX, 10);
	assert_int_equal(got.count, 0);
	arena_finish(&got.a);
}

static void the_last_point_of_every_key_is_found(void **state)
{
	struct room *room = *state;
	static const char *const keys[] = { "loss", "acc", "lr" };
	struct arena a = { 0 };
	struct point *points;
	size_t count;
	make_job(room->store, "j");
	MUST(store_points_last(room->store, "j", &a, &points, &count, &e));
	assert_int_equal(count, 0);
	put_series(room->store, "j", keys, 3, 50);
	struct point late = { "acc", 80, 7, 1 };
	put(room->store, "j", &late, 1);
	MUST(store_points_last(room->store, "j", &a, &points, &count, &e));
	assert_int_equal(count, 3);
	assert_string_equal(points[0].key, "acc");
	assert_int_equal(points[0].step, 80);
	assert_string_equal(points[1].key, "loss");
	assert_int_equal(points[1].step, 49);
	assert_true(points[2].value == 492);
	arena_finish(&a);
}

static void offsets_are_written_with_the_points(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct store_offset at = { 9, 9, 9 };
	make_job(s, "j");
	MUST(store_offset_get(s, "j", "metrics", &at, &e));
	assert_int_equal(at.offset_bytes, 0);
	assert_int_equal(at.inode, 0);
	struct point p = { "loss", 1, 1, 1 };
	for (int round = 0; round < 2; round++) {
		struct store_offset next = { 100 + round, UINT64_MAX, 2 };
		MUST(store_begin(s, &e));
		MUST(store_points_put(s, "j", &p, 1, &e));
		MUST(store_offset_put(s, "j", "metrics", &next, &e));
		if (round == 0)
			MUST(store_commit(s, &e));
		else
			store_rollback(s);
	}
	MUST(store_offset_get(s, "j", "metrics", &at, &e));
	assert_int_equal(at.offset_bytes, 100);
	assert_true(at.inode == UINT64_MAX);
	assert_int_equal(at.epoch, 2);
	MUST(store_offset_get(s, "j", "log", &at, &e));
	assert_int_equal(at.offset_bytes, 0);
}

const struct CMUnitTest point_facts[] = {
	FACT(points_come_by_step_then_key),
	FACT(a_later_point_of_the_same_step_replaces),
	FACT(not_a_number_and_infinities_are_kept),
	FACT(keys_steps_and_limit_choose_points),
	FACT(the_last_point_of_every_key_is_found),
	FACT(offsets_are_written_with_the_points),
};
const size_t point_fact_count = sizeof(point_facts) / sizeof(point_facts[0]);
