/* tests/store/test_faults.c -- a store whose disk reports errors. */
#include "store/faulty_vfs.h"
#include "store/room.h"

static int faulty_setup(void **state)
{
	faulty = (struct faulty){ .suffix = "-wal" };
	return room_setup_open(state);
}

static int faulty_setup_database(void **state)
{
	faulty = (struct faulty){ .suffix = "trainyard.db" };
	return room_setup_open(state);
}

static int faulty_teardown(void **state)
{
	faulty.call = FAULTY_NONE;
	return room_teardown(state);
}

static int try_insert(struct store *s, const char *id, struct err *e)
{
	struct job_record r = sample_job(id, store_arrival_next(s));
	if (store_begin(s, e) < 0)
		return -1;
	if (store_job_insert(s, &r, e) == 0)
		return store_commit(s, e);
	store_rollback(s);
	return -1;
}

static bool has_job(struct store *s, const char *id)
{
	struct arena a = { 0 };
	struct job_record *r;
	struct err e = { 0 };
	bool found = store_job_get(s, id, &a, &r, &e) == 0;
	if (!found)
		assert_string_equal(err_word(e.kind), "not_found");
	arena_finish(&a);
	return found;
}

static int64_t total(struct store *s)
{
	struct arena a = { 0 };
	struct job_page page;
	struct job_query q = { .limit = 1 };
	MUST(store_job_list(s, &q, &a, &page, &e));
	arena_finish(&a);
	return page.total;
}

/* Fails one kind of call on the log, heals it, and looks at both times. */
static void assert_heals(struct store *s, enum faulty_call call)
{
	MUST(try_insert(s, "before", &e));
	faulty.call = call;
	for (int i = 0; i < 3; i++) {
		MUST_FAIL(ERR_IO, try_insert(s, "meanwhile", &e));
		assert_false(store_in_transaction(s));
		assert_true(has_job(s, "before"));
		assert_false(has_job(s, "meanwhile"));
		assert_int_equal(total(s), 1);
	}
	assert_true(faulty.failed_calls >= 3);
	faulty.call = FAULTY_NONE;
	MUST(try_insert(s, "after", &e));
	assert_true(has_job(s, "before"));
	assert_true(has_job(s, "after"));
	assert_false(has_job(s, "meanwhile"));
	assert_int_equal(total(s), 2);
}

static void a_failed_sync_is_never_tried_again_on_the_same_file(void **state)
{
	struct room *room = *state;
	assert_heals(room->store, FAULTY_SYNC);
	assert_int_equal(faulty.syncs_after_failed_sync, 0);
	assert_true(faulty.opens >= 4);
}

static void a_failed_write_is_told_and_heals(void **state)
{
	struct room *room = *state;
	assert_heals(room->store, FAULTY_WRITE);
}

static void what_failed_is_not_there_after_a_restart_either(void **state)
{
	struct room *room = *state;
	assert_heals(room->store, FAULTY_SYNC);
	store_close(room->store);
	room->store = store_open_sqlite(room->directory, NULL);
	assert_non_null(room->store);
	assert_true(has_job(room->store, "after"));
	assert_false(has_job(room->store, "meanwhile"));
	assert_int_equal(total(room->store), 2);
}

static void commits_go_on_while_the_log_cannot_be_moved(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct point points[500];
	MUST(try_insert(s, "one", &e));
	faulty.call = FAULTY_SYNC;
	for (int round = 0; round < 600; round++) {
		for (int i = 0; i < 500; i++)
			points[i] = (struct point){ "loss", round * 500 + i, 1, 1 };
		MUST_COMMIT(s, store_points_put(s, "one", points, 500, &e));
	}
	assert_true(faulty.failed_calls > 0);
	assert_int_equal(faulty.syncs_after_failed_sync, 0);
	faulty.call = FAULTY_NONE;
	struct arena a = { 0 };
	struct point *last;
	size_t count;
	MUST(store_points_last(s, "one", &a, &last, &count, &e));
	assert_int_equal(last[0].step, 600 * 500 - 1);
	arena_finish(&a);
}

static void a_failed_read_is_told_and_heals(void **state)
{
	struct room *room = *state;
	struct arena a = { 0 };
	struct job_record *r;
	MUST(try_insert(room->store, "one", &e));
	store_close(room->store);
	room->store = store_open_sqlite(room->directory, NULL);
	faulty.call = FAULTY_READ;
	MUST_FAIL(ERR_IO, store_job_get(room->store, "one", &a, &r, &e));
	faulty.call = FAULTY_NONE;
	MUST(store_job_get(room->store, "one", &a, &r, &e));
	arena_finish(&a);
}

int main(void)
{
	const struct CMUnitTest facts[] = {
		cmocka_unit_test_setup_teardown(a_failed_sync_is_never_tried_again_on_the_same_file,
			faulty_setup, faulty_teardown),
		cmocka_unit_test_setup_teardown(a_failed_write_is_told_and_heals, faulty_setup,
			faulty_teardown),
		cmocka_unit_test_setup_teardown(what_failed_is_not_there_after_a_restart_either,
			faulty_setup, faulty_teardown),
		cmocka_unit_test_setup_teardown(commits_go_on_while_the_log_cannot_be_moved,
			faulty_setup_database, faulty_teardown),
		cmocka_unit_test_setup_teardown(a_failed_read_is_told_and_heals,
			faulty_setup_database, faulty_teardown),
	};
	faulty_vfs_install();
	return cmocka_run_group_tests_name("faults", facts, NULL, NULL);
}
