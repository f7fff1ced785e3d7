/* client/jobs.c -- see client.h: asking for jobs, submitting and cancelling them. */
#include "client/client.h"

#include <string.h>

#include "base/json_out.h"
#include "client/answer.h"
#include "json/json.h"
#include "loop/loop.h"

#define PAGE_JOBS 1000           /* the most that the server gives at once */
#define SUBMIT_PATIENCE_MS 60000 /* for all tries together */
#define SUBMIT_TIMEOUT_MS 20000  /* for one of them */
#define SUBMIT_PAUSE_MS 250      /* between two; grows with each */

int client_job(struct client *c, const char *id, struct answer *a, struct job_facts *facts,
	struct err *e)
{
	AUTO_BUF path = { 0 };
	buf_text(&path, "/api/training/jobs/");
	client_escape(&path, id);
	struct client_request r = { .method = "GET", .path = path.bytes };
	if (client_call(c, &r, a, e))
		return -1;
	return job_facts_read(facts, a->document, e);
}

/* A key that no other submission has: 128 random bits. */
static void make_key(char key[33])
{
	unsigned char bytes[16];
	loop_random(bytes, sizeof(bytes));
	str_to_hex(key, bytes, sizeof(bytes));
}

/* Could the same request succeed soon when it is sent again? A full queue is no such case, whoever
 * submits wants to know. Nobody there at the first try is told at
 * once; after that it is a server that is being started again. */
static bool is_passing(enum err_kind kind, int tries)
{
	if (kind == ERR_NO_SERVER)
		return tries > 1;
	return kind == ERR_UNAVAILABLE || kind == ERR_TIMEOUT;
}

/* Whether the job was accepted is not known when no try was answered. */
static int tell_unsubmitted(const struct err *failure, struct err *e)
{
	if (failure->kind != ERR_UNAVAILABLE && failure->kind != ERR_TIMEOUT)
		return err_set(e, failure->kind, "%s", failure->text);
	return err_set(e, failure->kind,
		"%.200s; the job may have been accepted: `trainyard ls` tells", failure->text);
}

int client_submit(struct client *c, const char *json, struct answer *a, struct job_facts *facts,
	struct err *e)
{
	char key[33];
	struct err failure = { 0 };
	int64_t deadline_ms = loop_now().boot_ms + SUBMIT_PATIENCE_MS;
	make_key(key);
	struct client_request r = { .method = "POST",
		.path = "/api/training/jobs",
		.json = json,
		.idempotency_key = key,
		.timeout_ms = SUBMIT_TIMEOUT_MS };
	for (int tries = 1; client_call(c, &r, a, &failure); tries++) {
		if (!is_passing(failure.kind, tries) || loop_now().boot_ms > deadline_ms)
			return tell_unsubmitted(&failure, e);
		net_wait(client_net(c), (int64_t)SUBMIT_PAUSE_MS * tries, NULL, 0);
	}
	return job_facts_read(facts, a->document, e);
}

int client_cancel(struct client *c, const char *id, const struct cancel_wish *wish,
	struct answer *a, const char **message, struct err *e)
{
	AUTO_BUF path = { 0 };
	AUTO_BUF body = { 0 };
	struct json_out j = { .to = &body };
	buf_text(&path, "/api/training/jobs/");
	client_escape(&path, id);
	buf_text(&path, "/cancel");
	json_object(&j);
	if (wish->reason)
		json_put_text(&j, "reason", wish->reason);
	if (wish->grace_ms >= 0)
		json_put_double(&j, "grace_seconds", (double)wish->grace_ms / 1000);
	if (wish->at_once)
		json_put_bool(&j, "wait", false);
	json_end(&j);
	struct client_request r = { .method = "POST",
		.path = path.bytes,
		.json = body.bytes,
		.timeout_ms = wish->at_once ? 0 : -1 };
	if (client_call(c, &r, a, e))
		return -1;
	*message = answer_text(a, "message");
	return 0;
}

static int read_page(struct client *c, const struct jobs_ask *ask, int64_t limit,
	const char *cursor, struct answer *a, struct err *e)
{
	AUTO_BUF path = { 0 };
	buf_format(&path, "/api/training/jobs?limit=%lld", (long long)limit);
	if (ask->status) {
		buf_text(&path, "&status=");
		client_escape(&path, ask->status);
	}
	if (cursor && *cursor) {
		buf_text(&path, "&cursor=");
		client_escape(&path, cursor);
	}
	struct client_request r = { .method = "GET", .path = path.bytes };
	return client_call(c, &r, a, e);
}

/* The cursor of the next page, "" = there is none. */
static void take_cursor(const struct json *page, struct buf *cursor)
{
	const struct json *next = json_member(page, "next_cursor");
	buf_clear(cursor);
	if (next && next->kind == JSON_IS_TEXT)
		buf_add(cursor, next->text.at, next->text.length_bytes);
	else if (next && next->kind == JSON_IS_INT)
		buf_format(cursor, "%lld", (long long)next->integer);
}

int client_jobs(struct client *c, const struct jobs_ask *ask, client_job_fn *fn, void *context,
	int64_t *total, struct err *e)
{
	struct answer a = { 0 };
	AUTO_BUF cursor = { 0 };
	int64_t left = ask->limit > 0 ? ask->limit : INT64_MAX;
	int failed = 0;
	do {
		const struct json *jobs = NULL;
		failed = read_page(c, ask, left < PAGE_JOBS ? left : PAGE_JOBS, cursor.bytes, &a,
			e);
		if (!failed && a.document && a.document->kind == JSON_IS_OBJECT)
			jobs = json_member(a.document, "jobs");
		if (!failed && (!jobs || jobs->kind != JSON_IS_LIST))
			failed = err_set(e, ERR_UNAVAILABLE,
				"the server's reply is no list of jobs");
		if (failed)
			break;
		const struct json *all = json_member(a.document, "total");
		if (total && all && all->kind == JSON_IS_INT)
			*total = all->integer;
		for (int i = 0; i < jobs->count && !failed; i++) {
			struct job_facts facts;
			failed = job_facts_read(&facts, &jobs->items[i], e);
			if (!failed)
				fn(context, &facts);
		}
		left -= jobs->count;
		take_cursor(a.document, &cursor);
		if (jobs->count == 0)
			break;
	} while (!failed && left > 0 && cursor.length_bytes > 0);
	answer_finish(&a);
	return failed;
}
