/* api/cancel.c -- stopping a job; the replies are a table of the contract with older clients. */
#include "api/call.h"
#include "wire/cancel.h"

/* Every control verb answers in this form, so that clients find `success` and `message`. */
static void control_reply(struct buf *body, bool success, const char *id, enum job_state previous,
	const char *code, const char *message)
{
	struct json_out out = { .to = body };
	json_object(&out);
	json_put_bool(&out, "success", success);
	json_put_text(&out, "job_id", id);
	json_put_text(&out, "previous_status", job_state_name(previous));
	json_put_text(&out, "message", message);
	if (!success) {
		json_put_text(&out, "error", message);
		json_put_text(&out, "detail", message);
		json_put_text(&out, "code", code);
	}
	json_end(&out);
}

static void cancelled(void *context, const struct cancel_result *result, const struct err *e)
{
	struct ticket *t = context;
	AUTO_BUF body = { 0 };
	if (e) {
		ticket_fail(t, e);
		return;
	}
	enum job_state previous = result->previous;
	const char *was = job_state_name(previous);
	switch (result->outcome) {
	case CANCEL_ENDED:
		control_reply(&body, true, t->id, previous, NULL,
			previous == JOB_QUEUED
				? "Job removed from queue and cancelled"
				: arena_format(&t->arena, "Job cancelled (was %s)", was));
		ticket_reply(t, 200, &body);
		break;
	case CANCEL_REQUESTED:
		control_reply(&body, true, t->id, previous, NULL, "Stop requested");
		ticket_reply(t, 202, &body);
		break;
	case CANCEL_WAS_OVER:
		control_reply(&body, false, t->id, previous, err_word(ERR_STATE),
			arena_format(&t->arena, "Job already finished with status: %s", was));
		ticket_reply(t, 400, &body);
		break;
	case CANCEL_STILL_ALIVE:
		control_reply(&body, false, t->id, previous, "still_alive",
			result->detail ? result->detail : "some of the job's processes still live");
		ticket_reply(t, 500, &body);
		break;
	}
}

void api_job_cancel(struct call *c)
{
	struct ticket *t = ticket_create(c);
	struct cancel_ask *ask = arena_new(&t->arena, struct cancel_ask);
	struct cancel_body body;
	struct err e = { 0 };
	bool bad = wire_read_cancel(http_body(c->r), &t->arena, &body, &e);
	if (!bad && body.mode != CANCEL_NOW && !job_state_in(c->job.job.state, JOB_SET_TERMINAL))
		bad = err_set(&e, ERR_STATE,
			"job %s cannot checkpoint: cancel it with mode now, or leave it running",
			c->id);
	if (bad) {
		ticket_drop(t);
		call_fail(c, &e);
		return;
	}
	*ask = (struct cancel_ask){
		.id = t->id,
		.by = t->who.user,
		.reason = body.reason,
		.grace_ms = body.grace_ms,
		.wait = body.wait,
	};
	c->ports->cancel(c->server, ask, cancelled, t);
	ticket_wait(t);
}
