/* client/client.h -- trainyard's API as C functions.
 *
 * A struct client finds the server when it first calls and looks again whenever nobody answers, for
 * a restarted server may have another address. Answers live in a struct answer: zeroed at first,
 * used again and again, and valid until it is used for the next call or finished. Every function
 * returns 0, or -1 with *e; an error of the server comes with the kind and the sentence that the
 * server gave, and its answer is kept too. Not thread-safe. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "client/facts.h"
#include "client/place.h"
#include "net/net.h"

struct client;

struct answer {
	int status;      /* HTTP; 0 = none came */
	struct buf body; /* as it came */
	struct arena arena;
	const struct json *document; /* NULL when the body is no JSON */
};

void answer_finish(struct answer *a);

/* `where` is copied by reference: its strings must outlive the client. */
struct client *client_open(const struct client_where *where, struct err *e);
void client_close(struct client *c); /* NULL is fine */
const char *client_server_name(struct client *c);

struct client_request {
	const char *method;
	const char *path; /* with its query, escaped */
	const char *json; /* NULL = no body */
	const char *idempotency_key;
	int64_t timeout_ms; /* 0 = 30 s; -1 = as long as it takes */
};

int client_call(struct client *c, const struct client_request *request, struct answer *a,
	struct err *e);

/* Adds %XX for what may not stand in a path or a query as it is. */
void client_escape(struct buf *to, const char *text);

/* A job of exactly this id. */
int client_job(struct client *c, const char *id, struct answer *a, struct job_facts *facts,
	struct err *e);
/* A job by id, name, or the beginning of its id. ERR_CONFLICT lists those that it may mean. */
int client_find(struct client *c, const char *word, struct answer *a, struct job_facts *facts,
	struct err *e);

/* `json` is a submission as POST jobs takes it. A key of its own makes it safe to send again: a
 * lost reply is asked for once more, and one submission never makes two jobs. */
int client_submit(struct client *c, const char *json, struct answer *a, struct job_facts *facts,
	struct err *e);

struct cancel_wish {
	const char *reason; /* NULL = none */
	int64_t grace_ms;   /* -1 = the job's own */
	bool at_once;       /* return as soon as it is asked, not when it has ended */
};

/* Returns when the job has ended, unless at_once. *message is the server's sentence. */
int client_cancel(struct client *c, const char *id, const struct cancel_wish *wish,
	struct answer *a, const char **message, struct err *e);

struct jobs_ask {
	const char *status; /* a state, a set, or several with commas; NULL = any */
	int64_t limit;      /* at most so many jobs; 0 = all */
};

/* Calls fn for each job, the newest first, page after page. *total: how many match. */
typedef void client_job_fn(void *context, const struct job_facts *facts);
int client_jobs(struct client *c, const struct jobs_ask *ask, client_job_fn *fn, void *context,
	int64_t *total, struct err *e);

struct queue_entry {
	const char *id, *name, *status;
	int64_t position; /* 1.., -1 = it has its slot */
	double progress;  /* percent; NaN = not known */
};

/* Calls fn for what runs, then for what waits, in the order of its start. */
typedef void queue_entry_fn(void *context, const struct queue_entry *entry);
int client_queue(struct client *c, struct answer *a, queue_entry_fn *fn, void *context,
	struct err *e);

/* The server's own check of its jobs, at this moment. */
int client_health(struct client *c, struct answer *a, bool *healthy, struct err *e);

struct log_page {
	int64_t total; /* lines that there are */
	int64_t count; /* lines on this page */
};

/* Lines of a job's log from line `from` on; they are in the answer. */
int client_log(struct client *c, const char *id, int64_t from, int64_t limit, struct answer *a,
	struct log_page *page, struct err *e);

/* A reply that comes piece by piece, see net_stream_open. The caller closes it. */
struct net_stream *client_stream(struct client *c, const char *path, net_bytes_fn *fn,
	void *context, struct err *e);
/* What a reply other than 200 means. */
int client_refusal(struct client *c, const struct net_reply *reply, struct err *e);
struct net *client_net(struct client *c);

#endif
