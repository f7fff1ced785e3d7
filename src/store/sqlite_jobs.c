/* store/sqlite_jobs.c -- jobs and their attempts: see store.h. */
#include <math.h>
#include <string.h>

#include "store/sqlite.h"

/* A field that is not known is NULL in its column, as is one that is not a number: the bits tell
 * which. */
static struct job_progress progress_to_columns(const struct job_progress *p)
{
	struct job_progress columns = *p;
	for (int field = 0; field < PROGRESS_FIELD_COUNT; field++) {
		if (!progress_has(p, (enum progress_field)field))
			columns.value[field] = (double)NAN;
	}
	return columns;
}

static void progress_from_columns(struct job_progress *p)
{
	for (int field = 0; field < PROGRESS_FIELD_COUNT; field++) {
		if (!progress_has(p, (enum progress_field)field))
			p->value[field] = 0;
	}
}

void sqlite_read_job(sqlite3_stmt *stmt, struct job_record *r, bool whole, struct arena *a)
{
	int at = 0;
	columns_read(&columns_control, stmt, &at, &r->job, a);
	columns_read(&columns_spec, stmt, &at, &r->spec, a);
	columns_read(&columns_progress, stmt, &at, &r->progress, a);
	progress_from_columns(&r->progress);
	if (whole)
		columns_read(&columns_inputs, stmt, &at, &r->spec, a);
}

static int inputs_insert(struct sqlite_store *s, const struct job_spec *spec, int64_t number,
	struct err *e)
{
	if (!spec->env_json && !spec->config_json)
		return 0;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_INPUTS_INSERT, e);
	if (!stmt)
		return -1;
	int at = 1;
	columns_bind(&columns_inputs, stmt, &at, spec);
	sqlite3_bind_int64(stmt, at, number);
	return sqlite_run(s, stmt, e);
}

int sqlite_job_insert(struct store *store, const struct job_record *r, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_JOB_INSERT, e);
	if (!stmt)
		return -1;
	struct job_progress progress = progress_to_columns(&r->progress);
	int at = 1;
	columns_bind(&columns_control, stmt, &at, &r->job);
	columns_bind(&columns_spec, stmt, &at, &r->spec);
	columns_bind(&columns_progress, stmt, &at, &progress);
	if (sqlite_run(s, stmt, e) < 0) {
		if (e->kind == ERR_CONFLICT)
			err_set(e, ERR_CONFLICT, "a job with the id %s exists already", r->job.id);
		return -1;
	}
	if (inputs_insert(s, &r->spec, sqlite3_last_insert_rowid(s->writer.db), e) < 0)
		return -1;
	if (r->job.arrival > s->arrival_latest)
		s->arrival_latest = r->job.arrival;
	counts_change(s,
		(struct count_change){ .of = counts_of(s, r->spec.owner),
			.state = r->job.state,
			.arrival = r->job.arrival,
			.by = 1 });
	return 0;
}

int sqlite_job_update(struct store *store, const struct job *j, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	int64_t number;
	struct count_change counted = { .by = -1 };
	if (sqlite_job_number(s, j->id, &number, &counted, e) < 0)
		return -1;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_JOB_UPDATE, e);
	if (!stmt)
		return -1;
	int at = 1;
	columns_bind(&columns_control, stmt, &at, j);
	sqlite3_bind_int64(stmt, at, number);
	if (sqlite_run(s, stmt, e) < 0)
		return -1;
	if (counted.state != j->state || counted.arrival != j->arrival) {
		counts_change(s, counted);
		counts_change(s, (struct count_change){ counted.of, j->state, j->arrival, 1 });
	}
	return 0;
}

int sqlite_progress_put(struct store *store, const char *id, const struct job_progress *p,
	struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	int64_t number;
	if (sqlite_job_number(s, id, &number, NULL, e) < 0)
		return -1;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_PROGRESS_UPDATE, e);
	if (!stmt)
		return -1;
	struct job_progress progress = progress_to_columns(p);
	int at = 1;
	columns_bind(&columns_progress, stmt, &at, &progress);
	sqlite3_bind_int64(stmt, at, number);
	return sqlite_run(s, stmt, e);
}

int sqlite_attempt_put(struct store *store, const struct attempt_record *a, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	int64_t number;
	if (sqlite_job_number(s, a->job_id, &number, NULL, e) < 0)
		return -1;
	sqlite3_stmt *stmt = sqlite_use(s, &s->writer, STATEMENT_ATTEMPT_PUT, e);
	if (!stmt)
		return -1;
	int at = 1;
	columns_bind(&columns_attempt, stmt, &at, a);
	sqlite3_bind_int64(stmt, at, number);
	return sqlite_run(s, stmt, e);
}

/* A statement of the reader with a job's id as its first parameter. */
static sqlite3_stmt *read_by_id(struct sqlite_store *s, enum statement which, const char *id,
	struct err *e)
{
	struct connection *c = sqlite_reader(s, e);
	sqlite3_stmt *stmt = c ? sqlite_use(s, c, which, e) : NULL;
	if (stmt)
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	return stmt;
}

int sqlite_job_get(struct store *store, const char *id, struct arena *a, struct job_record **r,
	struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = read_by_id(s, STATEMENT_JOB_GET, id, e);
	int row = stmt ? sqlite_next(s, stmt, e) : -1;
	if (row < 0)
		return -1;
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "no job has the id %s", id);
	*r = arena_new(a, struct job_record);
	sqlite_read_job(stmt, *r, true, a);
	sqlite3_reset(stmt);
	return 0;
}

static void read_attempt(sqlite3_stmt *stmt, const char *id, struct attempt_record *attempt)
{
	int at = 0;
	memset(attempt, 0, sizeof(*attempt));
	str_copy(attempt->job_id, sizeof(attempt->job_id), id);
	columns_read(&columns_attempt, stmt, &at, attempt, NULL);
}

int sqlite_attempts(struct store *store, const char *id, struct arena *a,
	struct attempt_record **attempts, size_t *count, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = read_by_id(s, STATEMENT_ATTEMPTS, id, e);
	if (!stmt)
		return -1;
	AUTO_BUF found = { 0 };
	int row;
	while ((row = sqlite_next(s, stmt, e)) > 0) {
		struct attempt_record attempt;
		read_attempt(stmt, id, &attempt);
		buf_add(&found, &attempt, sizeof(attempt));
	}
	if (row < 0)
		return -1;
	*count = found.length_bytes / sizeof(struct attempt_record);
	*attempts = (struct attempt_record *)arena_copy(a, found.bytes, found.length_bytes);
	return 0;
}

int sqlite_attempt_latest(struct store *store, const char *id, struct attempt_record *attempt,
	struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = read_by_id(s, STATEMENT_ATTEMPT_LATEST, id, e);
	int row = stmt ? sqlite_next(s, stmt, e) : -1;
	if (row < 0)
		return -1;
	if (row == 0)
		return err_set(e, ERR_NOT_FOUND, "job %s was never launched", id);
	read_attempt(stmt, id, attempt);
	sqlite3_reset(stmt);
	return 0;
}
