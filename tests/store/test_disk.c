/* tests/store/test_disk.c -- what only a store on disk does: open, refuse, survive, migrate. */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "store/directory.h"
#include "store/migrate.h"

static struct store *open_again(struct room *room)
{
	struct err e = { 0 };
	store_close(room->store);
	room->store = store_open_sqlite(room->directory, &e);
	if (!room->store)
		fail_msg("%s", e.text);
	return room->store;
}

static void assert_refused(const char *directory, enum err_kind kind, const char *words)
{
	struct err e = { 0 };
	assert_null(store_open_sqlite(directory, &e));
	assert_string_equal(err_word(e.kind), err_word(kind));
	if (!strstr(e.text, words))
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

/* The database of the room, opened past the store. */
static sqlite3 *open_raw(const struct room *room)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(room_path(room, "trainyard.db"), &db), SQLITE_OK);
	return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static void insert(struct store *s, const char *id, uint64_t arrival)
{
	struct job_record r = sample_job(id, arrival);
	MUST_COMMIT(s, store_job_insert(s, &r, &e));
}

static bool has_job(struct store *s, const char *id)
{
	struct arena a = { 0 };
	struct job_record *r;
	bool found = store_job_get(s, id, &a, &r, NULL) == 0;
	arena_finish(&a);
	return found;
}

static int64_t total(struct store *s, unsigned states)
{
	struct arena a = { 0 };
	struct job_page page;
	struct job_query q = { .states = states, .limit = 1 };
	MUST(store_job_list(s, &q, &a, &page, &e));
	arena_finish(&a);
	return page.total;
}

static void opening_again_finds_everything_that_was_committed(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct point p = { "loss", 3, 0.5, 1 }, *points;
	struct store_offset at = { 10, 20, 1 };
	struct store_event event = { .job_id = "one", .kind = "state" }, *events;
	size_t count;
	insert(s, "one", 41);
	MUST(store_begin(s, &e));
	MUST(store_points_put(s, "one", &p, 1, &e));
	MUST(store_offset_put(s, "one", "metrics", &at, &e));
	MUST(store_event_append(s, &event, &e));
	MUST(store_commit(s, &e));
	MUST(store_begin(s, &e));
	struct job_record lost = sample_job("lost", 42);
	MUST(store_job_insert(s, &lost, &e));
	s = open_again(room);
	assert_true(has_job(s, "one"));
	assert_false(has_job(s, "lost"));
	assert_int_equal(store_arrival_next(s), 42);
	assert_int_equal(total(s, 0), 1);
	assert_int_equal(total(s, TO(QUEUED)), 1);
	MUST(store_points_last(s, "one", &a, &points, &count, &e));
	assert_int_equal(count, 1);
	assert_true(points[0].value == 0.5);
	MUST(store_offset_get(s, "one", "metrics", &at, &e));
	assert_int_equal(at.offset_bytes, 10);
	MUST(store_events(s, "one", 0, 10, &a, &events, &count, &e));
	assert_int_equal(count, 1);
	arena_finish(&a);
}

