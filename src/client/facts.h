/* client/facts.h -- what a reply says about a job, in C's words.
 *
 * JOB_FACTS is the one list of what is read. Texts are borrowed from the answer. What the reply
 * left out or gave as null is NULL, NaN for numbers, and -1 for counts. */
#ifndef CLIENT_FACTS_H
#define CLIENT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/job.h"

struct json;

#define JOB_FACTS(TEXT, NUMBER, COUNT)                                                            \
	TEXT(id, "job_id") TEXT(name, "name") TEXT(status, "status") TEXT(owner, "owner")         \
	TEXT(waiting_reason, "waiting_reason") TEXT(end_reason, "end_reason")                     \
	TEXT(error, "error_message") TEXT(created_at, "created_at")                               \
	TEXT(started_at, "started_at") TEXT(completed_at, "completed_at")                         \
	TEXT(loss_word, "loss_word") TEXT(eval_loss_word, "eval_loss_word")                       \
	NUMBER(progress, "progress") NUMBER(loss, "loss") NUMBER(eval_loss, "eval_loss")          \
	NUMBER(elapsed_seconds, "elapsed_seconds") NUMBER(remaining_seconds, "remaining_seconds") \
	COUNT(step, "current_step") COUNT(total_steps, "total_steps")                             \
	COUNT(epoch, "current_epoch") COUNT(total_epochs, "total_epochs")                         \
	COUNT(queue_position, "queue_position") COUNT(attempt, "attempt")                         \
	COUNT(exit_code, "exit_code") COUNT(exit_signal, "exit_signal")                           \
	COUNT(poll_after_ms, "poll_after_ms")

struct job_facts {
#define TEXT(field, key) const char *field;
#define NUMBER(field, key) double field;
#define COUNT(field, key) int64_t field;
	JOB_FACTS(TEXT, NUMBER, COUNT)
#undef TEXT
#undef NUMBER
#undef COUNT
	enum job_state state;   /* of `status`; JOB_STATE_COUNT when it is unknown here */
	const char *stop_phase; /* NULL = no stop is under way */
	const struct json *all;
};

/* ERR_UNAVAILABLE when it is no job at all. */
int job_facts_read(struct job_facts *f, const struct json *job, struct err *e);
/* The job as it was read, as JSON. */
void job_facts_write(struct buf *to, const struct job_facts *f);
bool job_facts_over(const struct job_facts *f); /* the state is terminal */

/* Every field of a reply, nested ones as "stop.phase", lists and their objects in one line. fn is
 * called with text that nobody has cleaned. A null gives NULL. */
typedef void field_fn(void *context, const char *name, const char *text);
void json_fields_each(const struct json *object, field_fn *fn, void *context);

#endif
