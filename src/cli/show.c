/* cli/show.c -- `trainyard show`: everything about one job. */
#include <string.h>

#include "cli/args.h"
#include "cli/format.h"
#include "cli/term.h"
#include "cli/text.h"
#include "client/client.h"

#define NAME_COLUMNS 22

static void add_field(void *context, const char *name, const char *text)
{
	struct buf *out = context;
	/* Said in the head already, or said twice by the reply for the sake of older clients. */
	static const char *const known[] = { "success", "job_id", "id", "error" };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i]) == 0)
			return;
	}
	if (!text || !*text)
		return;
	text_fit(out, str_of(name), NAME_COLUMNS, false);
	buf_char(out, ' ');
	text_clean(out, str_of(text));
	buf_char(out, '\n');
}

static int run(struct call *call, struct err *e)
{
	struct answer a = { 0 };
	struct job_facts facts;
	AUTO_BUF out = { 0 };
	if (call_client(call, e))
		return -1;
	int failed = client_find(call->client, call->args->operands[0], &a, &facts, e);
	if (!failed && args_has(call->args, "json")) {
		failed = term_write_json(&a.body, e);
	} else if (!failed) {
		AUTO_BUF state = { 0 };
		buf_text(&state, facts.id);
		buf_text(&state, " is ");
		format_state(&state, &facts);
		text_clean(&out, str_of(state.bytes));
		buf_text(&out, "\n\n");
		json_fields_each(facts.all, add_field, &out);
		failed = term_write_buf(&out, e);
	}
	answer_finish(&a);
	return failed;
}

const struct command command_show = {
	.name = "show",
	.operands = "JOB",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Show everything about a job",
	.text = "Fields that are not known yet are left out; --json has them, as null.",
	.run = run,
};
