/* cli/ls.c -- `trainyard ls`: the jobs, the newest first. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scope.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/table.h"
#include "cli/term.h"
#include "client/client.h"
#include "loop/loop.h"

#define LIMIT_DEFAULT 50

enum { ID, NAME, STATUS, PERCENT, STEP, LOSS, EVAL, ELAPSED, AGE, NOTE, COLUMNS };

static const struct column columns[COLUMNS] = {
	[ID] = { "ID", false, 0, 0 },
	[NAME] = { "NAME", false, 16, 0 },
	[STATUS] = { "STATUS", false, 0, 0 },
	[PERCENT] = { "%", true, 0, 4 },
	[STEP] = { "STEP", true, 0, 6 },
	[LOSS] = { "LOSS", true, 0, 2 },
	[EVAL] = { "EVAL", true, 0, 3 },
	[ELAPSED] = { "ELAPSED", true, 0, 5 },
	[AGE] = { "SUBMITTED", false, 0, 7 },
	[NOTE] = { "", false, 8, 8 },
};

struct listing {
	struct table table;
	struct ids ids;
	int64_t now_wall_ms;
	int64_t shown;
	struct buf *json; /* NULL = a table is made */
};

static void add_cells(struct listing *l, const struct job_facts *f)
{
	struct table *t = &l->table;
	AUTO_BUF steps = { 0 };
	AUTO_BUF loss = { 0 };
	AUTO_BUF eval = { 0 };
	AUTO_BUF elapsed = { 0 };
	AUTO_BUF age = { 0 };
	format_steps(&steps, f);
	format_loss(&loss, f->loss, f->loss_word);
	format_loss(&eval, f->eval_loss, f->eval_loss_word);
	if (f->started_at)
		format_seconds(&elapsed, f->elapsed_seconds);
	format_age(&age, f->created_at, l->now_wall_ms);
	table_cell(t, NAME, "%s", strcmp(f->name, f->id) == 0 ? "" : f->name);
	table_cell(t, STATUS, "%s%s", f->status, f->stop_phase ? ", stopping" : "");
	if (f->progress >= 0 && (f->progress > 0 || f->started_at))
		table_cell(t, PERCENT, "%.0f", f->progress);
	table_cell(t, STEP, "%s", steps.bytes ? steps.bytes : "");
	table_cell(t, LOSS, "%s", loss.bytes ? loss.bytes : "");
	table_cell(t, EVAL, "%s", eval.bytes ? eval.bytes : "");
	table_cell(t, ELAPSED, "%s", elapsed.bytes ? elapsed.bytes : "");
	table_cell(t, AGE, "%s", age.bytes ? age.bytes : "");
	if (f->queue_position > 0)
		table_cell(t, NOTE, "position %lld", (long long)f->queue_position);
	else if (f->state == JOB_FAILED && f->error)
		table_cell(t, NOTE, "%s", f->error);
}

static void add_job(void *context, const struct job_facts *f)
{
	struct listing *l = context;
	l->shown++;
	if (l->json) {
		if (l->shown > 1)
			buf_char(l->json, ',');
		job_facts_write(l->json, f);
		return;
	}
	table_row(&l->table);
	ids_add(&l->ids, f->id);
	add_cells(l, f);
}

static int write_table(struct listing *l, const char *status, int64_t total, struct err *e)
{
	AUTO_BUF out = { 0 };
	bool tty = term_is_tty(STDOUT_FILENO);
	if (l->shown == 0) {
		if (tty)
			fprintf(stderr, "no jobs%s%s; `trainyard submit -- COMMAND` makes one\n",
				status ? " with status " : "", status ? status : "");
		return 0;
	}
	/* A terminal gets as much of an id as tells it from the others shown, a pipe all of it. */
	for (int i = 0; i < l->table.row_count; i++)
		l->table.rows[i].cells[ID] = ids_short(&l->ids, i, tty, &l->table.arena);
	table_write(&l->table, term_width(STDOUT_FILENO), &out);
	if (tty && total > l->shown)
		buf_format(&out, "%lld of %lld jobs; --all shows the rest\n", (long long)l->shown,
			(long long)total);
	return term_write_buf(&out, e);
}

static int run(struct call *call, struct err *e)
{
	const struct args *a = call->args;
	AUTO_BUF json = { 0 };
	struct listing l = { .now_wall_ms = loop_now().wall_ms };
	struct jobs_ask ask = { .status = args_text(a, "status"), .limit = LIMIT_DEFAULT };
	int64_t total = 0;
	if (args_has(a, "all"))
		ask.limit = 0;
	if (args_int(a, "limit", 1, 1000000, &ask.limit, e) || call_client(call, e))
		return -1;
	if (args_has(a, "json"))
		l.json = &json;
	buf_text(&json, "{\"jobs\":[");
	table_init(&l.table, columns, COLUMNS);
	int failed = client_jobs(call->client, &ask, add_job, &l, &total, e);
	buf_format(&json, "],\"count\":%lld,\"total\":%lld}", (long long)l.shown, (long long)total);
	if (!failed)
		failed = l.json ? term_write_json(&json, e) : write_table(&l, ask.status, total, e);
	table_finish(&l.table);
	ids_finish(&l.ids);
	return failed;
}

static const struct option options[] = {
	{ "status", 'S', "STATUS", false,
		"Only these: a state, active, incomplete, terminal, recoverable, or several "
		"with commas." },
	{ "limit", 'l', "N", false, "At most so many; 50 when not given." },
	{ "all", 'a', NULL, false, "As many as there are." },
	OPTION_END,
};

const struct command command_ls = {
	.name = "ls",
	.operands = "",
	.summary = "List jobs, the newest first",
	.text = "On a terminal the columns fit its width and ids are cut to what tells them "
		"apart; on "
		"a pipe both are whole.",
	.options = options,
	.run = run,
};
