/* client/queue.c -- see client.h: the queue and the server's health. */
#include <math.h>

#include "client/client.h"
#include "json/json.h"

static int no_answer(const char *what, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE,
		"the server's reply is no %s: "
		"is this a trainyard server, and as new as this program?",
		what);
}

static const char *text_of(const struct json *object, const char *key)
{
	const struct json *v = json_member(object, key);
	return v && v->kind == JSON_IS_TEXT ? v->text.at : NULL;
}

/* Entries of one list; what the list says nothing of is filled in from what it is. */
static int each_entry(const struct json *list, const char *status, queue_entry_fn *fn,
	void *context)
{
	if (!list || list->kind != JSON_IS_LIST)
		return -1;
	for (int i = 0; i < list->count; i++) {
		const struct json *o = &list->items[i];
		if (o->kind != JSON_IS_OBJECT || !text_of(o, "job_id"))
			return -1;
		struct queue_entry entry = { text_of(o, "job_id"), text_of(o, "name"),
			text_of(o, "status"), -1, NAN };
		const struct json *position = json_member(o, "position");
		const struct json *progress = json_member(o, "progress");
		if (position && position->kind == JSON_IS_INT)
			entry.position = position->integer;
		if (progress && !json_number(progress, &entry.progress))
			entry.progress = NAN;
		if (!entry.name)
			entry.name = entry.id;
		if (!entry.status)
			entry.status = status;
		fn(context, &entry);
	}
	return 0;
}

int client_queue(struct client *c, struct answer *a, queue_entry_fn *fn, void *context,
	struct err *e)
{
	struct client_request r = { .method = "GET", .path = "/api/training/queue" };
	if (client_call(c, &r, a, e))
		return -1;
	if (!a->document || a->document->kind != JSON_IS_OBJECT ||
		each_entry(json_member(a->document, "running_jobs"), "running", fn, context) ||
		each_entry(json_member(a->document, "queued_jobs"), "queued", fn, context))
		return no_answer("queue", e);
	return 0;
}

int client_health(struct client *c, struct answer *a, bool *healthy, struct err *e)
{
	struct client_request r = { .method = "GET", .path = "/api/training/health" };
	if (client_call(c, &r, a, e))
		return -1;
	const struct json *v = a->document && a->document->kind == JSON_IS_OBJECT
		? json_member(a->document, "healthy")
		: NULL;
	if (!v || v->kind != JSON_IS_BOOL)
		return no_answer("health report", e);
	*healthy = v->boolean;
	return 0;
}
