/* api/queue.c -- what runs and what waits. */
#include "api/call.h"

#define QUEUE_LIMIT_MAX 100000

void api_queue_show(struct call *c)
{
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	struct queue_view queue = { 0 };
	int64_t limit = JOB_LIMIT_MAX;
	struct err e = { 0 };
	if (call_number(c, "limit", 1, QUEUE_LIMIT_MAX, &limit))
		return;
	if (c->ports->queue_read(c->server, (int)limit, c->arena, &queue, &e)) {
		call_fail(c, &e);
		return;
	}
	wire_queue(&out, &queue);
	http_reply_buf(c->r, 200, NULL, &body);
}
