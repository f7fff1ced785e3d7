/* tests/store/facts_jobs.c -- what every store does with jobs, attempts and transactions. */
#include <inttypes.h>
#include <math.h>

#include "store/room.h"

static struct job_record *get(struct store *s, const char *id, struct arena *a)
{
	struct job_record *r = NULL;
	MUST(store_job_get(s, id, a, &r, &e));
	return r;
}

static void insert(struct store *s, const struct job_record *r)
{
	MUST_COMMIT(s, store_job_insert(s, r, &e));
}

static struct job_record full_job(void)
{
	struct job_record r = sample_job("full-1", 7);
	r.job.state = JOB_RUNNING;
	r.job.priority = -5;
	r.job.gpus = 3;
	r.job.devices = UINT64_MAX;
	r.job.attempt = 4000000000u;
	r.job.pause = PAUSE_FROZEN;
	r.job.stop.phase = STOP_KILLING;
	str_copy(r.job.stop.by, sizeof(r.job.stop.by), "bo");
	str_copy(r.job.stop.reason, sizeof(r.job.stop.reason), "it's \"overfitting\" \xc3\xa9");
	r.job.stop.then = END_AUTO_STOP;
	r.job.stop.grace_ms = 250;
	r.job.stop.asked_wall_ms = 11;
	r.job.stop.deadline_wall_ms = 12;
	r.job.end.reason = END_SIGNAL;
	r.job.end.exit_code = -1;
	r.job.end.exit_signal = 9;
	str_copy(r.job.end.message, sizeof(r.job.end.message), "Process terminated unexpectedly");
	r.job.pending_wall_ms = 13;
	r.job.started_wall_ms = 14;
	r.job.ended_wall_ms = 15;
	r.job.paused_ms = 16;
	r.spec = (struct job_spec){
		.name = "n",
		.owner = "o",
		.command_json = "[\"c\"]",
		.cwd = "/w",
		.env_json = "{\"A\":\"b\"}",
		.config_json = "{}",
		.tags_json = "[]",
		.group = "g",
		.notes = "",
		.git_commit = "abc",
		.git_dirty = true,
		.umask_bits = 022,
		.direct_output = true,
		.log_limit_bytes = 1LL << 40,
		.host = "h",
	};
	progress_set(&r.progress, PROGRESS_LOSS, 0.1);
	progress_set(&r.progress, PROGRESS_EVAL_LOSS, (double)NAN);
	progress_set(&r.progress, PROGRESS_GRAD_NORM, (double)INFINITY);
	r.progress.updated_wall_ms = 17;
	return r;
}

static void assert_same_spec(const struct job_spec *a, const struct job_spec *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->owner, b->owner);
	assert_string_equal(a->command_json, b->command_json);
	assert_string_equal(a->cwd, b->cwd);
	assert_string_equal(a->env_json, b->env_json);
	assert_string_equal(a->config_json, b->config_json);
	assert_string_equal(a->tags_json, b->tags_json);
	assert_string_equal(a->group, b->group);
	assert_string_equal(a->notes, b->notes);
	assert_string_equal(a->git_commit, b->git_commit);
	assert_string_equal(a->host, b->host);
	assert_int_equal(a->git_dirty, b->git_dirty);
	assert_int_equal(a->umask_bits, b->umask_bits);
	assert_int_equal(a->direct_output, b->direct_output);
	assert_int_equal(a->log_limit_bytes, b->log_limit_bytes);
}

