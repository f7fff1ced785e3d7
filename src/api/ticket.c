/* api/ticket.c -- answers that come later; see call.h. */
#include <assert.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/mem.h"

struct ticket *ticket_create(struct call *c)
{
	struct ticket *t = mem_alloc(sizeof(*t));
	t->api = c->api;
	t->r = c->r;
	t->who = c->who;
	t->id = arena_string(&t->arena, c->id);
	return t;
}

void ticket_drop(struct ticket *t)
{
	arena_finish(&t->arena);
	free(t);
}

static void client_left(void *context, struct http_request *r)
{
	struct ticket *t = context;
	t->r = NULL;
}

void ticket_wait(struct ticket *t)
{
	if (t->answered) {
		ticket_drop(t);
		return;
	}
	t->waiting = true;
	http_defer(t->r, client_left, t);
}

/* The act may answer before it returns: then ticket_wait, still to come, ends the ticket. */
static void end(struct ticket *t)
{
	assert(!t->answered);
	t->answered = true;
	if (t->waiting)
		ticket_drop(t);
}

void ticket_reply(struct ticket *t, int status, struct buf *body)
{
	if (t->r)
		http_reply_buf(t->r, status, NULL, body);
	end(t);
}

void ticket_fail(struct ticket *t, const struct err *e)
{
	if (t->r)
		http_error(t->r, e, t->id);
	end(t);
}
