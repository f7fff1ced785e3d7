/* tests/store/test_full.c -- a store on a small file system that really is full.
 *
 * It is mounted in a mount namespace of this process alone (and a user namespace, when not root),
 * so that nobody else sees it and nothing has to be unmounted. */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"

static bool write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* False where the kernel or a container forbids it. */
static bool have_private_mounts(void)
{
	char map[64];
	snprintf(map, sizeof(map), "0 %d 1", (int)geteuid());
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return false;
		write_text("/proc/self/setgroups", "deny");
		if (!write_text("/proc/self/uid_map", map))
			return false;
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", "/mnt", "tmpfs", 0, "size=16m") == 0;
}

static bool mounts_work;

static int full_setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	struct err e = { 0 };
	*state = room;
	if (!mounts_work)
		return 0;
	/* A tmpfs below the one that showed that mounting works: each test has its own. */
	snprintf(room->directory, sizeof(room->directory), "/mnt/full");
	if ((mkdir(room->directory, 0700) < 0 && errno != EEXIST) ||
		mount("none", room->directory, "tmpfs", 0, "size=8m") < 0)
		return -1;
	room->store = store_open_sqlite(room->directory, &e);
	if (!room->store)
		print_error("%s\n", e.text);
	return room->store ? 0 : -1;
}

static int full_teardown(void **state)
{
	struct room *room = *state;
	store_close(room->store);
	if (mounts_work)
		umount2(room->directory, MNT_DETACH);
	free(room);
	return 0;
}

/* Takes every free byte of the file system. */
static void fill(const struct room *room, const char *name)
{
	char block[4096];
	memset(block, 'x', sizeof(block));
	AUTO_CLOSE int fd = open(room_path(room, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
}

static void make_job(struct room *room, const char *id)
{
	struct job_record r = sample_job(id, store_arrival_next(room->store));
	MUST_COMMIT(room->store, store_job_insert(room->store, &r, &e));
}

/* Writes events until the disk refuses one; how many transactions went through. */
static int write_until_full(struct store *s)
{
	char text[3000];
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int written = 0; written < 100000; written++) {
		struct store_event event = { .kind = "filler", .why = text };
		struct err why = { 0 };
		MUST(store_begin(s, &e));
		int result = store_event_append(s, &event, &why);
		assert_int_equal(store_transaction_is_lost(s), result < 0);
		if (result == 0 && store_commit(s, &why) == 0)
			continue;
		store_rollback(s);
		assert_string_equal(err_word(why.kind), "disk_full");
		return written;
	}
	fail_msg("the disk never became full");
	return 0;
}

static enum job_state state_of(struct store *s, const char *id)
{
	struct arena a = { 0 };
	struct job_record *r;
	MUST(store_job_get(s, id, &a, &r, &e));
	enum job_state state = r->job.state;
	arena_finish(&a);
	return state;
}

static int64_t event_count(struct store *s)
{
	struct arena a = { 0 };
	struct store_event *events;
	size_t count;
	MUST(store_events(s, NULL, 0, INT64_MAX, &a, &events, &count, &e));
	arena_finish(&a);
	return (int64_t)count;
}

static void a_full_disk_is_told_and_reads_go_on(void **state)
{
	struct room *room = *state;
	if (!mounts_work)
		skip();
	struct store *s = room->store;
	make_job(room, "one");
	fill(room, "filler");
	int written = write_until_full(s);
	assert_true(store_disk_is_full(s));
	assert_int_equal(state_of(s, "one"), JOB_QUEUED);
	assert_int_equal(event_count(s), written);
	/* Twice: the reserve is gone, and another program took what it left. */
	fill(room, "filler");
	written += write_until_full(s);
	assert_int_equal(event_count(s), written);
}

static void the_reserve_holds_the_end_of_a_job_but_no_new_jobs(void **state)
{
	struct room *room = *state;
	if (!mounts_work)
		skip();
	struct store *s = room->store;
	make_job(room, "one");
	fill(room, "filler");
	write_until_full(s);
	struct job_record new = sample_job("new", 99);
	struct point p = { "loss", 1, 1, 1 };
	struct job_record ended = sample_job("one", 1);
	ended.job.state = JOB_COMPLETED;
	MUST(store_begin(s, &e));
	MUST_FAIL(ERR_DISK_FULL, store_job_insert(s, &new, &e));
	MUST_FAIL(ERR_DISK_FULL, store_points_put(s, "one", &p, 1, &e));
	assert_false(store_transaction_is_lost(s));
	MUST(store_job_update(s, &ended.job, &e));
	MUST(store_commit(s, &e));
	assert_int_equal(state_of(s, "one"), JOB_COMPLETED);
	assert_true(store_disk_is_full(s));
}

static void freed_room_is_noticed_without_opening_again(void **state)
{
	struct room *room = *state;
	if (!mounts_work)
		skip();
	struct store *s = room->store;
	make_job(room, "one");
	for (int round = 0; round < 3; round++) {
		fill(room, "filler");
		write_until_full(s);
		fill(room, "filler-2");
		write_until_full(s);
		assert_true(store_disk_is_full(s));
		assert_int_equal(unlink(room_path(room, "filler")), 0);
		assert_int_equal(unlink(room_path(room, "filler-2")), 0);
		char id[16];
		snprintf(id, sizeof(id), "after-%d", round);
		make_job(room, id);
		assert_false(store_disk_is_full(s));
		assert_int_equal(state_of(s, id), JOB_QUEUED);
	}
}

static void what_was_acknowledged_on_a_full_disk_is_there_after_a_restart(void **state)
{
	struct room *room = *state;
	if (!mounts_work)
		skip();
	struct err e = { 0 };
	make_job(room, "one");
	fill(room, "filler");
	int written = write_until_full(room->store);
	store_close(room->store);
	room->store = store_open_sqlite(room->directory, &e);
	if (!room->store)
		fail_msg("%s", e.text);
	assert_int_equal(event_count(room->store), written);
	assert_int_equal(state_of(room->store, "one"), JOB_QUEUED);
}

#define FULL_FACT(name) cmocka_unit_test_setup_teardown(name, full_setup, full_teardown)

int main(void)
{
	const struct CMUnitTest facts[] = {
		FULL_FACT(a_full_disk_is_told_and_reads_go_on),
		FULL_FACT(the_reserve_holds_the_end_of_a_job_but_no_new_jobs),
		FULL_FACT(freed_room_is_noticed_without_opening_again),
		FULL_FACT(what_was_acknowledged_on_a_full_disk_is_there_after_a_restart),
	};
	mounts_work = have_private_mounts();
	return cmocka_run_group_tests_name("full", facts, NULL, NULL);
}