static void a_second_server_is_refused_and_told_who_is_there(void **state)
{
	struct room *room = *state;
	char words[64];
	snprintf(words, sizeof(words), "another trainyard server (pid %d) uses", (int)getpid());
	pid_t child = fork();
	if (child == 0) {
		struct err e = { 0 };
		bool refused = !store_open_sqlite(room->directory, &e) && e.kind == ERR_CONFLICT &&
			strstr(e.text, words);
		_exit(refused ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	insert(room->store, "still-mine", 1);
}

/* The child acknowledges each commit through the pipe, then dies inside a transaction. */
static void crash_in_a_transaction(const char *directory, int acknowledge)
{
	struct store *s = store_open_sqlite(directory, NULL);
	for (int i = 1; s && i <= 20; i++) {
		char id[16];
		snprintf(id, sizeof(id), "job-%d", i);
		struct job_record r = sample_job(id, (uint64_t)i);
		store_begin(s, NULL);
		store_job_insert(s, &r, NULL);
		if (i == 20)
			break;
		if (store_commit(s, NULL) < 0 || write(acknowledge, &i, sizeof(i)) < 0)
			break;
	}
	kill(getpid(), SIGKILL);
}

static void a_killed_server_loses_nothing_that_it_acknowledged(void **state)
{
	struct room *room = *state;
	int ends[2], acknowledged = 0, status;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0)
		crash_in_a_transaction(room->directory, ends[1]);
	close(ends[1]);
	for (int i; read(ends[0], &i, sizeof(i)) == sizeof(i);)
		acknowledged = i;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(acknowledged, 19);
	struct store *s = open_again(room);
	assert_int_equal(total(s, 0), 19);
	assert_true(has_job(s, "job-19"));
	assert_false(has_job(s, "job-20"));
}

static void copy_file(const struct room *from, const struct room *to, const char *name)
{
	struct buf bytes = { 0 };
	MUST(io_read_file(room_path(from, name), 1 << 26, &bytes, &e));
	MUST(io_write_file(room_path(to, name), bytes.bytes, bytes.length_bytes, 0600, &e));
	buf_finish(&bytes);
}

/* What a machine that loses its power leaves: the files as they are on disk at that moment. */
static void files_copied_in_a_transaction_hold_what_was_committed(void **state)
{
	struct room *room = *state;
	void *other_state;
	insert(room->store, "committed", 1);
	MUST(store_begin(room->store, &e));
	for (int i = 0; i < 3000; i++) {
		char id[16];
		snprintf(id, sizeof(id), "open-%d", i);
		struct job_record r = sample_job(id, (uint64_t)i + 2);
		MUST(store_job_insert(room->store, &r, &e));
	}
	assert_int_equal(room_setup(&other_state), 0);
	struct room *other = other_state;
	copy_file(room, other, "trainyard.db");
	copy_file(room, other, "trainyard.db-wal");
	struct store *s = open_again(other);
	assert_true(has_job(s, "committed"));
	assert_int_equal(total(s, 0), 1);
	room_teardown(&other_state);
}

static void the_database_is_for_its_owner_only(void **state)
{
	struct room *room = *state;
	static const char *const names[] = { "trainyard.db", "trainyard.db-wal", "lock" };
	insert(room->store, "one", 1);
	for (size_t i = 0; i < 3; i++) {
		struct stat at;
		assert_int_equal(stat(room_path(room, names[i]), &at), 0);
		assert_int_equal(at.st_mode & 0777, 0600);
	}
}

static void a_directory_is_made_with_its_parents(void **state)
{
	struct room *room = *state;
	struct err e = { 0 };
	char path[128];
	snprintf(path, sizeof(path), "%s/a/b/c", room->directory);
	room->store = store_open_sqlite(path, &e);
	assert_non_null(room->store);
	struct stat at;
	assert_int_equal(stat(path, &at), 0);
	assert_int_equal(at.st_mode & 0777, 0700);
}

static void a_directory_that_is_a_file_is_refused(void **state)
{
	struct room *room = *state;
	MUST(io_write_file(room_path(room, "file"), "x", 1, 0600, &e));
	assert_refused(room_path(room, "file"), ERR_IO, "file");
}

static void network_file_systems_are_known_by_number(void **state)
{
	assert_string_equal(network_file_system_name(0x6969), "NFS");
	assert_string_equal(network_file_system_name(0xffffffffff534d42), "CIFS");
	assert_string_equal(network_file_system_name(0x01021997), "9P");
	assert_null(network_file_system_name(0xef53));
	assert_null(network_file_system_name(0x01021994));
}

static void a_newer_database_is_refused_in_words(void **state)
{
	struct room *room = *state;
	store_close(room->store);
	room->store = NULL;
	sqlite3 *db = open_raw(room);
	sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_refused(room->directory, ERR_UNSUPPORTED, "written by a newer trainyard");
}

static void a_database_of_another_program_is_refused(void **state)
{
	struct room *room = *state;
	sqlite3 *db = open_raw(room);
	sqlite3_exec(db, "CREATE TABLE songs (title)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_refused(room->directory, ERR_UNSUPPORTED, "another program");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct room *room = *state;
	char text[4096];
	memset(text, 'x', sizeof(text));
	MUST(io_write_file(room_path(room, "trainyard.db"), text, sizeof(text), 0600, &e));
	assert_refused(room->directory, ERR_IO, "not a database");
}

static void states_are_checked_by_the_database_too(void **state)
{
	struct room *room = *state;
	insert(room->store, "one", 1);
	sqlite3 *db = open_raw(room);
	static const char set[] = "UPDATE local_training_jobs SET status = '%s' WHERE id = 'one'";
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		char *sql = sqlite3_mprintf(set, job_state_name((enum job_state)i));
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_free(sql);
	}
	char *sql = sqlite3_mprintf(set, "sleeping");
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_free(sql);
	sqlite3_close(db);
}

static void events_are_append_only_for_everybody(void **state)
{
	struct room *room = *state;
	struct store_event event = { .kind = "state" };
	MUST_COMMIT(room->store, store_event_append(room->store, &event, &e));
	sqlite3 *db = open_raw(room);
	assert_int_equal(sqlite3_exec(db, "UPDATE events SET why = 'x'", NULL, NULL, NULL),
		SQLITE_CONSTRAINT);
	assert_string_equal(sqlite3_errmsg(db), "events are append-only");
	assert_int_equal(sqlite3_exec(db, "DELETE FROM events", NULL, NULL, NULL),
		SQLITE_CONSTRAINT);
	assert_int_equal(number_of(db, "SELECT count(*) FROM events"), 1);
	sqlite3_close(db);
}

static void points_are_seen_through_the_wide_view(void **state)
{
	struct room *room = *state;
	const struct point points[] = { { "loss", 1, 0.5, 1 }, { "eval_loss", 1, 7, 1 },
		{ "loss", 2, 0.25, 2 } };
	insert(room->store, "one", 1);
	MUST_COMMIT(room->store, store_points_put(room->store, "one", points, 3, &e));
	sqlite3 *db = open_raw(room);
	assert_int_equal(number_of(db, "SELECT count(*) FROM local_training_metrics"), 2);
	assert_int_equal(number_of(db,
				 "SELECT eval_loss FROM local_training_metrics "
				 "WHERE job_id = 'one' AND train_loss = 0.5"),
		7);
	sqlite3_close(db);
}

static void the_log_is_moved_into_the_database_again_and_again(void **state)
{
	struct room *room = *state;
	struct point points[500];
	insert(room->store, "one", 1);
	for (int round = 0; round < 600; round++) {
		for (int i = 0; i < 500; i++)
			points[i] = (struct point){ "loss", round * 500 + i, 1.0 / (i + 1), i };
		MUST_COMMIT(room->store, store_points_put(room->store, "one", points, 500, &e));
	}
	struct stat log, db;
	assert_int_equal(stat(room_path(room, "trainyard.db-wal"), &log), 0);
	assert_int_equal(stat(room_path(room, "trainyard.db"), &db), 0);
	assert_true(db.st_size > 4000000);
	assert_true(db.st_size < 12000000);
	assert_true(log.st_size < 6000000);
}

/* The arrivals of all that match, found by walking the pages. */
static size_t walk_pages(struct store *s, struct job_query q, uint64_t *arrivals)
{
	struct arena a = { 0 };
	struct job_page page;
	size_t count = 0;
	q.limit = 1000;
	do {
		MUST(store_job_list(s, &q, &a, &page, &e));
		for (int i = 0; i < page.count; i++)
			arrivals[count++] = page.jobs[i].job.arrival;
		q.before_arrival = page.next_before;
		arena_clear(&a);
	} while (q.before_arrival);
	arena_finish(&a);
	return count;
}

static void assert_offsets(struct store *s)
{
	static const struct job_query queries[] = { { .owner = NULL }, { .owner = "bo" },
		{ .owner = "ana", .states = JOB_SET_TERMINAL }, { .states = TO(PAUSED) } };
	static uint64_t arrivals[20000];
	struct arena a = { 0 };
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct job_query q = queries[i];
		size_t count = walk_pages(s, q, arrivals);
		q.limit = 1;
		for (q.offset = 0; q.offset < (int64_t)count; q.offset += 397) {
			struct job_page page;
			MUST(store_job_list(s, &q, &a, &page, &e));
			assert_int_equal(page.total, count);
			assert_int_equal(page.jobs[0].job.arrival, arrivals[q.offset]);
		}
	}
	arena_finish(&a);
}

