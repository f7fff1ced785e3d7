/* client/facts.c -- see facts.h. */
#include "client/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "json/json.h"

static const char *text_of(const struct json *job, const char *key)
{
	const struct json *v = json_member(job, key);
	return v && v->kind == JSON_IS_TEXT ? v->text.at : NULL;
}

static double number_of(const struct json *job, const char *key)
{
	const struct json *v = json_member(job, key);
	double number;
	return v && json_number(v, &number) ? number : NAN;
}

static int64_t count_of(const struct json *job, const char *key)
{
	double number = number_of(job, key);
	return isfinite(number) && fabs(number) < 9e15 ? (int64_t)number : -1;
}

int job_facts_read(struct job_facts *f, const struct json *job, struct err *e)
{
	*f = (struct job_facts){ .state = JOB_STATE_COUNT, .all = job };
	if (!job || job->kind != JSON_IS_OBJECT || !text_of(job, "job_id") ||
		!text_of(job, "status"))
		return err_set(e, ERR_UNAVAILABLE,
			"the server's reply is not a job: "
			"is this a trainyard server, and as new as this program?");
#define TEXT(field, key) f->field = text_of(job, key);
#define NUMBER(field, key) f->field = number_of(job, key);
#define COUNT(field, key) f->field = count_of(job, key);
	JOB_FACTS(TEXT, NUMBER, COUNT)
#undef TEXT
#undef NUMBER
#undef COUNT
	if (!f->name)
		f->name = f->id;
	/* Zero of an unknown whole is no measure. */
	if (f->progress == 0 && f->total_steps <= 0 && f->total_epochs <= 0)
		f->progress = NAN;
	int state = job_state_of(str_of(f->status));
	if (state >= 0)
		f->state = (enum job_state)state;
	const struct json *stop = json_member(job, "stop");
	if (stop && stop->kind == JSON_IS_OBJECT)
		f->stop_phase = text_of(stop, "phase");
	return 0;
}

void job_facts_write(struct buf *to, const struct job_facts *f)
{
	struct json_out out = { .to = to };
	json_write(&out, f->all);
}

bool job_facts_over(const struct job_facts *f)
{
	return f->state != JOB_STATE_COUNT && job_state_in(f->state, JOB_SET_TERMINAL);
}

static void each_under(const char *prefix, const struct json *object, field_fn *fn, void *context)
{
	for (int i = 0; i < object->count; i++) {
		const struct json_member *m = &object->members[i];
		AUTO_BUF name = { 0 };
		AUTO_BUF text = { 0 };
		buf_format(&name, "%s%s%s", prefix, *prefix ? "." : "", m->key);
		if (m->value.kind == JSON_IS_OBJECT) {
			each_under(name.bytes, &m->value, fn, context);
			continue;
		}
		struct json_out out = { .to = &text };
		json_write(&out, &m->value);
		if (m->value.kind == JSON_IS_TEXT)
			fn(context, name.bytes, m->value.text.at);
		else
			fn(context, name.bytes, m->value.kind == JSON_IS_NULL ? NULL : text.bytes);
	}
}

void json_fields_each(const struct json *object, field_fn *fn, void *context)
{
	each_under("", object, fn, context);
}
