/* api/ports.h -- what the handlers need of the rest of the server, as one table of functions.
 *
 * The server fills it; the handlers know no store, no yard and no runner. Every function takes
 * `server` first and is called on the loop's thread only. None may block.
 *
 * Reads answer at once, from the committed view, into the arena given; on failure they fill *e and
 * return -1. Acts answer through a callback that is called exactly once, on the loop's thread,
 * after the commit that the answer depends on; it may be called before the act returns, and it is
 * called even if the client has left. There e is NULL when all went well, and whatever a callback
 * is given is valid until it returns. What an act is given stays valid until its callback has
 * returned. */
#ifndef API_PORTS_H
#define API_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "auth/auth.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/moment.h"
#include "core/point.h"
#include "core/query.h"
#include "core/record.h"
#include "wire/job_view.h"

/* A job to be accepted. record->job.id and spec.name are already chosen; the server adds arrival,
 * created_wall_ms, state, and its defaults where grace_ms is -1 and log_limit_bytes 0. The same
 * key of the same owner with the same hash answers with the first one's job, after its commit;
 * with another hash it is ERR_CONFLICT, as is an id in use. */
struct submit_ask {
	const struct job_record *record;
	const char *idempotency_key; /* NULL = none; at most 255 bytes */
	uint8_t body_hash[AUTH_HASH_BYTES];
};

/* id: the job's; repeated: the key had been used before and this is the first one's job. */
typedef void submit_answer(void *context, const char *id, bool repeated, const struct err *e);

struct cancel_ask {
	const char *id;
	const char *by;     /* who asks: a user's name */
	const char *reason; /* "" = none was given */
	int64_t grace_ms;   /* -1 = the job's own */
	bool wait;          /* answer when the job has ended, else when it is asked */
};

enum cancel_outcome {
	CANCEL_ENDED,       /* the tree is dead and the end is durable */
	CANCEL_REQUESTED,   /* it is under way (wait was false) */
	CANCEL_WAS_OVER,    /* the job had ended before; nothing changed */
	CANCEL_STILL_ALIVE, /* not dead after the deadline; detail says what lives */
};

struct cancel_result {
	enum cancel_outcome outcome;
	enum job_state previous; /* the job's state before */
	const char *detail;      /* a sentence for CANCEL_STILL_ALIVE, else NULL */
};

/* e: ERR_NOT_FOUND, or what hindered the commit. */
typedef void cancel_answer(void *context, const struct cancel_result *result, const struct err *e);

/* Points of one job, and beside them what describes its run (step, totals, percent): those are for
 * the status line and no curves. Keys are as the program named them (core/metric.h). */
struct metrics_ask {
	const char *id;
	const struct point *points;
	int count;
	const struct point *positions;
	int position_count;
};

/* `const struct err *e` alone: the points are durable, or why not. */
typedef void plain_answer(void *context, const struct err *e);

typedef void health_answer(void *context, const struct health_report *report, const struct err *e);

/* More bytes may be there; attempt: whose log is current; ended: the job is terminal and its log is
 * complete, no further wake will come. */
typedef void log_wake(void *context, uint32_t attempt, bool ended);

/* Points ordered by step, then key. */
struct point_page {
	const struct point *points;
	int count;
};

struct server_facts {
	const char *version;
	const char *gpu_info; /* "1x NVIDIA H100", NULL = none detected */
	int gpu_count;
	int64_t started_wall_ms;
	uid_t uid;        /* the server's own user */
	const char *user; /* and that user's name */
};

struct log_follow; /* the server's */

struct ports {
	void *server;

	/* facts */
	struct moment (*now)(void *server);
	void (*random_bytes)(void *server, void *bytes, size_t size_bytes);
	const struct server_facts *(*facts)(void *server);

	/* identities: ERR_NOT_FOUND when there is none (or it was revoked, or has expired) */
	int (*token_by_hash)(void *server, const uint8_t hash[AUTH_HASH_BYTES],
		struct auth_token *token, struct err *e);
	int (*user_by_uid)(void *server, uid_t uid, struct auth_identity *who, struct err *e);

	/* reads; id is checked to be one (str_is_id) before any of them is called */
	int (*job_get)(void *server, const char *id, struct arena *a, struct job_record *job,
		struct err *e);
	/* Of a job that job_get gave: fills env_json and config_json, where job_get left them out.
	 * Long ones are not kept in memory, and few readers want them. */
	int (*job_inputs)(void *server, struct job_record *job, struct arena *a, struct err *e);
	int (*job_list)(void *server, const struct job_query *query, struct arena *a,
		struct job_page *page, struct err *e);
	void (*job_live)(void *server, const char *id, struct arena *a, struct job_live *live);
	int (*queue_read)(void *server, int limit, struct arena *a, struct queue_view *queue,
		struct err *e);
	int (*points_read)(void *server, const char *id, const struct point_query *query,
		struct arena *a, struct point_page *page, struct err *e);
	int (*log_open)(void *server, const char *id, struct log_view *view, struct err *e);

	/* acts */
	void (*submit)(void *server, const struct submit_ask *ask, submit_answer *answer,
		void *context);
	void (*cancel)(void *server, const struct cancel_ask *ask, cancel_answer *answer,
		void *context);
	void (*metrics_post)(void *server, const struct metrics_ask *ask, plain_answer *answer,
		void *context);
	void (*health)(void *server, health_answer *answer, void *context);

	/* Wakes now and then whenever the log has grown, until log_unfollow. A wake comes soon
	 * after log_follow in any case, never inside it. NULL and *e when there is no such job.
	 * After a wake that said `ended`, log_unfollow is still due. Both may be called inside a
	 * wake. */
	struct log_follow *(*log_follow)(void *server, const char *id, log_wake *wake,
		void *context, struct err *e);
	void (*log_unfollow)(void *server, struct log_follow *follow);

	/* work on another thread, then done on the loop's. Never fails. */
	void (*background)(void *server, void (*work)(void *context), void (*done)(void *context),
		void *context);
};

#endif
