/* wire/cancel.c -- see cancel.h. */
#include "wire/cancel.h"

#include "core/job.h"
#include "json/json.h"
#include "wire/submit.h"

static const char *const mode_words[] = {
#define X(name, word, words) word,
	CANCEL_MODES(X)
#undef X
};

static int read_mode(struct json_fields f, enum cancel_mode *mode, struct err *e)
{
	const char *word = mode_words[CANCEL_NOW];
	if (json_read_text(f, "mode", 40, &word, e))
		return -1;
	for (int i = 0; i < CANCEL_MODE_COUNT; i++) {
		if (str_is(str_of(word), mode_words[i])) {
			*mode = i;
			return 0;
		}
	}
	return err_set(e, ERR_INPUT, "mode must be now, checkpoint or next_checkpoint, got \"%s\"",
		word);
}

int wire_read_cancel(struct str body, struct arena *a, struct cancel_body *cancel, struct err *e)
{
	static const char *const names[] = { "mode", "reason", "grace_seconds", "wait" };
	double grace_seconds = -1;
	*cancel = (struct cancel_body){ .mode = CANCEL_NOW,
		.reason = "",
		.grace_ms = -1,
		.wait = true };
	if (str_trim(body).length_bytes == 0)
		return 0;
	struct json_fields f = { json_parse(body, JSON_REQUEST, a, e), "" };
	if (!f.object || json_open(f.object, "the body", e) || json_only(f, names, 4, e) ||
		read_mode(f, &cancel->mode, e))
		return -1;
	cancel->wait = cancel->mode == CANCEL_NOW;
	if (json_read_text(f, "reason", sizeof(((struct job_stop *)0)->reason) - 1, &cancel->reason,
		    e) ||
		json_read_number(f, "grace_seconds", 0, SUBMIT_GRACE_SECONDS_MAX, &grace_seconds,
			e) ||
		json_read_bool(f, "wait", &cancel->wait, e))
		return -1;
	cancel->grace_ms = grace_seconds < 0 ? -1 : (int64_t)(grace_seconds * 1000);
	return 0;
}
