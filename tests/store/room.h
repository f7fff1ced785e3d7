/* tests/store/room.h -- what the tests of the stores share: a store to test, and sample things. */
#ifndef TESTS_STORE_ROOM_H
#define TESTS_STORE_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"

struct room {
	char directory[64]; /* of the test, removed at its end */
	struct store *store;
};

/* Per test: a fresh room; the store is left to the test. */
int room_setup(void **state);
int room_teardown(void **state);
/* The same with the store open. Which store is set once by the program. */
int room_setup_open(void **state);
extern bool room_uses_memory;

/* DIRECTORY/NAME, in a static buffer. */
const char *room_path(const struct room *room, const char *name);

/* A queued job of owner "ana". */
struct job_record sample_job(const char *id, uint64_t arrival);

/* A store call that must work: prints its error otherwise. */
#define MUST(call)                                                              \
	do {                                                                    \
		struct err e = { 0 };                                           \
		if ((call) < 0)                                                 \
			fail_msg("%s: %s: %s", #call, err_word(e.kind), e.text); \
	} while (0)

/* A store call that must fail in this way. */
#define MUST_FAIL(wanted, call)                                  \
	do {                                                     \
		struct err e = { 0 };                            \
		assert_int_equal((call), -1);                    \
		assert_string_equal(err_word(e.kind), err_word(wanted)); \
		assert_true(strlen(e.text) > 0);                 \
	} while (0)

/* One write in a transaction of its own. */
#define MUST_COMMIT(s, call)                    \
	do {                                    \
		MUST(store_begin((s), &e));     \
		MUST(call);                     \
		MUST(store_commit((s), &e));    \
	} while (0)

extern const struct CMUnitTest job_facts[], point_facts[], note_facts[];
extern const size_t job_fact_count, point_fact_count, note_fact_count;

#define FACT(name) cmocka_unit_test_setup_teardown(name, room_setup_open, room_teardown)

#endif
