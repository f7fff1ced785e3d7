/* store/memory.c -- a store that forgets everything at its end: transactions, jobs, attempts. */
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct memory_write *memory_write(struct memory_store *s, memory_apply *apply)
{
	struct memory_write *w = arena_new(&s->written, struct memory_write);
	w->apply = apply;
	*s->last = w;
	s->last = &w->next;
	return w;
}

static void transaction_finish(struct memory_store *s)
{
	arena_clear(&s->written);
	map_finish(&s->inserted);
	s->inserted = (struct map){ 0 };
	s->first = NULL;
	s->last = &s->first;
}

static void job_destroy(struct memory_job *job)
{
	memory_job_notes_finish(job);
	arena_finish(&job->text);
	free(job->attempts);
	free(job);
}

static int begin(struct store *s, struct err *e)
{
	memory_of(s)->last = &memory_of(s)->first;
	return 0;
}

static void rollback(struct store *store)
{
	struct memory_store *s = memory_of(store);
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(&s->inserted, &at)))
		job_destroy(entry->value);
	transaction_finish(s);
}

static int commit(struct store *store, struct err *e)
{
	struct memory_store *s = memory_of(store);
	if (s->fail_commit != ERR_NONE) {
		err_set(e, s->fail_commit, "the commit failed as it was told to");
		s->fail_commit = ERR_NONE;
		rollback(store);
		return -1;
	}
	for (const struct memory_write *w = s->first; w; w = w->next)
		w->apply(s, w);
	transaction_finish(s);
	return 0;
}

void store_memory_fail_commit(struct store *s, enum err_kind kind)
{
	memory_of(s)->fail_commit = kind;
}

static bool disk_is_full(const struct store *s)
{
	return false;
}

static uint64_t arrival_next(struct store *s)
{
	return ++memory_of(s)->arrival_latest;
}

struct memory_job *memory_job_find(struct memory_store *s, const char *id, struct err *e)
{
	struct memory_job *job = map_get(&s->jobs, id);
	if (!job && s->inserted.count > 0)
		job = map_get(&s->inserted, id);
	if (!job)
		err_set(e, ERR_NOT_FOUND, "no job has the id %s", id);
	return job;
}

static void copy_spec(struct job_spec *to, const struct job_spec *from, bool whole, struct arena *a)
{
	*to = *from;
	to->name = arena_string(a, from->name);
	to->owner = arena_string(a, from->owner);
	to->command_json = arena_string(a, from->command_json);
	to->cwd = arena_string(a, from->cwd);
	to->env_json = whole ? arena_string(a, from->env_json) : NULL;
	to->config_json = whole ? arena_string(a, from->config_json) : NULL;
	to->tags_json = arena_string(a, from->tags_json);
	to->group = arena_string(a, from->group);
	to->notes = arena_string(a, from->notes);
	to->git_commit = arena_string(a, from->git_commit);
	to->host = arena_string(a, from->host);
}

static void copy_record(struct job_record *to, const struct job_record *from, bool whole,
	struct arena *a)
{
	*to = *from;
	copy_spec(&to->spec, &from->spec, whole, a);
}

/* Keeps by_arrival rising; the newest job nearly always comes last. */
static void place_by_arrival(struct memory_store *s, struct memory_job *job)
{
	size_t at = s->job_count;
	while (at > 0 && s->by_arrival[at - 1]->record.job.arrival > job->record.job.arrival)
		at--;
	memmove(s->by_arrival + at + 1, s->by_arrival + at,
		(s->job_count - at) * sizeof(*s->by_arrival));
	s->by_arrival[at] = job;
	s->job_count++;
}

static void apply_insert(struct memory_store *s, const struct memory_write *w)
{
	if (s->job_count == s->job_room) {
		s->job_room = s->job_room ? 2 * s->job_room : 16;
		s->by_arrival = mem_resize(s->by_arrival, s->job_room * sizeof(*s->by_arrival));
	}
	place_by_arrival(s, w->job);
	map_put(&s->jobs, w->job->record.job.id, w->job);
}

