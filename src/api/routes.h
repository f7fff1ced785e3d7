/* api/routes.h -- the one table of routes: who may, what it does, what goes in and comes out.
 *
 * The router, the checks of role and query, /openapi.json and /docs are made from it. Inside this
 * room only. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "auth/auth.h"
#include "http/http.h"

struct call;
typedef void api_handler(struct call *c);

#define JOBS "/api/training"
#define KIB 1024u

/* `query`: names of the parameters, separated by commas; all others are refused.
 * `takes`, `gives`: names of schemas (api/schemas.c); NULL = no body, or not JSON.
 *   method  path                        may         handler        flags           body limit
 *     query
 *     takes            gives            what */
#define API_ROUTES(X)                                                                          \
	X("GET",  "/health",                 ANYBODY,    api_health_alive,  HTTP_RESERVED,  0, \
	  "",                                                                                  \
	  NULL,             "Alive",         "Whether the server is alive")                    \
	X("GET",  "/openapi.json",           LOOK,       api_openapi_json,  0,              0, \
	  "",                                                                                  \
	  NULL,             NULL,            "This document")                                  \
	X("GET",  "/docs",                   LOOK,       api_openapi_page,  0,              0, \
	  "",                                                                                  \
	  NULL,             NULL,            "The same for people")                            \
	X("POST", JOBS "/jobs",              SUBMIT,     api_job_submit,    0,       1024 * KIB, \
	  "",                                                                                  \
	  "Submission",     "Job",           "Submit a job; honours Idempotency-Key")          \
	X("GET",  JOBS "/jobs",              LOOK,       api_job_list,      0,              0, \
	  "status,owner,limit,cursor,offset",                                                  \
	  NULL,             "JobList",       "List jobs, newest first")                        \
	X("GET",  JOBS "/jobs/:id",          LOOK_ONE,   api_job_get,       0,              0, \
	  "",                                                                                  \
	  NULL,             "Job",           "One job, with what it runs")                     \
	X("GET",  JOBS "/status/:id",        LOOK_ONE,   api_job_status,    0,              0, \
	  "",                                                                                  \
	  NULL,             "Status",        "One job's state and progress")                   \
	X("GET",  JOBS "/status",            LOOK_ONE,   api_job_status,    0,              0, \
	  "job_id",                                                                            \
	  NULL,             "Status",        "The same, the id in the query")                  \
	X("GET",  JOBS "/local/:id/status",  LOOK_ONE,   api_job_status,    0,              0, \
	  "",                                                                                  \
	  NULL,             "Status",        "The same, for older clients")                    \
	X("POST", JOBS "/cancel/:id",        CONTROL,    api_job_cancel,    0,         64 * KIB, \
	  "",                                                                                  \
	  "Cancel",         "Cancelled",     "Stop a job and all its processes")               \
	X("POST", JOBS "/jobs/:id/cancel",   CONTROL,    api_job_cancel,    0,         64 * KIB, \
	  "",                                                                                  \
	  "Cancel",         "Cancelled",     "The same")                                       \
	X("GET",  JOBS "/queue",             LOOK,       api_queue_show,    0,              0, \
	  "limit",                                                                             \
	  NULL,             "Queue",         "What runs and what waits, in order")             \
	X("GET",  JOBS "/metrics/:id",       LOOK_ONE,   api_metrics_show,  0,              0, \
	  "keys,from_step,to_step,limit",                                                      \
	  NULL,             "Metrics",       "A job's points, an entry per step")              \
	X("POST", JOBS "/metrics/:id",       REPORT,     api_metrics_post,  0,       4096 * KIB, \
	  "",                                                                                  \
	  "Points",         "Counted",       "Report points")                                  \
	X("GET",  JOBS "/logs/:id",          LOOK_INTO,  api_logs_show,     HTTP_NO_ETAG,   0, \
	  "limit,offset,follow",                                                               \
	  NULL,             "Logs",          "Lines of a job's log; follow=true streams it as " \
					     "text until the job has ended")                   \
	X("GET",  JOBS "/health",            LOOK,       api_health_check,  HTTP_NO_ETAG,   0, \
	  "",                                                                                  \
	  NULL,             "Health",        "Whether what is stored and what runs agree")

struct api_route {
	const char *method;
	const char *path;
	enum auth_action action;
	api_handler *handle;
	unsigned flags;
	size_t body_limit_bytes;
	const char *query;
	const char *takes;
	const char *gives;
	const char *summary;
};

#define X(method, path, may, handler, flags, limit, query, takes, gives, summary)              \
	api_handler handler;
API_ROUTES(X)
#undef X

extern const struct api_route api_table[];
extern const size_t api_table_count;

#endif
