/* wire/job_out.h -- jobs, lists, the queue and health as JSON. */
#ifndef WIRE_JOB_OUT_H
#define WIRE_JOB_OUT_H

#include "base/arena.h"
#include "base/json_out.h"
#include "core/query.h"
#include "wire/job_view.h"

/* How often a client that has no stream should ask for an incomplete job. */
#define JOB_POLL_MS 2000

/* How much of a job is written. */
enum job_detail {
	JOB_STATUS, /* state, progress, end: the flat status of older clients */
	JOB_WHOLE,  /* and what it runs; private parts as view->show_private */
};

/* The members of a job, into an object that the caller has opened. */
void wire_job_members(struct json_out *out, const struct job_view *view, enum job_detail detail,
	struct arena *a);
void wire_job(struct json_out *out, const struct job_view *view, enum job_detail detail,
	struct arena *a);

/* The frame of a list: the caller writes `page->count` jobs between both. */
void wire_list_begin(struct json_out *out, const struct job_page *page);
void wire_list_end(struct json_out *out, const struct job_page *page,
	const struct job_query *query);

void wire_queue(struct json_out *out, const struct queue_view *queue);
void wire_health(struct json_out *out, const struct health_report *report);

/* A number, or null and beside it KEY_word for NaN and the infinities. */
void wire_put_number(struct json_out *out, const char *key, double value);

#endif