static void assert_same_job(const struct job *a, const struct job *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->arrival, b->arrival);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->gpus, b->gpus);
	assert_true(a->devices == b->devices);
	assert_int_equal(a->attempt, b->attempt);
	assert_int_equal(a->pause, b->pause);
	assert_int_equal(a->grace_ms, b->grace_ms);
	assert_int_equal(a->stop.phase, b->stop.phase);
	assert_string_equal(a->stop.by, b->stop.by);
	assert_string_equal(a->stop.reason, b->stop.reason);
	assert_int_equal(a->stop.then, b->stop.then);
	assert_int_equal(a->stop.grace_ms, b->stop.grace_ms);
	assert_int_equal(a->stop.asked_wall_ms, b->stop.asked_wall_ms);
	assert_int_equal(a->stop.deadline_wall_ms, b->stop.deadline_wall_ms);
	assert_int_equal(a->end.reason, b->end.reason);
	assert_int_equal(a->end.exit_code, b->end.exit_code);
	assert_int_equal(a->end.exit_signal, b->end.exit_signal);
	assert_string_equal(a->end.message, b->end.message);
	assert_int_equal(a->created_wall_ms, b->created_wall_ms);
	assert_int_equal(a->pending_wall_ms, b->pending_wall_ms);
	assert_int_equal(a->started_wall_ms, b->started_wall_ms);
	assert_int_equal(a->ended_wall_ms, b->ended_wall_ms);
	assert_int_equal(a->paused_ms, b->paused_ms);
}

static void a_job_comes_back_as_it_was_stored(void **state)
{
	struct room *room = *state;
	struct arena a = { 0 };
	struct job_record in = full_job();
	insert(room->store, &in);
	struct job_record *out = get(room->store, "full-1", &a);
	assert_same_job(&out->job, &in.job);
	assert_same_spec(&out->spec, &in.spec);
	assert_int_equal(out->progress.known, in.progress.known);
	assert_true(out->progress.value[PROGRESS_LOSS] == 0.1);
	assert_true(isnan(out->progress.value[PROGRESS_EVAL_LOSS]));
	assert_true(isinf(out->progress.value[PROGRESS_GRAD_NORM]));
	assert_true(out->progress.value[PROGRESS_STEP] == 0);
	assert_int_equal(out->progress.updated_wall_ms, 17);
	arena_finish(&a);
}

static void absent_text_stays_absent(void **state)
{
	struct room *room = *state;
	struct arena a = { 0 };
	struct job_record in = sample_job("bare", 1);
	insert(room->store, &in);
	struct job_record *out = get(room->store, "bare", &a);
	assert_null(out->spec.cwd);
	assert_null(out->spec.env_json);
	assert_null(out->spec.config_json);
	assert_null(out->spec.group);
	assert_null(out->spec.host);
	arena_finish(&a);
}

static void an_update_changes_control_and_nothing_else(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record in = full_job();
	insert(s, &in);
	struct job j = in.job;
	j.state = JOB_FAILED;
	j.end.reason = END_EXIT_CODE;
	j.end.exit_code = 3;
	j.devices = 0;
	MUST_COMMIT(s, store_job_update(s, &j, &e));
	struct job_record *out = get(s, "full-1", &a);
	assert_same_job(&out->job, &j);
	assert_same_spec(&out->spec, &in.spec);
	assert_true(out->progress.value[PROGRESS_LOSS] == 0.1);
	arena_finish(&a);
}

static void progress_changes_and_control_stays(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record in = full_job();
	insert(s, &in);
	struct job_progress p = { .updated_wall_ms = 99 };
	progress_set(&p, PROGRESS_STEP, 12);
	MUST_COMMIT(s, store_progress_put(s, "full-1", &p, &e));
	struct job_record *out = get(s, "full-1", &a);
	assert_int_equal(out->progress.known, p.known);
	assert_true(out->progress.value[PROGRESS_STEP] == 12);
	assert_int_equal(out->progress.updated_wall_ms, 99);
	assert_same_job(&out->job, &in.job);
	arena_finish(&a);
}

static void an_id_is_taken_once_and_the_transaction_goes_on(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record first = sample_job("one", 1), again = sample_job("one", 2);
	struct job_record other = sample_job("two", 3);
	insert(s, &first);
	MUST(store_begin(s, &e));
	MUST_FAIL(ERR_CONFLICT, store_job_insert(s, &again, &e));
	assert_false(store_transaction_is_lost(s));
	MUST(store_job_insert(s, &other, &e));
	MUST_FAIL(ERR_CONFLICT, store_job_insert(s, &other, &e));
	MUST(store_commit(s, &e));
	assert_int_equal(get(s, "one", &a)->job.arrival, 1);
	assert_int_equal(get(s, "two", &a)->job.arrival, 3);
	arena_finish(&a);
}