static int job_insert(struct store *store, const struct job_record *r, struct err *e)
{
	struct memory_store *s = memory_of(store);
	if (memory_job_find(s, r->job.id, NULL))
		return err_set(e, ERR_CONFLICT, "a job with the id %s exists already", r->job.id);
	struct memory_job *job = mem_alloc(sizeof(*job));
	copy_record(&job->record, r, true, &job->text);
	map_put(&s->inserted, job->record.job.id, job);
	memory_write(s, apply_insert)->job = job;
	if (r->job.arrival > s->arrival_latest)
		s->arrival_latest = r->job.arrival;
	return 0;
}

static void apply_update(struct memory_store *s, const struct memory_write *w)
{
	const struct job *j = w->data;
	bool moved = j->arrival != w->job->record.job.arrival;
	w->job->record.job = *j;
	if (!moved)
		return;
	size_t at = 0;
	while (s->by_arrival[at] != w->job)
		at++;
	s->job_count--;
	memmove(s->by_arrival + at, s->by_arrival + at + 1,
		(s->job_count - at) * sizeof(*s->by_arrival));
	place_by_arrival(s, w->job);
}

static int job_update(struct store *store, const struct job *j, struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct memory_job *job = memory_job_find(s, j->id, e);
	if (!job)
		return -1;
	struct memory_write *w = memory_write(s, apply_update);
	w->job = job;
	w->data = arena_copy(&s->written, j, sizeof(*j));
	return 0;
}

static void apply_progress(struct memory_store *s, const struct memory_write *w)
{
	memcpy(&w->job->record.progress, w->data, sizeof(struct job_progress));
}

static int progress_put(struct store *store, const char *id, const struct job_progress *p,
	struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct memory_job *job = memory_job_find(s, id, e);
	if (!job)
		return -1;
	struct memory_write *w = memory_write(s, apply_progress);
	w->job = job;
	w->data = arena_copy(&s->written, p, sizeof(*p));
	return 0;
}

static void apply_attempt(struct memory_store *s, const struct memory_write *w)
{
	const struct attempt_record *a = w->data;
	struct memory_job *job = w->job;
	size_t at = 0;
	while (at < job->attempt_count && job->attempts[at].number < a->number)
		at++;
	if (at == job->attempt_count || job->attempts[at].number != a->number) {
		job->attempts = mem_resize(job->attempts,
			(job->attempt_count + 1) * sizeof(*job->attempts));
		memmove(job->attempts + at + 1, job->attempts + at,
			(job->attempt_count - at) * sizeof(*job->attempts));
		job->attempt_count++;
	}
	job->attempts[at] = *a;
}

static int attempt_put(struct store *store, const struct attempt_record *a, struct err *e)
{
	struct memory_store *s = memory_of(store);
	struct memory_job *job = memory_job_find(s, a->job_id, e);
	if (!job)
		return -1;
	struct memory_write *w = memory_write(s, apply_attempt);
	w->job = job;
	w->data = arena_copy(&s->written, a, sizeof(*a));
	return 0;
}

static int job_get(struct store *store, const char *id, struct arena *a, struct job_record **r,
	struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	if (!job)
		return err_set(e, ERR_NOT_FOUND, "no job has the id %s", id);
	*r = arena_new(a, struct job_record);
	copy_record(*r, &job->record, true, a);
	return 0;
}

static bool is_asked_for(const struct job_query *q, const struct job_record *r)
{
	return (!q->states || job_state_in(r->job.state, q->states)) &&
		(!q->owner || strcmp(q->owner, r->spec.owner) == 0);
}

