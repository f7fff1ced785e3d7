/* cli/wait.c -- `trainyard wait`: until jobs have ended. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/term.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "loop/loop.h"

#define LOOK_MS 250

struct waiting {
	struct watch watch;
	int64_t deadline_boot_ms;
	bool json;
	struct buf list; /* of finished jobs, for --json */
};

static int pause_or_late(struct waiting *w, const char *id, struct err *e)
{
	int64_t left_ms = w->deadline_boot_ms - loop_now().boot_ms;
	if (left_ms <= 0)
		return err_set(e, ERR_TIMEOUT, "job %s has not ended in the time given", id);
	int64_t pause_ms = w->watch.away_since_boot_ms ? WATCH_RETRY_MS : LOOK_MS;
	net_wait(client_net(w->watch.client), left_ms < pause_ms ? left_ms : pause_ms, NULL, 0);
	return 0;
}

static int tell(struct waiting *w, const struct job_facts *facts, struct err *e)
{
	AUTO_BUF state = { 0 };
	AUTO_BUF line = { 0 };
	if (w->json) {
		buf_text(&w->list, w->list.length_bytes ? "," : "");
		job_facts_write(&w->list, facts);
		return 0;
	}
	buf_format(&state, "%s ", facts->id);
	format_state(&state, facts);
	text_clean(&line, str_of(state.bytes));
	buf_char(&line, '\n');
	return term_write_buf(&line, e);
}

static int wait_for(struct waiting *w, const char *id, int *exit_code, struct err *e)
{
	struct answer a = { 0 };
	struct job_facts facts;
	int status;
	while ((status = watch_job(&w->watch, id, &a, &facts, e)) >= 0) {
		if (status == 0 && job_facts_over(&facts)) {
			if (*exit_code == 0)
				*exit_code = exit_code_of(&facts);
			status = tell(w, &facts, e);
			break;
		}
		status = pause_or_late(w, id, e);
		if (status)
			break;
	}
	answer_finish(&a);
	return status;
}

/* All names become ids before the waiting begins, so that a wrong one is told at once. */
static int find_all(struct call *call, char **ids, struct err *e)
{
	struct answer a = { 0 };
	struct job_facts facts;
	int failed = 0;
	for (int i = 0; i < call->args->operand_count && !failed; i++) {
		failed = client_find(call->client, call->args->operands[i], &a, &facts, e);
		if (!failed)
			ids[i] = mem_string(facts.id);
	}
	answer_finish(&a);
	return failed;
}

static int run(struct call *call, struct err *e)
{
	const struct args *args = call->args;
	struct waiting w = { .deadline_boot_ms = INT64_MAX, .json = args_has(args, "json") };
	int64_t timeout_ms = -1;
	if (args_duration_ms(args, "timeout", &timeout_ms, e) || call_client(call, e))
		return -1;
	if (timeout_ms >= 0)
		w.deadline_boot_ms = loop_now().boot_ms + timeout_ms;
	w.watch.client = call->client;
	char **ids = mem_array((size_t)args->operand_count, sizeof(*ids));
	int failed = find_all(call, ids, e);
	for (int i = 0; i < args->operand_count && !failed; i++)
		failed = wait_for(&w, ids[i], &call->exit_code, e);
	if (!failed && w.json) {
		AUTO_BUF all = { 0 };
		buf_format(&all, "{\"jobs\":[%s]}", w.list.bytes ? w.list.bytes : "");
		failed = term_write_json(&all, e);
	}
	for (int i = 0; i < args->operand_count; i++)
		free(ids[i]);
	free(ids);
	buf_finish(&w.list);
	return failed;
}

static const struct option options[] = {
	{ "timeout", 0, "TIME", false, "Give up after 30, 90s, 5m, 2h ...: exit code 8." },
	OPTION_END,
};

const struct command command_wait = {
	.name = "wait",
	.operands = "JOB...",
	.operands_min = 1,
	.operands_max = -1,
	.summary = "Wait until jobs have ended, and end with their exit code",
	.text = "With several jobs: the first code that is not 0, in the order in which they "
		"are named.",
	.options = options,
	.run = run,
};
