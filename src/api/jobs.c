/* api/jobs.c -- reading jobs: one, its status, lists. */
#include "api/call.h"

#define REPLY_BYTES 2000 /* a usual status fits: it is not copied while it grows */

static void reply_job(struct call *c, enum job_detail detail)
{
	AUTO_BUF body = { 0 };
	struct err e;
	struct json_out out = { .to = &body };
	struct job_view view = call_view(c, &c->job);
	buf_reserve(&body, REPLY_BYTES);
	view.show_private = detail == JOB_WHOLE && call_may(c, AUTH_MAY_LOOK_INTO);
	if (view.show_private && c->ports->job_inputs(c->server, &c->job, c->arena, &e)) {
		call_fail(c, &e);
		return;
	}
	wire_job(&out, &view, detail, c->arena);
	http_reply_buf(c->r, 200, NULL, &body);
}

void api_job_get(struct call *c)
{
	reply_job(c, JOB_WHOLE);
}

void api_job_status(struct call *c)
{
	reply_job(c, JOB_STATUS);
}

/* The cursor is the arrival of the last job that was shown. */
static int read_cursor(struct call *c, struct job_query *query)
{
	const char *cursor = http_query(c->r, "cursor");
	struct err e;
	if (!cursor || str_to_u64(str_of(cursor), &query->before_arrival))
		return 0;
	err_set(&e, ERR_INPUT, "cursor must be the next_cursor of a list, got \"%.60s\"", cursor);
	call_fail(c, &e);
	return -1;
}

static int read_query(struct call *c, struct job_query *query)
{
	int64_t limit = JOB_LIMIT_DEFAULT;
	const char *states = http_query(c->r, "status");
	struct err e;
	if (call_number(c, "limit", 1, JOB_LIMIT_MAX, &limit) ||
		call_number(c, "offset", 0, INT64_MAX, &query->offset) || read_cursor(c, query))
		return -1;
	query->limit = (int)limit;
	query->owner = http_query(c->r, "owner");
	if (states && job_states_parse(str_of(states), &query->states, &e)) {
		call_fail(c, &e);
		return -1;
	}
	return 0;
}

void api_job_list(struct call *c)
{
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	struct job_query query = { 0 };
	struct job_page page = { 0 };
	struct err e = { 0 };
	if (read_query(c, &query))
		return;
	if (c->ports->job_list(c->server, &query, c->arena, &page, &e)) {
		call_fail(c, &e);
		return;
	}
	wire_list_begin(&out, &page);
	for (int i = 0; i < page.count; i++) {
		struct job_view view = call_view(c, &page.jobs[i]);
		wire_job(&out, &view, JOB_STATUS, c->arena);
	}
	wire_list_end(&out, &page, &query);
	http_reply_buf(c->r, 200, NULL, &body);
}
