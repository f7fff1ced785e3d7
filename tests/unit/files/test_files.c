/* tests/unit/files/test_files.c -- facts about following and watching real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "files/follow.h"
#include "files/watch.h"

static char directory[] = "/tmp/trainyard-files-XXXXXX";
static char path[64], other[64];

static void append(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void a_followed_file_is_read_on_from_its_offset(void **state)
{
	struct follow f = { 0 };
	bool restarted;
	AUTO_BUF b = { 0 };
	unlink(path);
	assert_int_equal(follow_read(&f, path, 100, &b, &restarted, NULL), 0);
	assert_int_equal(b.length_bytes, 0);
	append(path, "one\ntwo\n");
	assert_int_equal(follow_read(&f, path, 4, &b, &restarted, NULL), 0);
	assert_string_equal(b.bytes, "one\n");
	f.offset_bytes += 4;
	buf_clear(&b);
	assert_int_equal(follow_read(&f, path, 100, &b, &restarted, NULL), 0);
	assert_string_equal(b.bytes, "two\n");
	assert_false(restarted);
}

static void a_file_that_shrank_or_was_replaced_begins_a_new_epoch(void **state)
{
	struct follow f = { 0 };
	bool restarted;
	AUTO_BUF b = { 0 };
	unlink(path);
	append(path, "a long first line\n");
	follow_read(&f, path, 100, &b, &restarted, NULL);
	f.offset_bytes = (int64_t)b.length_bytes;
	assert_int_equal(truncate(path, 0), 0);
	append(path, "new\n");
	buf_clear(&b);
	follow_read(&f, path, 100, &b, &restarted, NULL);
	assert_true(restarted);
	assert_string_equal(b.bytes, "new\n");
	assert_int_equal(f.epoch, 1);
	f.offset_bytes = 4;
	unlink(other);
	append(other, "replaced and longer\n");
	assert_int_equal(rename(other, path), 0);
	buf_clear(&b);
	follow_read(&f, path, 100, &b, &restarted, NULL);
	assert_true(restarted);
	assert_string_equal(b.bytes, "replaced and longer\n");
}

static void a_link_is_not_followed(void **state)
{
	struct follow f = { 0 };
	struct err e;
	bool restarted;
	AUTO_BUF b = { 0 };
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(follow_read(&f, path, 100, &b, &restarted, &e), -1);
	unlink(path);
}

struct seen {
	struct loop *loop;
	struct watch *watch;
	int calls;
	bool moved;
};

static void on_change(void *context, bool moved)
{
	struct seen *s = context;
	s->calls++;
	s->moved |= moved;
	loop_stop(s->loop);
}

static void a_watch_tells_of_writes_and_of_removal(void **state)
{
	struct seen s = { .loop = loop_create(NULL) }, twin = s;
	struct watcher *w = watcher_create(s.loop, NULL);
	unlink(path);
	append(path, "x");
	s.watch = watch_file(w, path, on_change, &s, NULL);
	twin.watch = watch_file(w, path, on_change, &twin, NULL);
	append(path, "y");
	loop_run(s.loop);
	assert_int_equal(s.calls, 1);
	assert_int_equal(twin.calls, 1);
	watch_destroy(twin.watch);
	append(path, "z");
	loop_run(s.loop);
	assert_true(s.calls >= 2);
	assert_int_equal(twin.calls, 1);
	unlink(path);
	loop_run(s.loop);
	assert_true(s.moved);
	watch_destroy(s.watch);
	watcher_destroy(w);
	loop_destroy(s.loop);
}

#define TIMES_ENOUGH 10

struct renewing {
	struct loop *loop;
	struct watcher *watcher;
	struct watch *watch;
	int calls;
};

static void watch_anew(void *context, bool moved)
{
	struct renewing *r = context;
	loop_stop(r->loop);
	if (++r->calls == TIMES_ENOUGH)
		return;
	watch_destroy(r->watch);
	r->watch = watch_file(r->watcher, path, watch_anew, r, NULL);
}

/* As two followers of a log do whose mode somebody changes. */
static void watches_set_anew_while_they_are_told_are_told_once(void **state)
{
	struct loop *l = loop_create(NULL);
	struct renewing one = { .loop = l, .watcher = watcher_create(l, NULL) }, two = one;
	append(path, "x");
	one.watch = watch_file(one.watcher, path, watch_anew, &one, NULL);
	two.watch = watch_file(two.watcher, path, watch_anew, &two, NULL);
	assert_int_equal(chmod(path, 0640), 0);
	loop_run(l);
	assert_int_equal(one.calls, 1);
	assert_int_equal(two.calls, 1);
	watch_destroy(one.watch);
	watch_destroy(two.watch);
	watcher_destroy(one.watcher);
	loop_destroy(l);
}

static void a_missing_file_cannot_be_watched_and_says_so(void **state)
{
	struct loop *l = loop_create(NULL);
	struct watcher *w = watcher_create(l, NULL);
	struct err e;
	assert_null(watch_file(w, "/nowhere/at/all", on_change, NULL, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	watcher_destroy(w);
	loop_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_followed_file_is_read_on_from_its_offset),
		cmocka_unit_test(a_file_that_shrank_or_was_replaced_begins_a_new_epoch),
		cmocka_unit_test(a_link_is_not_followed),
		cmocka_unit_test(a_watch_tells_of_writes_and_of_removal),
		cmocka_unit_test(watches_set_anew_while_they_are_told_are_told_once),
		cmocka_unit_test(a_missing_file_cannot_be_watched_and_says_so),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/file", directory);
	snprintf(other, sizeof(other), "%s/other", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
