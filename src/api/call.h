/* api/call.h -- one request on its way through a handler; inside this room only.
 *
 * A struct call lives as long as the handler runs. What answers later is a struct ticket: it has
 * memory of its own, for the request's may be gone (its client left) before the act answers. */
#ifndef API_CALL_H
#define API_CALL_H

#include "api/ports.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json_out.h"
#include "http/http.h"
#include "wire/job_out.h"

struct api {
	const struct ports *ports;
	char *openapi;
	char *page;
};

struct call {
	struct api *api;
	const struct ports *ports;
	void *server; /* ports->server */
	struct http_request *r;
	struct arena *arena; /* the request's */
	const struct api_route *route;
	struct auth_identity who;
	const char *id;        /* the job that the path or query names, or NULL */
	struct job_record job; /* that job */
};

void call_fail(struct call *c, const struct err *e);          /* answers with the error */
bool call_may(const struct call *c, enum auth_action action); /* on c->job */

/* Whole numbers of the query; the default where absent. -1 when it was answered with an error. */
int call_number(struct call *c, const char *name, int64_t least, int64_t most, int64_t *value);

/* The job as it is now, for wire_job. */
struct job_view call_view(struct call *c, const struct job_record *record);

struct ticket {
	struct arena arena;
	struct api *api;
	struct http_request *r; /* NULL once the client has left */
	struct auth_identity who;
	const char *id; /* the job's */
	bool answered;
	bool waiting; /* the handler has returned */
};

/* Before the act: */
struct ticket *ticket_create(struct call *c);
/* After the act, last thing in a handler: waits for the answer unless it was given already. */
void ticket_wait(struct ticket *t);
/* In the act's callback: answers (or not, when the client has left), then ends the ticket.
 * Exactly one of these, exactly once. */
void ticket_reply(struct ticket *t, int status, struct buf *body);
void ticket_fail(struct ticket *t, const struct err *e);
/* A ticket whose act was never begun; the caller has answered. */
void ticket_drop(struct ticket *t);

#endif
