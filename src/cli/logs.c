/* cli/logs.c -- `trainyard logs`: what a job has printed, and with -f what it prints. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scope.h"
#include "cli/args.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/term.h"

#define JSON_LINES 1000

/* The stream of bytes either way: a page of lines as JSON would lose what is no text. */
static int print(struct call *call, const char *id, int64_t from_line, int64_t until_line,
	struct err *e)
{
	struct follow f;
	struct answer a = { 0 };
	struct job_facts facts = { 0 };
	follow_init(&f, call->client, id, from_line);
	bar_init(&f.bar, true);
	f.clean = f.clean && !args_has(call->args, "raw");
	f.until_line = until_line;
	f.signal_fd = watch_signals(e);
	int left = f.signal_fd < 0 ? -1 : follow_run(&f, &a, &facts, &call->exit_code, e);
	if (left == 0 && until_line == 0 && isatty(STDERR_FILENO)) {
		AUTO_BUF state = { 0 };
		format_state(&state, &facts);
		watch_say(&f.watch, "%s %s", id, state.bytes);
	}
	follow_finish(&f);
	answer_finish(&a);
	return left < 0 ? -1 : 0;
}

static int run(struct call *call, struct err *e)
{
	const struct args *args = call->args;
	struct answer a = { 0 };
	struct job_facts facts;
	struct log_page page = { 0 };
	int64_t tail = -1;
	bool json = args_has(args, "json"), on = args_has(args, "follow");
	if (json && on)
		return err_set(e, ERR_INPUT, "logs: --json and --follow exclude each other");
	if (args_int(args, "tail", 0, 1000000000, &tail, e) || call_client(call, e) ||
		client_find(call->client, args->operands[0], &a, &facts, e)) {
		answer_finish(&a);
		return -1;
	}
	AUTO_FREE char *id = mem_string(facts.id);
	int failed = client_log(call->client, id, 0, 1, &a, &page, e);
	int64_t from = tail >= 0 && page.total > tail ? page.total - tail : 0;
	if (!failed && json) {
		failed = client_log(call->client, id, from, JSON_LINES, &a, &page, e);
		if (!failed)
			failed = term_write_json(&a.body, e);
	} else if (!failed && (on || page.total > from)) {
		failed = print(call, id, from, on ? 0 : page.total, e);
	}
	answer_finish(&a);
	return failed;
}

static const struct option options[] = {
	{ "follow", 'f', NULL, false, "Go on until the job has ended." },
	{ "tail", 'n', "N", false, "Only the last N lines (and what follows)." },
	{ "raw", 0, NULL, false, "Everything as the job wrote it, on a terminal too." },
	OPTION_END,
};

const struct command command_logs = {
	.name = "logs",
	.operands = "JOB",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Print what a job has printed, and with -f what it prints",
	.text = "On a terminal only text and colours pass: other control characters are "
		"replaced, for "
		"a log could move the cursor or type for you. On a pipe the bytes are as they "
		"are. With "
		"--json one reply of the server comes: the first 1000 lines, or the last N with "
		"--tail.\n\n"
		"-f survives a restart of the server. Its exit code is 0, whatever the job's was.",
	.options = options,
	.run = run,
};
