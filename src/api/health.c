/* api/health.c -- is the server alive, and does its memory agree with its disk. */
#include "api/call.h"

/* Open to all, so it says no more than it must. */
void api_health_alive(struct call *c)
{
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	const struct server_facts *facts = c->ports->facts(c->server);
	json_object(&out);
	json_put_text(&out, "status", "healthy");
	json_put_text(&out, "service", "trainyard");
	json_put_text(&out, "version", facts->version);
	json_put_bool(&out, "gpu_available", facts->gpu_count > 0);
	json_put_text(&out, "gpu_info", facts->gpu_count > 0 ? "GPU detected" : "No GPU detected");
	json_end(&out);
	http_reply_buf(c->r, 200, NULL, &body);
}

static void checked(void *context, const struct health_report *report, const struct err *e)
{
	struct ticket *t = context;
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	if (e) {
		ticket_fail(t, e);
		return;
	}
	wire_health(&out, report);
	ticket_reply(t, 200, &body);
}

void api_health_check(struct call *c)
{
	struct ticket *t = ticket_create(c);
	c->ports->health(c->server, checked, t);
	ticket_wait(t);
}
