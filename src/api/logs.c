/* api/logs.c -- lines of a log, counted and read on another thread. */
#include <string.h>
#include <unistd.h>

#include "api/call.h"
#include "api/follow.h"
#include "api/log_scan.h"

#define LINES_DEFAULT 100

struct reading {
	struct ticket *ticket;
	struct log_scan scan;
	struct buf body;
	int rc;
	struct err e;
};

static void write_lines(struct reading *read)
{
	struct json_out out = { .to = &read->body };
	json_object(&out);
	json_put_text(&out, "job_id", read->ticket->id);
	json_key(&out, "logs");
	read->rc = log_scan_write(&read->scan, &out, &read->e);
	json_put_int(&out, "total_lines", read->scan.total_lines);
	json_put_int(&out, "offset", read->scan.first_line);
	json_put_int(&out, "limit", read->scan.limit);
	json_put_int(&out, "dropped_bytes", read->scan.kept_from_bytes);
	json_end(&out);
}

static void read_lines(void *context)
{
	struct reading *read = context;
	read->rc = log_scan(&read->scan, &read->e);
	if (read->rc == 0)
		write_lines(read);
}

static void lines_read(void *context)
{
	struct reading *read = context;
	struct ticket *t = read->ticket;
	struct buf body = read->body;
	struct err e = read->e;
	close(read->scan.fd);
	if (read->rc)
		ticket_fail(t, &e);
	else
		ticket_reply(t, 200, &body);
	buf_finish(&body);
}

static void reply_none(struct call *c)
{
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	json_object(&out);
	json_put_text(&out, "job_id", c->id);
	json_put_raw(&out, "logs", "[]");
	json_put_int(&out, "total_lines", 0);
	json_put_text(&out, "message", "No logs available yet");
	json_end(&out);
	http_reply_buf(c->r, 200, NULL, &body);
}

static void show(struct call *c, const struct log_view *view, int64_t limit, int64_t offset)
{
	struct ticket *t = ticket_create(c);
	struct reading *read = arena_new(&t->arena, struct reading);
	read->ticket = t;
	read->scan.fd = view->fd;
	read->scan.kept_from_bytes = view->kept_from_bytes;
	read->scan.limit = (int)limit;
	read->scan.offset = offset;
	c->ports->background(c->server, read_lines, lines_read, read);
	ticket_wait(t);
}

void api_logs_show(struct call *c)
{
	int64_t limit = LINES_DEFAULT, offset = 0;
	const char *follow = http_query(c->r, "follow");
	struct log_view view = { .fd = -1 };
	struct err e = { 0 };
	if (call_number(c, "limit", 1, LOG_LINES_MAX, &limit) ||
		call_number(c, "offset", INT64_MIN, INT64_MAX, &offset))
		return;
	if (follow && strcmp(follow, "true") != 0 && strcmp(follow, "false") != 0) {
		err_set(&e, ERR_INPUT, "follow must be true or false, got \"%.60s\"", follow);
		call_fail(c, &e);
		return;
	}
	if (follow && strcmp(follow, "true") == 0) {
		follow_start(c, (int)limit, offset);
		return;
	}
	if (c->ports->log_open(c->server, c->id, &view, &e)) {
		call_fail(c, &e);
		return;
	}
	if (view.fd < 0)
		reply_none(c);
	else
		show(c, &view, limit, offset);
}
