/* cli/cancel.c -- `trainyard cancel`: stop jobs, and all their processes. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/term.h"
#include "cli/text.h"
#include "client/client.h"

struct cancelling {
	struct cancel_wish wish;
	bool json;
	struct buf list; /* the replies, for --json */
};

static void tell_failure(const char *word, const struct err *failure)
{
	AUTO_BUF line = { 0 };
	text_clean(&line, str_of(word));
	buf_text(&line, ": ");
	text_clean(&line, str_of(failure->text));
	fflush(stdout);
	fprintf(stderr, "trainyard: %s\n", line.bytes);
}

static int cancel_one(struct client *c, struct cancelling *w, const char *word, struct err *e)
{
	struct answer found = { 0 }, a = { 0 };
	struct job_facts facts;
	const char *message = NULL;
	AUTO_BUF line = { 0 };
	int failed = client_find(c, word, &found, &facts, e);
	if (!failed)
		failed = client_cancel(c, facts.id, &w->wish, &a, &message, e);
	if (a.body.length_bytes && w->json)
		buf_format(&w->list, "%s%s", w->list.length_bytes ? "," : "", a.body.bytes);
	if (!failed && !w->json) {
		buf_format(&line, "%s: ", facts.id);
		text_clean(&line, str_of(message ? message : "done"));
		printf("%s\n", line.bytes);
	}
	answer_finish(&found);
	answer_finish(&a);
	return failed;
}

/* Every job gets its turn; the first failure decides how the command ends. */
static int run(struct call *call, struct err *e)
{
	const struct args *args = call->args;
	struct cancelling w = { .wish = { .reason = args_text(args, "reason"),
					.grace_ms = -1,
					.at_once = args_has(args, "no-wait") },
		.json = args_has(args, "json") };
	struct err first = { 0 };
	if (args_duration_ms(args, "grace", &w.wish.grace_ms, e) || call_client(call, e))
		return -1;
	for (int i = 0; i < args->operand_count; i++) {
		struct err failure = { 0 };
		if (cancel_one(call->client, &w, args->operands[i], &failure) == 0)
			continue;
		if (first.kind == ERR_NONE)
			first = failure;
		if (args->operand_count > 1 && !w.json)
			tell_failure(args->operands[i], &failure);
		if (failure.kind == ERR_NO_SERVER)
			break;
	}
	if (w.json) {
		AUTO_BUF all = { 0 };
		buf_format(&all, "{\"results\":[%s]}", w.list.bytes ? w.list.bytes : "");
		term_write_json(&all, NULL);
	}
	buf_finish(&w.list);
	if (first.kind == ERR_NONE)
		return 0;
	if (args->operand_count > 1 && !w.json) {
		call->exit_code = err_exit_code(first.kind);
		return 0;
	}
	*e = first;
	return -1;
}

static const struct option options[] = {
	{ "reason", 'r', "TEXT", false, "Kept with the job." },
	{ "grace", 0, "TIME", false,
		"From the polite signal to the kill; the job's own when not given." },
	{ "no-wait", 0, NULL, false, "Do not wait until all its processes are gone." },
	OPTION_END,
};

const struct command command_cancel = {
	.name = "cancel",
	.operands = "JOB...",
	.operands_min = 1,
	.operands_max = -1,
	.summary = "Stop jobs: when it returns, all their processes are gone",
	.text = "With several jobs each gets its turn, and the first failure gives the exit code.",
	.options = options,
	.run = run,
};
