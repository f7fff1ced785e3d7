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

#define PAGE_LINES 1000

struct printing {
	bool clean;
	struct scrub scrub;
	struct err broken;
};

static void print_line(void *context, struct str line)
{
	struct printing *p = context;
	AUTO_BUF text = { 0 };
	if (p->clean) {
		scrub_add(&p->scrub, line.at, line.length_bytes, &text);
		scrub_add(&p->scrub, "\n", 1, &text);
	} else {
		buf_add(&text, line.at, line.length_bytes);
		buf_char(&text, '\n');
	}
	if (p->broken.kind == ERR_NONE)
		term_write_buf(&text, &p->broken);
}

static int print_all(struct call *call, const char *id, int64_t from_line, bool raw, struct err *e)
{
	struct answer a = { 0 };
	struct printing p = { .clean = !raw && isatty(STDOUT_FILENO) };
	struct log_page page = { .next = from_line };
	AUTO_BUF rest = { 0 };
	int failed;
	do {
		failed = client_log(call->client, id, page.next, PAGE_LINES, &a, &page, print_line,
			&p, e);
	} while (!failed && p.broken.kind == ERR_NONE && page.count > 0 && page.next < page.total);
	scrub_end(&p.scrub, &rest);
	if (p.clean && p.broken.kind == ERR_NONE)
		term_write_buf(&rest, &p.broken);
	answer_finish(&a);
	if (failed || p.broken.kind == ERR_NONE)
		return failed;
	*e = p.broken;
	return -1;
}

static int follow(struct call *call, const char *id, int64_t from_line, bool raw, struct err *e)
{
	struct follow f;
	struct answer a = { 0 };
	struct job_facts facts = { 0 };
	follow_init(&f, call->client, id, from_line);
	bar_init(&f.bar, true);
	f.clean = f.clean && !raw;
	f.signal_fd = watch_signals(e);
	int left = f.signal_fd < 0 ? -1 : follow_run(&f, &a, &facts, &call->exit_code, e);
	if (left == 0 && isatty(STDERR_FILENO)) {
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
	bool json = args_has(args, "json"), raw = args_has(args, "raw");
	if (json && args_has(args, "follow"))
		return err_set(e, ERR_INPUT, "logs: --json and --follow exclude each other");
	if (args_int(args, "tail", 0, 1000000000, &tail, e) || call_client(call, e) ||
		client_find(call->client, args->operands[0], &a, &facts, e)) {
		answer_finish(&a);
		return -1;
	}
	AUTO_FREE char *id = mem_string(facts.id);
	int failed = 0;
	/* The place of the last lines is asked with a page of none of them. */
	if (tail >= 0)
		failed = client_log(call->client, id, 0, 1, &a, &page, NULL, NULL, e);
	int64_t from = tail >= 0 && page.total > tail ? page.total - tail : 0;
	if (!failed && json) {
		failed = client_log(call->client, id, from, PAGE_LINES, &a, &page, NULL, NULL, e);
		if (!failed)
			failed = term_write_json(&a.body, e);
	} else if (!failed && args_has(args, "follow")) {
		failed = follow(call, id, from, raw, e);
	} else if (!failed) {
		failed = print_all(call, id, from, raw, e);
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
