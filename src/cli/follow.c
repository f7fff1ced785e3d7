/* cli/follow.c -- see follow.h. */
#include "cli/follow.h"

#include <string.h>
#include <unistd.h>

#include "cli/term.h"
#include "loop/loop.h"

#define STATUS_MS 1000 /* the bar's rhythm */
#define QUEUED_MS 300  /* while it waits, for a start to be seen soon */

static void hide_bar(void *context)
{
	struct follow *f = context;
	bar_hide(&f->bar);
}

void follow_init(struct follow *f, struct client *c, const char *id, int64_t from_line)
{
	*f = (struct follow){
		.watch = { .client = c, .before_line = hide_bar, .context = f },
		.id = id,
		.clean = isatty(STDOUT_FILENO),
		.line = from_line,
		.at_line_start = true,
		.signal_fd = -1,
	};
}

void follow_finish(struct follow *f)
{
	AUTO_BUF rest = { 0 };
	net_stream_close(f->stream);
	f->stream = NULL;
	bar_finish(&f->bar);
	if (f->clean)
		scrub_end(&f->scrub, &rest);
	if (f->broken.kind == ERR_NONE)
		term_write_buf(&rest, NULL);
	if (f->signal_fd >= 0)
		close(f->signal_fd);
	f->signal_fd = -1;
}

static void count(struct follow *f, const char *bytes, size_t size_bytes)
{
	const char *last = memrchr(bytes, '\n', size_bytes);
	for (const char *at = bytes; last && at <= last; at++)
		f->line += *at == '\n';
	if (last)
		f->part_bytes = bytes + size_bytes - (last + 1);
	else
		f->part_bytes += (int64_t)size_bytes;
	f->at_line_start = f->part_bytes == 0;
}

void follow_bytes(void *context, const char *bytes, size_t size_bytes)
{
	struct follow *f = context;
	size_t skip = f->skip_bytes < (int64_t)size_bytes ? (size_t)f->skip_bytes : size_bytes;
	f->skip_bytes -= (int64_t)skip;
	bytes += skip;
	size_bytes -= skip;
	if (size_bytes == 0 || f->broken.kind != ERR_NONE)
		return;
	count(f, bytes, size_bytes);
	bar_hide(&f->bar);
	if (!f->clean) {
		term_write(bytes, size_bytes, &f->broken);
	} else {
		AUTO_BUF text = { 0 };
		scrub_add(&f->scrub, bytes, size_bytes, &text);
		term_write_buf(&text, &f->broken);
	}
	if (f->at_line_start)
		bar_again(&f->bar);
}

static int open_stream(struct follow *f, struct err *e)
{
	AUTO_BUF path = { 0 };
	struct err failure = { 0 };
	buf_text(&path, "/api/training/logs/");
	client_escape(&path, f->id);
	buf_format(&path, "?follow=true&offset=%lld", (long long)f->line);
	f->skip_bytes = f->part_bytes;
	f->stream = client_stream(f->watch.client, path.bytes, follow_bytes, f, &failure);
	if (f->stream)
		return 0;
	f->stream_due_boot_ms = loop_now().boot_ms + WATCH_RETRY_MS;
	return watch_failed(&f->watch, &failure, e) < 0 ? -1 : 0;
}

/* A stream that ended by itself has told the whole log, if the job has ended too; a server that
 * shuts down ends it as well. */
static int look_at_stream(struct follow *f, struct err *e)
{
	struct net_reply reply = { 0 };
	struct err failure = { 0 };
	if (!f->stream || !net_stream_end(f->stream, &reply, &failure))
		return 0;
	net_stream_close(f->stream);
	f->stream = NULL;
	f->stream_due_boot_ms = loop_now().boot_ms + WATCH_RETRY_MS;
	if (failure.kind == ERR_NONE && reply.status == 200)
		f->log_done = true;
	else if (failure.kind == ERR_NONE)
		client_refusal(f->watch.client, &reply, &failure);
	net_reply_finish(&reply);
	return failure.kind != ERR_NONE && watch_failed(&f->watch, &failure, e) < 0 ? -1 : 0;
}

/* One look at the job. 0 = it goes on, 1 = ended and told, -1. */
static int look_at_job(struct follow *f, struct answer *a, struct job_facts *facts, struct err *e)
{
	int away = watch_job(&f->watch, f->id, a, facts, e);
	if (away)
		return away < 0 ? -1 : 0;
	if (job_facts_over(facts))
		return f->log_done;
	/* The stream ended but the job did not: the server left in between. */
	f->log_done = false;
	if (f->at_line_start || !f->bar.tty)
		bar_show(&f->bar, facts, loop_now().boot_ms);
	return 0;
}

static int64_t pause_of(const struct follow *f, const struct job_facts *facts)
{
	if (f->watch.away_since_boot_ms)
		return WATCH_RETRY_MS;
	return facts->state == JOB_RUNNING ? STATUS_MS : QUEUED_MS;
}

int follow_run(struct follow *f, struct answer *a, struct job_facts *facts, int *exit_code,
	struct err *e)
{
	int64_t look_due_ms = 0;
	struct job_facts seen = { 0 };
	for (;;) {
		int64_t now_ms = loop_now().boot_ms;
		if (!f->stream && !f->log_done && now_ms >= f->stream_due_boot_ms &&
			open_stream(f, e))
			return -1;
		if (now_ms >= look_due_ms) {
			int over = look_at_job(f, a, &seen, e);
			*facts = seen;
			if (over)
				return over < 0 ? -1 : 0;
			look_due_ms = now_ms + pause_of(f, facts);
		}
		unsigned ready = net_wait(client_net(f->watch.client), look_due_ms - now_ms,
			&f->signal_fd, f->signal_fd >= 0);
		bool streamed = f->stream != NULL;
		if (look_at_stream(f, e))
			return -1;
		if (streamed && !f->stream)
			look_due_ms = f->log_done ? 0 : loop_now().boot_ms + WATCH_RETRY_MS;
		if (f->until_line > 0 && f->line + (f->part_bytes > 0) >= f->until_line)
			return 0;
		if (f->broken.kind != ERR_NONE) {
			*e = f->broken;
			return -1;
		}
		int number = ready ? watch_next_signal(f->signal_fd) : 0;
		if (!number)
			continue;
		*exit_code = 128 + number;
		if (!f->on_signal || f->on_signal(f, number, exit_code, e))
			return 1;
	}
}
