/* store/sqlite_list.c -- lists of jobs, a page at a time, and how many there are: see store.h.
 *
 * A page is merged from one stream per state, each walking an index from the newest job on, so
 * that it costs the same among a hundred jobs and a million, whatever the filter. (SQLite by itself
 * would sort all that match.) How many match is counted in memory: counting rows takes long. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite.h"

static const char *const stream_sql[2] = {
	"SELECT arrival, number FROM local_training_jobs INDEXED BY jobs_by_status "
	"WHERE status = ?1 AND arrival < ?2 ORDER BY arrival DESC",
	"SELECT arrival, number FROM local_training_jobs INDEXED BY jobs_by_owner "
	"WHERE user_id = ?3 AND status = ?1 AND arrival < ?2 ORDER BY arrival DESC",
};

struct job_counts *counts_of(struct sqlite_store *s, const char *owner)
{
	struct job_counts *counts = map_get(&s->counts, owner);
	if (!counts) {
		counts = mem_alloc(sizeof(*counts));
		counts->owner = mem_string(owner);
		map_put(&s->counts, counts->owner, counts);
	}
	return counts;
}

void counts_change(struct sqlite_store *s, struct count_change change)
{
	if (s->change_count == s->change_room) {
		s->change_room = s->change_room ? 2 * s->change_room : 64;
		s->changes = mem_resize(s->changes, s->change_room * sizeof(*s->changes));
	}
	s->changes[s->change_count++] = change;
}

static void count_in_block(struct job_counts *counts, size_t block, enum job_state state, int by)
{
	if (block >= counts->block_count) {
		size_t room = block + block / 2 + 16;
		counts->blocks = mem_resize(counts->blocks, room * sizeof(*counts->blocks));
		memset(counts->blocks + counts->block_count, 0,
			(room - counts->block_count) * sizeof(*counts->blocks));
		counts->block_count = room;
	}
	counts->blocks[block].count[state] += by;
}

static void count(struct sqlite_store *s, struct job_counts *counts, enum job_state state,
	uint64_t block, int by)
{
	counts->count[state] += by;
	s->counts_all.count[state] += by;
	if (block >= COUNT_BLOCKS_MAX)
		s->arrivals_are_sparse = true;
	if (s->arrivals_are_sparse)
		return;
	count_in_block(counts, (size_t)block, state, by);
	count_in_block(&s->counts_all, (size_t)block, state, by);
}

void counts_commit(struct sqlite_store *s)
{
	for (size_t i = 0; i < s->change_count; i++) {
		struct count_change *c = &s->changes[i];
		count(s, c->of, c->state, c->arrival / COUNT_BLOCK, c->by);
	}
	s->change_count = 0;
}

/* Rows come in the order of an index, so that most differ from the one before in arrival only; a
 * GROUP BY over blocks would sort them all first. */
int counts_load(struct sqlite_store *s, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_use(s, &s->reader, STATEMENT_JOBS_COUNTED, e);
	if (!stmt)
		return -1;
	struct job_counts *of = NULL;
	int state = -1;
	int row;
	while ((row = sqlite_next(s, stmt, e)) > 0) {
		const char *owner = (const char *)sqlite3_column_text(stmt, 0);
		const char *word = (const char *)sqlite3_column_text(stmt, 1);
		if (!of || strcmp(of->owner, owner) != 0)
			of = counts_of(s, owner);
		if (state < 0 || strcmp(job_state_name((enum job_state)state), word) != 0)
			state = job_state_of(str_of(word));
		uint64_t block = (uint64_t)sqlite3_column_int64(stmt, 2) / COUNT_BLOCK;
		if (state >= 0)
			count(s, of, (enum job_state)state, block, 1);
	}
	return row;
}

void counts_finish(struct sqlite_store *s)
{
	size_t at = 0;
	struct map_entry *entry;
	while ((entry = map_each(&s->counts, &at))) {
		struct job_counts *counts = entry->value;
		free(counts->owner);
		free(counts->blocks);
		free(counts);
	}
	map_finish(&s->counts);
	free(s->counts_all.blocks);
	free(s->changes);
}

struct stream {
	sqlite3_stmt *stmt;
	uint64_t arrival;
	int64_t number;
};

struct streams {
	struct stream of[JOB_STATE_COUNT];
	int count;
};

/* False at the end of the stream or on an error. */
static int stream_next(struct sqlite_store *s, struct stream *stream, struct err *e)
{
	int row = sqlite_next(s, stream->stmt, e);
	if (row > 0) {
		stream->arrival = (uint64_t)sqlite3_column_int64(stream->stmt, 0);
		stream->number = sqlite3_column_int64(stream->stmt, 1);
	}
	return row;
}

static sqlite3_stmt *stream_use(struct sqlite_store *s, struct connection *c, int state, bool owned,
	struct err *e)
{
	sqlite3_stmt **stmt = &c->streams[owned][state];
	if (!*stmt &&
		sqlite3_prepare_v3(c->db, stream_sql[owned], -1, SQLITE_PREPARE_PERSISTENT, stmt,
			NULL) != SQLITE_OK)
		sqlite_fail(s, c->db, "use", e);
	return *stmt;
}

static int streams_open(struct sqlite_store *s, struct streams *all, unsigned states,
	const char *owner, uint64_t before_arrival, struct err *e)
{
	struct connection *c = sqlite_reader(s, e);
	if (!c)
		return -1;
	uint64_t before = before_arrival && before_arrival < INT64_MAX ? before_arrival : INT64_MAX;
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		if (states && !(states & (1u << state)))
			continue;
		struct stream *stream = &all->of[all->count];
		stream->stmt = stream_use(s, c, state, owner != NULL, e);
		if (!stream->stmt)
			return -1;
		const char *word = job_state_name((enum job_state)state);
		sqlite3_bind_text(stream->stmt, 1, word, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stream->stmt, 2, (int64_t)before);
		if (owner)
			sqlite3_bind_text(stream->stmt, 3, owner, -1, SQLITE_STATIC);
		int row = stream_next(s, stream, e);
		if (row < 0)
			return -1;
		all->count += row;
	}
	return 0;
}