static int job_list(struct store *store, const struct job_query *q, struct arena *a,
	struct job_page *page, struct err *e)
{
	struct memory_store *s = memory_of(store);
	int64_t skip = q->before_arrival ? 0 : q->offset;
	page->jobs = arena_array(a, struct job_record, q->limit);
	for (size_t i = s->job_count; i-- > 0;) {
		const struct job_record *r = &s->by_arrival[i]->record;
		if (!is_asked_for(q, r))
			continue;
		page->total++;
		if (q->before_arrival && r->job.arrival >= q->before_arrival)
			continue;
		if (skip-- > 0)
			continue;
		if (page->count < q->limit)
			copy_record(&page->jobs[page->count++], r, false, a);
		else
			page->next_before = page->jobs[page->count - 1].job.arrival;
	}
	return 0;
}

static int jobs_incomplete(struct store *store, store_job_visit *visit, void *context,
	struct err *e)
{
	struct memory_store *s = memory_of(store);
	for (size_t i = 0; i < s->job_count; i++) {
		struct job_record r = s->by_arrival[i]->record;
		if (!job_state_in(r.job.state, JOB_SET_INCOMPLETE))
			continue;
		r.spec.env_json = r.spec.config_json = NULL;
		if (visit(context, &r, e) < 0)
			return -1;
	}
	return 0;
}

static int attempts(struct store *store, const char *id, struct arena *a,
	struct attempt_record **list, size_t *count, struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	*count = job ? job->attempt_count : 0;
	*list = arena_array(a, struct attempt_record, *count);
	if (*count > 0)
		memcpy(*list, job->attempts, *count * sizeof(**list));
	return 0;
}

static int attempt_latest(struct store *store, const char *id, struct attempt_record *attempt,
	struct err *e)
{
	struct memory_job *job = map_get(&memory_of(store)->jobs, id);
	if (!job || job->attempt_count == 0)
		return err_set(e, ERR_NOT_FOUND, "job %s was never launched", id);
	*attempt = job->attempts[job->attempt_count - 1];
	return 0;
}

static void memory_close(struct store *store)
{
	struct memory_store *s = memory_of(store);
	for (size_t i = 0; i < s->job_count; i++)
		job_destroy(s->by_arrival[i]);
	free(s->by_arrival);
	map_finish(&s->jobs);
	free(s->events.items);
	free(s->idempotency.items);
	free(s->tokens.items);
	free(s->users.items);
	arena_finish(&s->event_text);
	arena_finish(&s->written);
	free(s);
}

static const struct store_ops ops = {
	.close = memory_close,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.disk_is_full = disk_is_full,
	.arrival_next = arrival_next,
	.job_insert = job_insert,
	.job_update = job_update,
	.progress_put = progress_put,
	.attempt_put = attempt_put,
	.points_put = memory_points_put,
	.offset_put = memory_offset_put,
	.event_append = memory_event_append,
	.idempotency_put = memory_idempotency_put,
	.idempotency_expire = memory_idempotency_expire,
	.token_put = memory_token_put,
	.user_put = memory_user_put,
	.job_get = job_get,
	.job_list = job_list,
	.jobs_incomplete = jobs_incomplete,
	.attempts = attempts,
	.attempt_latest = attempt_latest,
	.points_get = memory_points_get,
	.points_last = memory_points_last,
	.offset_get = memory_offset_get,
	.events = memory_events,
	.idempotency_get = memory_idempotency_get,
	.token_by_hash = memory_token_by_hash,
	.tokens = memory_tokens,
	.user_get = memory_user_get,
	.users = memory_users,
};

struct store *store_open_memory(void)
{
	struct memory_store *s = mem_alloc(sizeof(*s));
	s->base.ops = &ops;
	s->last = &s->first;
	s->events.size_bytes = sizeof(struct store_event);
	s->idempotency.size_bytes = sizeof(struct store_idempotency);
	s->tokens.size_bytes = sizeof(struct store_token);
	s->users.size_bytes = sizeof(struct store_user);
	return &s->base;
}
