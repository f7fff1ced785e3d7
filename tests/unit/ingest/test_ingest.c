/* tests/unit/ingest/test_ingest.c -- facts about following metrics files: a real file, a real
 * inotify, and a taker that remembers what it was given or refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/log.h"
#include "ingest/ingest.h"

#define VALUES_MAX 20000

static char directory[] = "/tmp/trainyard-ingest-XXXXXX";
static char path[64];

struct scene {
	struct loop *loop;
	struct ingest *ingest;
	struct ingest_source *source;
	int calls, failures_due, refused;
	size_t count, wanted;
	double values[VALUES_MAX];
	int64_t steps[VALUES_MAX];
	struct follow at;
	bool drained;
};

static int take(void *context, const struct ingest_batch *batches, size_t count, struct err *e)
{
	struct scene *s = context;
	s->calls++;
	if (s->failures_due > 0) {
		s->failures_due--;
		return err_set(e, ERR_DISK_FULL, "no room");
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t p = 0; p < batches[i].count; p++) {
			s->values[s->count] = batches[i].points[p].value;
			s->steps[s->count++] = batches[i].points[p].step;
		}
		s->refused += batches[i].refused;
		s->at = *batches[i].at;
	}
	if (s->wanted && s->count >= s->wanted)
		loop_stop(s->loop);
	return 0;
}

static void on_drained(void *context)
{
	struct scene *s = context;
	s->drained = true;
	loop_stop(s->loop);
}

static struct scene *begin(struct follow from)
{
	struct scene *s = calloc(1, sizeof(*s));
	s->loop = loop_create(NULL);
	s->ingest = ingest_create(s->loop, take, s, NULL);
	s->source = ingest_follow(s->ingest, "job", path, from, -1, s);
	return s;
}

static void finish(struct scene *s)
{
	ingest_destroy(s->ingest);
	loop_destroy(s->loop);
	free(s);
}

static void append(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void append_steps(int from, int to)
{
	AUTO_BUF text = { 0 };
	for (int i = from; i < to; i++)
		buf_format(&text, "{\"step\":%d,\"loss\":%d}\n", i, i * 2);
	append(text.bytes);
}

static void drain(struct scene *s)
{
	ingest_drain(s->source, 5000, on_drained, s);
	while (!s->drained)
		loop_run(s->loop);
}

static void every_point_of_a_large_file_arrives_once_and_in_order(void **state)
{
	unlink(path);
	append_steps(0, 5000);
	struct scene *s = begin((struct follow){ 0 });
	drain(s);
	assert_int_equal(s->count, 5000);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(s->steps[i], i);
		assert_true(s->values[i] == i * 2);
	}
	finish(s);
}

static void what_is_appended_while_the_loop_sleeps_is_noticed(void **state)
{
	unlink(path);
	struct scene *s = begin((struct follow){ 0 });
	append_steps(0, 3);
	s->wanted = 3;
	loop_run(s->loop);
	append_steps(3, 6);
	s->wanted = 6;
	loop_run(s->loop);
	assert_int_equal(s->count, 6);
	finish(s);
}

static void a_batch_that_was_not_kept_comes_again_and_is_not_doubled(void **state)
{
	unlink(path);
	append_steps(0, 10);
	struct scene *s = begin((struct follow){ 0 });
	s->failures_due = 1;
	drain(s);
	assert_int_equal(s->calls, 2);
	assert_int_equal(s->count, 10);
	finish(s);
}

static void a_successor_goes_on_from_the_stored_offset(void **state)
{
	unlink(path);
	append_steps(0, 10);
	struct scene *s = begin((struct follow){ 0 });
	drain(s);
	struct follow at = s->at;
	finish(s);
	append_steps(10, 15);
	s = begin(at);
	drain(s);
	assert_int_equal(s->count, 5);
	assert_int_equal(s->steps[0], 10);
	finish(s);
}

static void half_a_line_waits_for_its_end_unless_the_job_has_ended(void **state)
{
	unlink(path);
	append("{\"step\":1,\"loss\":1}\n{\"step\":2,");
	struct scene *s = begin((struct follow){ 0 });
	s->wanted = 1;
	loop_run(s->loop);
	assert_int_equal(s->count, 1);
	append("\"loss\":2}");
	drain(s);
	assert_int_equal(s->count, 2);
	assert_int_equal(s->steps[1], 2);
	assert_int_equal(s->refused, 0);
	finish(s);
}

static void bad_and_endless_lines_cost_only_themselves(void **state)
{
	static char endless[300000];
	unlink(path);
	memset(endless, 'x', sizeof(endless) - 1);
	append("nonsense\n");
	append(endless);
	append("\n{\"step\":1,\"loss\":1}\n");
	struct scene *s = begin((struct follow){ 0 });
	drain(s);
	assert_int_equal(s->count, 1);
	assert_int_equal(s->refused, 2);
	finish(s);
}

static void a_line_without_a_step_takes_the_last_one_seen(void **state)
{
	unlink(path);
	append("{\"step\":5,\"loss\":1}\n{\"eval_loss\":2}\n");
	struct scene *s = begin((struct follow){ 0 });
	drain(s);
	assert_int_equal(s->steps[1], 5);
	finish(s);
}

static void a_file_that_starts_anew_is_read_anew(void **state)
{
	unlink(path);
	append_steps(0, 10);
	struct scene *s = begin((struct follow){ 0 });
	drain(s);
	assert_int_equal(truncate(path, 0), 0);
	append_steps(0, 4);
	s->drained = false;
	drain(s);
	assert_int_equal(s->count, 14);
	assert_int_equal(s->at.epoch, 1);
	finish(s);
}

static void count_line(void *context, enum log_level level, const char *line)
{
	(*(int *)context)++;
}

static void what_cannot_be_read_is_said_once_while_it_is_drained(void **state)
{
	int said = 0;
	unlink(path);
	struct scene *s = begin((struct follow){ 0 });
	append_steps(0, 3);
	unlink(path);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	log_to(count_line, &said, LOG_WARN);
	assert_false(ingest_is_drained(s->source));
	ingest_drain(s->source, 100, on_drained, s);
	while (!s->drained)
		loop_run(s->loop);
	assert_int_equal(said, 2); /* that it cannot be read, and that the time is over */
	unlink(path);
	append_steps(3, 5);
	s->drained = false;
	drain(s);
	assert_int_equal(s->count, 2);
	assert_int_equal(said, 2);
	log_to(NULL, NULL, LOG_ERROR);
	finish(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_of_a_large_file_arrives_once_and_in_order),
		cmocka_unit_test(what_is_appended_while_the_loop_sleeps_is_noticed),
		cmocka_unit_test(a_batch_that_was_not_kept_comes_again_and_is_not_doubled),
		cmocka_unit_test(a_successor_goes_on_from_the_stored_offset),
		cmocka_unit_test(half_a_line_waits_for_its_end_unless_the_job_has_ended),
		cmocka_unit_test(bad_and_endless_lines_cost_only_themselves),
		cmocka_unit_test(a_line_without_a_step_takes_the_last_one_seen),
		cmocka_unit_test(a_file_that_starts_anew_is_read_anew),
		cmocka_unit_test(what_cannot_be_read_is_said_once_while_it_is_drained),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/metrics.jsonl", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
