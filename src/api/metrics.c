/* api/metrics.c -- a job's points, shown and reported. */
#include "api/call.h"
#include "wire/points.h"

#define POINTS_SHOWN_DEFAULT 100000
#define POINTS_SHOWN_MAX 1000000

void api_metrics_show(struct call *c)
{
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	struct point_page page = { 0 };
	struct point_query query = {
		.keys = http_query(c->r, "keys"),
		.from_step = 0,
		.to_step = INT64_MAX,
		.limit = POINTS_SHOWN_DEFAULT,
	};
	struct err e = { 0 };
	if (call_number(c, "from_step", 0, INT64_MAX, &query.from_step) ||
		call_number(c, "to_step", 0, INT64_MAX, &query.to_step) ||
		call_number(c, "limit", 1, POINTS_SHOWN_MAX, &query.limit))
		return;
	if (c->ports->points_read(c->server, c->id, &query, c->arena, &page, &e)) {
		call_fail(c, &e);
		return;
	}
	wire_points(&out, c->id, page.points, page.count);
	http_reply_buf(c->r, 200, NULL, &body);
}

struct post {
	struct metrics_ask ask;
	struct ticket *ticket;
	int entries;
};

static void posted(void *context, const struct err *e)
{
	struct post *post = context;
	struct ticket *t = post->ticket;
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	if (e) {
		ticket_fail(t, e);
		return;
	}
	json_object(&out);
	json_put_bool(&out, "success", true);
	json_put_text(&out, "job_id", t->id);
	json_put_int(&out, "count", post->entries);
	json_end(&out);
	ticket_reply(t, 200, &body);
}

void api_metrics_post(struct call *c)
{
	struct ticket *t = ticket_create(c);
	struct post *post = arena_new(&t->arena, struct post);
	struct points_body points;
	struct err e = { 0 };
	if (wire_read_points(http_body(c->r), c->id, c->ports->now(c->server).wall_ms, &t->arena,
		    &points, &e)) {
		ticket_drop(t);
		call_fail(c, &e);
		return;
	}
	post->ticket = t;
	post->entries = points.entries;
	post->ask = (struct metrics_ask){
		.id = t->id,
		.points = points.points,
		.count = points.count,
		.positions = points.positions,
		.position_count = points.position_count,
	};
	c->ports->metrics_post(c->server, &post->ask, posted, post);
	ticket_wait(t);
}
