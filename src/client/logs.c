/* client/logs.c -- see client.h: a job's log, line by line. */
#include "client/client.h"
#include "json/json.h"

static int64_t count_of(const struct json *object, const char *key)
{
	const struct json *v = json_member(object, key);
	return v && v->kind == JSON_IS_INT ? v->integer : -1;
}

int client_log(struct client *c, const char *id, int64_t from, int64_t limit, struct answer *a,
	struct log_page *page, struct err *e)
{
	AUTO_BUF path = { 0 };
	buf_text(&path, "/api/training/logs/");
	client_escape(&path, id);
	buf_format(&path, "?limit=%lld&offset=%lld", (long long)limit, (long long)from);
	struct client_request r = { .method = "GET", .path = path.bytes };
	if (client_call(c, &r, a, e))
		return -1;
	const struct json *lines = a->document && a->document->kind == JSON_IS_OBJECT
		? json_member(a->document, "logs")
		: NULL;
	if (!lines || lines->kind != JSON_IS_LIST)
		return err_set(e, ERR_UNAVAILABLE,
			"the server's reply is no log: "
			"is this a trainyard server, and as new as this program?");
	*page = (struct log_page){ .total = count_of(a->document, "total_lines"),
		.count = lines->count };
	return 0;
}