static int streams_walk(struct sqlite_store *s, struct streams *all, number_visit *visit,
	void *context, struct err *e)
{
	while (all->count > 0) {
		struct stream *newest = &all->of[0];
		for (int i = 1; i < all->count; i++) {
			if (all->of[i].arrival > newest->arrival)
				newest = &all->of[i];
		}
		if (!visit(context, newest->number))
			return 0;
		int row = stream_next(s, newest, e);
		if (row == 0)
			*newest = all->of[--all->count];
		if (row < 0)
			return -1;
	}
	return 0;
}

int sqlite_stream(struct sqlite_store *s, unsigned states, const char *owner,
	uint64_t before_arrival, number_visit *visit, void *context, struct err *e)
{
	struct streams all = { 0 };
	int result = streams_open(s, &all, states, owner, before_arrival, e);
	if (result == 0)
		result = streams_walk(s, &all, visit, context, e);
	/* An open read would keep the log from being moved into the database. */
	for (int i = 0; i < all.count; i++)
		sqlite3_reset(all.of[i].stmt);
	return result;
}

struct page_walk {
	int64_t skip;
	int64_t *numbers;
	int count;
	int limit;
};

/* One more than the page holds tells whether there is a next page. */
static bool collect_page(void *context, int64_t number)
{
	struct page_walk *walk = context;
	if (walk->skip > 0) {
		walk->skip--;
		return true;
	}
	walk->numbers[walk->count++] = number;
	return walk->count <= walk->limit;
}

static int read_by_number(struct sqlite_store *s, int64_t number, struct job_record *r,
	struct arena *a, struct err *e)
{
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, STATEMENT_JOB_BY_NUMBER, e) : NULL;
	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, number);
	int row = sqlite_next(s, stmt, e);
	if (row < 0)
		return -1;
	if (row == 0)
		return err_set(e, ERR_IO, "%s lacks a job that its index names", s->path);
	sqlite_read_job(stmt, r, false, a);
	sqlite3_reset(stmt);
	return 0;
}

static int64_t count_matching(const struct job_query *q, const int64_t *counts)
{
	int64_t total = 0;
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		if (!q->states || (q->states & (1u << state)))
			total += counts[state];
	}
	return total;
}

static int64_t count_block(const struct job_query *q, const struct job_block *block)
{
	int64_t counts[JOB_STATE_COUNT];
	for (int state = 0; state < JOB_STATE_COUNT; state++)
		counts[state] = block->count[state];
	return count_matching(q, counts);
}

/* Turns what it can of *skip into a later start: whole blocks of arrivals are passed by their
 * counts. Returns where to start; *skip is what is left to walk. */
static uint64_t pass_blocks(const struct sqlite_store *s, const struct job_counts *counts,
	const struct job_query *q, int64_t *skip)
{
	uint64_t before = 0;
	for (size_t block = counts->block_count; *skip > 0 && block-- > 0;) {
		int64_t here = count_block(q, &counts->blocks[block]);
		if (s->arrivals_are_sparse || here > *skip)
			break;
		*skip -= here;
		before = (uint64_t)block * COUNT_BLOCK;
	}
	return before;
}

int sqlite_job_list(struct store *store, const struct job_query *q, struct arena *a,
	struct job_page *page, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct job_counts *counts = q->owner ? map_get(&s->counts, q->owner) : &s->counts_all;
	page->total = counts ? count_matching(q, counts->count) : 0;
	struct page_walk walk = {
		.skip = q->before_arrival ? 0 : q->offset,
		.numbers = arena_array(a, int64_t, q->limit + 1),
		.limit = q->limit,
	};
	if (walk.skip >= page->total)
		return 0;
	uint64_t before = q->before_arrival;
	if (walk.skip > 0)
		before = pass_blocks(s, counts, q, &walk.skip);
	if (sqlite_stream(s, q->states, q->owner, before, collect_page, &walk, e) < 0)
		return -1;
	page->count = walk.count < q->limit ? walk.count : q->limit;
	page->jobs = arena_array(a, struct job_record, page->count);
	for (int i = 0; i < page->count; i++) {
		if (read_by_number(s, walk.numbers[i], &page->jobs[i], a, e) < 0)
			return -1;
	}
	if (walk.count > q->limit)
		page->next_before = page->jobs[page->count - 1].job.arrival;
	return 0;
}

static bool collect_all(void *context, int64_t number)
{
	buf_add(context, &number, sizeof(number));
	return true;
}

int sqlite_jobs_incomplete(struct store *store, store_job_visit *visit, void *context,
	struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	AUTO_BUF found = { 0 };
	if (sqlite_stream(s, JOB_SET_INCOMPLETE, NULL, 0, collect_all, &found, e) < 0)
		return -1;
	const int64_t *numbers = (const int64_t *)found.bytes;
	struct arena a = { 0 };
	int result = 0;
	for (size_t i = found.length_bytes / sizeof(*numbers); result == 0 && i-- > 0;) {
		struct job_record r = { 0 };
		arena_clear(&a);
		result = read_by_number(s, numbers[i], &r, &a, e);
		if (result == 0)
			result = visit(context, &r, e);
	}
	arena_finish(&a);
	return result < 0 ? -1 : 0;
}