static void offsets_far_down_the_list_find_the_right_page(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct job_record r;
	MUST(store_begin(s, &e));
	for (uint64_t i = 1; i <= 12000; i++) {
		char id[16];
		snprintf(id, sizeof(id), "job-%d", (int)i);
		r = sample_job(id, 2 * i);
		r.job.state = (enum job_state)(i / 10 % JOB_STATE_COUNT);
		r.spec.owner = i % 5 ? "ana" : "bo";
		MUST(store_job_insert(s, &r, &e));
	}
	MUST(store_commit(s, &e));
	assert_offsets(s);
	assert_offsets(open_again(room));
	s = room->store;
	r.job.arrival = 1; /* from the newest to the oldest */
	MUST_COMMIT(s, store_job_update(s, &r.job, &e));
	assert_offsets(s);
	r = sample_job("far", 1ull << 50); /* too far to count by blocks */
	MUST_COMMIT(s, store_job_insert(s, &r, &e));
	assert_offsets(s);
}

/* The migrations of today and one more. */
static const char add_column[] = "ALTER TABLE users ADD COLUMN email TEXT";

static int migrate_to_next(const struct room *room, const char *sql, struct err *e)
{
	struct migration *list = calloc((size_t)migration_count + 1, sizeof(*list));
	memcpy(list, migrations, (size_t)migration_count * sizeof(*list));
	list[migration_count] = (struct migration){ migration_count + 1, "next", sql };
	sqlite3 *db = open_raw(room);
	int result = migrate(db, room_path(room, "trainyard.db"), list, migration_count + 1, e);
	sqlite3_close(db);
	free(list);
	return result;
}