static void writes_about_unknown_jobs_are_refused(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct job_record r = sample_job("ghost", 1);
	struct job_progress p = { 0 };
	struct attempt_record attempt = { .job_id = "ghost", .number = 1 };
	struct point point = { .key = "loss", .step = 1 };
	struct store_offset offset = { 1, 2, 3 };
	MUST(store_begin(s, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_job_update(s, &r.job, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_progress_put(s, "ghost", &p, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_attempt_put(s, &attempt, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_points_put(s, "ghost", &point, 1, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_offset_put(s, "ghost", "metrics", &offset, &e));
	assert_int_equal(store_job_update(s, &r.job, NULL), -1);
	MUST(store_commit(s, &e));
	struct arena a = { 0 };
	struct job_record *out;
	MUST_FAIL(ERR_NOT_FOUND, store_job_get(s, "ghost", &a, &out, &e));
	arena_finish(&a);
}

static void readers_see_what_is_committed_and_no_more(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record old = sample_job("old", 1), new = sample_job("new", 2);
	struct job_record *out;
	struct job_page page;
	struct job_query all = { .limit = 10 };
	insert(s, &old);
	MUST(store_begin(s, &e));
	old.job.state = JOB_PENDING;
	MUST(store_job_update(s, &old.job, &e));
	MUST(store_job_insert(s, &new, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_job_get(s, "new", &a, &out, &e));
	assert_int_equal(get(s, "old", &a)->job.state, JOB_QUEUED);
	MUST(store_job_list(s, &all, &a, &page, &e));
	assert_int_equal(page.total, 1);
	assert_int_equal(page.count, 1);
	MUST(store_commit(s, &e));
	assert_int_equal(get(s, "old", &a)->job.state, JOB_PENDING);
	assert_int_equal(get(s, "new", &a)->job.state, JOB_QUEUED);
	arena_finish(&a);
}

static void a_rollback_leaves_nothing(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record kept = sample_job("kept", 1), gone = sample_job("gone", 2);
	struct point point = { .key = "fresh_key", .step = 1, .value = 1 };
	struct job_record *out;
	insert(s, &kept);
	for (int round = 0; round < 2; round++) {
		MUST(store_begin(s, &e));
		assert_true(store_in_transaction(s));
		MUST(store_job_insert(s, &gone, &e));
		MUST(store_points_put(s, "kept", &point, 1, &e));
		store_rollback(s);
		assert_false(store_in_transaction(s));
	}
	MUST_FAIL(ERR_NOT_FOUND, store_job_get(s, "gone", &a, &out, &e));
	MUST_COMMIT(s, store_points_put(s, "kept", &point, 1, &e));
	struct job_page page;
	struct job_query all = { .limit = 10 };
	MUST(store_job_list(s, &all, &a, &page, &e));
	assert_int_equal(page.total, 1);
	struct point *points;
	size_t count;
	MUST(store_points_last(s, "kept", &a, &points, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(points[0].key, "fresh_key");
	arena_finish(&a);
}

static void arrivals_rise_above_all_that_is_stored(void **state)
{
	struct room *room = *state;
	struct job_record r = sample_job("far", 5000);
	uint64_t before = store_arrival_next(room->store);
	assert_true(store_arrival_next(room->store) > before);
	insert(room->store, &r);
	assert_int_equal(store_arrival_next(room->store), 5001);
}

static void insert_many(struct store *s, int count)
{
	MUST(store_begin(s, &e));
	for (int i = 1; i <= count; i++) {
		char id[32];
		snprintf(id, sizeof(id), "job-%d", i);
		struct job_record r = sample_job(id, (uint64_t)i);
		r.job.state = (enum job_state)(i % JOB_STATE_COUNT);
		r.spec.owner = i % 3 ? "ana" : "bo";
		r.spec.env_json = "{\"X\":\"1\"}";
		MUST(store_job_insert(s, &r, &e));
	}
	MUST(store_commit(s, &e));
}

static bool matches(const struct job_query *q, uint64_t arrival)
{
	const char *owner = arrival % 3 ? "ana" : "bo";
	unsigned state = 1u << (arrival % JOB_STATE_COUNT);
	return (!q->states || (q->states & state)) && (!q->owner || !strcmp(owner, q->owner));
}

/* Walks all pages and compares with what was inserted. */
static void assert_pages(struct store *s, struct job_query q, int inserted)
{
	struct arena a = { 0 };
	int64_t total = 0, seen = 0;
	for (uint64_t i = 1; i <= (uint64_t)inserted; i++)
		total += matches(&q, i);
	uint64_t expected = (uint64_t)inserted;
	do {
		struct job_page page;
		MUST(store_job_list(s, &q, &a, &page, &e));
		assert_int_equal(page.total, total);
		for (int i = 0; i < page.count; i++, seen++) {
			while (!matches(&q, expected))
				expected--;
			assert_int_equal(page.jobs[i].job.arrival, expected--);
			assert_null(page.jobs[i].spec.env_json);
		}
		q.before_arrival = page.next_before;
	} while (q.before_arrival);
	assert_int_equal(seen, total);
	arena_finish(&a);
}

static void lists_page_through_every_filter(void **state)
{
	struct room *room = *state;
	enum { COUNT = 230 };
	static const unsigned filters[] = { 0, JOB_SET_ACTIVE, JOB_SET_TERMINAL, TO(FAILED) };
	static const char *const owners[] = { NULL, "ana", "bo", "nobody" };
	insert_many(room->store, COUNT);
	for (size_t f = 0; f < sizeof(filters) / sizeof(*filters); f++) {
		for (size_t o = 0; o < sizeof(owners) / sizeof(*owners); o++) {
			for (int limit = 1; limit <= 1000; limit *= 10) {
				struct job_query q = { .states = filters[f],
					.owner = owners[o],
					.limit = limit };
				assert_pages(room->store, q, COUNT);
			}
		}
	}
}

static void an_offset_skips_and_may_lie_behind_the_end(void **state)
{
	struct room *room = *state;
	struct arena a = { 0 };
	struct job_page page;
	insert_many(room->store, 50);
	struct job_query q = { .limit = 5, .offset = 10 };
	MUST(store_job_list(room->store, &q, &a, &page, &e));
	assert_int_equal(page.count, 5);
	assert_int_equal(page.jobs[0].job.arrival, 40);
	assert_int_equal(page.next_before, 36);
	q.offset = 48;
	MUST(store_job_list(room->store, &q, &a, &page, &e));
	assert_int_equal(page.count, 2);
	assert_int_equal(page.next_before, 0);
	q.offset = INT64_MAX;
	MUST(store_job_list(room->store, &q, &a, &page, &e));
	assert_int_equal(page.count, 0);
	assert_int_equal(page.total, 50);
	arena_finish(&a);
}

static void totals_follow_changes_of_state(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_page page;
	struct job_record r = sample_job("x", 1);
	insert(s, &r);
	MUST(store_begin(s, &e));
	r.job.state = JOB_PENDING;
	MUST(store_job_update(s, &r.job, &e));
	r.job.state = JOB_RUNNING;
	MUST(store_job_update(s, &r.job, &e));
	MUST(store_commit(s, &e));
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		struct job_query q = { .states = 1u << i, .owner = "ana", .limit = 10 };
		MUST(store_job_list(s, &q, &a, &page, &e));
		assert_int_equal(page.total, i == JOB_RUNNING);
		assert_int_equal(page.count, i == JOB_RUNNING);
	}
	arena_finish(&a);
}

struct visit {
	uint64_t latest;
	int count;
	int stop_after;
};

static int visit_one(void *context, const struct job_record *r, struct err *e)
{
	struct visit *v = context;
	assert_true(r->job.arrival > v->latest);
	assert_true(job_state_in(r->job.state, JOB_SET_INCOMPLETE));
	assert_null(r->spec.env_json);
	assert_string_equal(r->spec.name, "a job");
	v->latest = r->job.arrival;
	if (++v->count == v->stop_after)
		return err_set(e, ERR_STATE, "enough");
	return 0;
}

static void incomplete_jobs_come_by_rising_arrival(void **state)
{
	struct room *room = *state;
	struct visit all = { 0 }, some = { .stop_after = 3 };
	insert_many(room->store, 70);
	MUST(store_jobs_incomplete(room->store, visit_one, &all, &e));
	assert_int_equal(all.count, 40);
	MUST_FAIL(ERR_STATE, store_jobs_incomplete(room->store, visit_one, &some, &e));
	assert_int_equal(some.count, 3);
}

static void attempts_are_kept_by_number_and_replaced(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct job_record r = sample_job("j", 1);
	insert(s, &r);
	struct attempt_record latest, *list;
	size_t count;
	MUST_FAIL(ERR_NOT_FOUND, store_attempt_latest(s, "j", &latest, &e));
	MUST(store_attempts(s, "j", &a, &list, &count, &e));
	assert_int_equal(count, 0);
	struct attempt_record first = { .job_id = "j",
		.number = 1,
		.state = JOB_PENDING,
		.nonce = "n1",
		.boot_id = "b1",
		.devices = 1ull << 63,
		.pending_wall_ms = 5 };
	struct attempt_record second = first;
	second.number = 2;
	MUST(store_begin(s, &e));
	MUST(store_attempt_put(s, &second, &e));
	MUST(store_attempt_put(s, &first, &e));
	first.state = JOB_FAILED;
	first.pid = 4000000;
	first.pid_start_ticks = 1LL << 40;
	first.end = (struct job_end){ END_OUT_OF_MEMORY, -1, 9, "out of memory" };
	MUST(store_attempt_put(s, &first, &e));
	MUST(store_commit(s, &e));
	MUST(store_attempts(s, "j", &a, &list, &count, &e));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].number, 1);
	assert_string_equal(list[0].job_id, "j");
	assert_int_equal(list[0].state, JOB_FAILED);
	assert_int_equal(list[0].pid, 4000000);
	assert_int_equal(list[0].pid_start_ticks, 1LL << 40);
	assert_true(list[0].devices == 1ull << 63);
	assert_int_equal(list[0].end.reason, END_OUT_OF_MEMORY);
	assert_string_equal(list[0].end.message, "out of memory");
	assert_int_equal(list[1].state, JOB_PENDING);
	MUST(store_attempt_latest(s, "j", &latest, &e));
	assert_int_equal(latest.number, 2);
	assert_string_equal(latest.nonce, "n1");
	assert_string_equal(latest.boot_id, "b1");
	arena_finish(&a);
}

const struct CMUnitTest job_facts[] = {
	FACT(a_job_comes_back_as_it_was_stored),
	FACT(absent_text_stays_absent),
	FACT(an_update_changes_control_and_nothing_else),
	FACT(progress_changes_and_control_stays),
	FACT(an_id_is_taken_once_and_the_transaction_goes_on),
	FACT(writes_about_unknown_jobs_are_refused),
	FACT(readers_see_what_is_committed_and_no_more),
	FACT(a_rollback_leaves_nothing),
	FACT(arrivals_rise_above_all_that_is_stored),
	FACT(lists_page_through_every_filter),
	FACT(an_offset_skips_and_may_lie_behind_the_end),
	FACT(totals_follow_changes_of_state),
	FACT(incomplete_jobs_come_by_rising_arrival),
	FACT(attempts_are_kept_by_number_and_replaced),
};
const size_t job_fact_count = sizeof(job_facts) / sizeof(job_facts[0]);
