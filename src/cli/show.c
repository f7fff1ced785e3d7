/* cli/show.c -- `trainyard show`: everything about one job. */
#include <string.h>

#include "cli/args.h"
#include "cli/format.h"
#include "cli/term.h"
#include "cli/text.h"
#include "client/client.h"

#define NAME_COLUMNS 22

struct page {
	struct buf text;
	int variables; /* of the environment: too many for a page */
};

static void add_field(void *context, const char *name, const char *text)
{
	struct page *page = context;
	struct buf *out = &page->text;
	/* Said in the head already, or said twice by the reply for the sake of older clients. */
	static const char *const known[] = { "success", "job_id", "id", "error" };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i]) == 0)
			return;
	}
	if (strncmp(name, "env.", 4) == 0)
		page->variables++;
	if (!text || !*text || strncmp(name, "env.", 4) == 0)
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
	struct page page = { 0 };
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
		text_clean(&page.text, str_of(state.bytes));
		buf_text(&page.text, "\n\n");
		json_fields_each(facts.all, add_field, &page);
		if (page.variables > 0)
			buf_format(&page.text, "%-*s %d variables; --json shows them\n",
				NAME_COLUMNS, "env", page.variables);
		failed = term_write_buf(&page.text, e);
	}
	buf_finish(&page.text);
	answer_finish(&a);
	return failed;
}

const struct command command_show = {
	.name = "show",
	.operands = "JOB",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Show everything about a job",
	.text = "Fields that are not known yet are left out, and the environment is only counted; "
		"--json has it all.",
	.run = run,
};