static void an_older_database_is_copied_and_migrated(void **state)
{
	struct room *room = *state;
	insert(room->store, "one", 1);
	store_close(room->store);
	room->store = NULL;
	MUST(migrate_to_next(room, add_column, &e));
	sqlite3 *db = open_raw(room);
	assert_int_equal(number_of(db, "PRAGMA user_version"), migration_count + 1);
	assert_int_equal(number_of(db, "SELECT count(email) FROM users"), 0);
	assert_int_equal(number_of(db, "SELECT count(*) FROM local_training_jobs"), 1);
	sqlite3_close(db);
	char name[64];
	snprintf(name, sizeof(name), "trainyard.db.before-%04d", migration_count + 1);
	assert_int_equal(sqlite3_open(room_path(room, name), &db), SQLITE_OK);
	assert_int_equal(number_of(db, "PRAGMA user_version"), migration_count);
	assert_int_equal(number_of(db, "SELECT count(*) FROM local_training_jobs"), 1);
	sqlite3_close(db);
}

static void a_migration_that_fails_leaves_nothing_behind(void **state)
{
	struct room *room = *state;
	insert(room->store, "one", 1);
	store_close(room->store);
	room->store = NULL;
	MUST_FAIL(ERR_INTERNAL,
		migrate_to_next(room, "CREATE TABLE half (x); DROP TABLE nothing", &e));
	sqlite3 *db = open_raw(room);
	assert_int_equal(number_of(db, "PRAGMA user_version"), migration_count);
	assert_int_equal(number_of(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"),
		0);
	sqlite3_close(db);
	assert_true(has_job(open_again(room), "one"));
}

#define CLOSED_FACT(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)

int main(void)
{
	const struct CMUnitTest facts[] = {
		FACT(opening_again_finds_everything_that_was_committed),
		FACT(a_second_server_is_refused_and_told_who_is_there),
		CLOSED_FACT(a_killed_server_loses_nothing_that_it_acknowledged),
		FACT(files_copied_in_a_transaction_hold_what_was_committed),
		FACT(the_database_is_for_its_owner_only),
		CLOSED_FACT(a_directory_is_made_with_its_parents),
		CLOSED_FACT(a_directory_that_is_a_file_is_refused),
		CLOSED_FACT(network_file_systems_are_known_by_number),
		FACT(a_newer_database_is_refused_in_words),
		CLOSED_FACT(a_database_of_another_program_is_refused),
		CLOSED_FACT(a_file_that_is_no_database_is_refused),
		FACT(states_are_checked_by_the_database_too),
		FACT(events_are_append_only_for_everybody),
		FACT(points_are_seen_through_the_wide_view),
		FACT(the_log_is_moved_into_the_database_again_and_again),
		FACT(offsets_far_down_the_list_find_the_right_page),
		FACT(an_older_database_is_copied_and_migrated),
		FACT(a_migration_that_fails_leaves_nothing_behind),
	};
	return cmocka_run_group_tests_name("sqlite", facts, NULL, NULL);
}
