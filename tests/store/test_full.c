/* tests/store/test_full.c -- a store on a small file system that really is full: tmpfs | ext4.
 *
 * It is mounted in a mount namespace of this process alone (and, for tmpfs, in a user namespace
 * when not root), so that nobody else sees it. ext4 on a loop device needs root; it differs from
 * tmpfs in that room is found missing late, when delayed blocks are written. */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"

extern char **environ;

static bool on_ext4;

static bool write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* False where the kernel or a container forbids it. */
static bool have_private_mounts(void)
{
	char users[64], groups[64];
	snprintf(users, sizeof(users), "0 %d 1", (int)geteuid());
	snprintf(groups, sizeof(groups), "0 %d 1", (int)getegid());
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return false;
		write_text("/proc/self/setgroups", "deny");
		if (!write_text("/proc/self/uid_map", users) ||
			!write_text("/proc/self/gid_map", groups))
			return false;
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool run(const char *program, const char *const *arguments)
{
	pid_t child;
	int status;
	return posix_spawnp(&child, program, NULL, NULL, (char **)(uintptr_t)arguments, environ) ==
		0 &&
		waitpid(child, &status, 0) == child && status == 0;
}

/* The loop device goes away with the mount. */
static bool mount_ext4(const char *directory)
{
	char image[80];
	snprintf(image, sizeof(image), "%s.img", directory);
	AUTO_CLOSE int fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	const char *make[] = { "mkfs.ext4", "-q", "-m", "0", image, NULL };
	const char *attach[] = { "mount", "-o", "loop", image, directory, NULL };
	bool mounted = fd >= 0 && ftruncate(fd, 24 << 20) == 0 && run(make[0], make) &&
		run(attach[0], attach);
	unlink(image);
	return mounted;
}

static bool mounts_are_private;

/* Without a file system there is no store, and the fact is skipped. */
static int full_setup(void **state)
{
	struct err e = { 0 };
	if (room_setup(state) < 0)
		return -1;
	struct room *room = *state;
	bool mounted = mounts_are_private &&
		(on_ext4 ? mount_ext4(room->directory)
			 : mount("none", room->directory, "tmpfs", 0, "size=8m") == 0);
	if (!mounted)
		return 0;
	room->store = store_open_sqlite(room->directory, &e);
	if (!room->store)
		print_error("%s\n", e.text);
	return room->store ? 0 : -1;
}

static int full_teardown(void **state)
{
	struct room *room = *state;
	store_close(room->store);
	if (room->store)
		assert_int_equal(umount2(room->directory, 0), 0);
	room->store = NULL;
	return room_teardown(state);
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
	if (!room->store)
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
	if (!room->store)
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
	if (!room->store)
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
	if (!room->store)
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

int main(int argc, char **argv)
{
	const struct CMUnitTest facts[] = {
		FULL_FACT(a_full_disk_is_told_and_reads_go_on),
		FULL_FACT(the_reserve_holds_the_end_of_a_job_but_no_new_jobs),
		FULL_FACT(freed_room_is_noticed_without_opening_again),
		FULL_FACT(what_was_acknowledged_on_a_full_disk_is_there_after_a_restart),
	};
	if (argc != 2 || (strcmp(argv[1], "tmpfs") != 0 && strcmp(argv[1], "ext4") != 0)) {
		fprintf(stderr, "usage: test_full tmpfs|ext4\n");
		return 2;
	}
	on_ext4 = strcmp(argv[1], "ext4") == 0;
	mounts_are_private = have_private_mounts();
	return cmocka_run_group_tests_name(argv[1], facts, NULL, NULL);
}
