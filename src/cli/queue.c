/* cli/queue.c -- `trainyard queue`: what runs and what waits, in the order of its start. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/ids.h"
#include "cli/table.h"
#include "cli/term.h"
#include "client/client.h"

enum { PLACE, ID, NAME, STATUS, PERCENT, COLUMNS };

static const struct column columns[COLUMNS] = {
	[PLACE] = { "#", true, 0, 0 },
	[ID] = { "ID", false, 0, 0 },
	[NAME] = { "NAME", false, 10, 0 },
	[STATUS] = { "STATUS", false, 0, 0 },
	[PERCENT] = { "%", true, 0, 1 },
};

struct listing {
	struct table table;
	struct ids ids;
};

static void add_entry(void *context, const struct queue_entry *q)
{
	struct listing *l = context;
	table_row(&l->table);
	ids_add(&l->ids, q->id);
	if (q->position > 0)
		table_cell(&l->table, PLACE, "%lld", (long long)q->position);
	table_cell(&l->table, NAME, "%s", strcmp(q->name, q->id) == 0 ? "" : q->name);
	table_cell(&l->table, STATUS, "%s", q->status);
	if (q->progress >= 0)
		table_cell(&l->table, PERCENT, "%.0f", q->progress);
}

static int run(struct call *call, struct err *e)
{
	struct answer a = { 0 };
	struct listing l = { 0 };
	AUTO_BUF out = { 0 };
	bool tty = term_is_tty(STDOUT_FILENO);
	if (call_client(call, e))
		return -1;
	table_init(&l.table, columns, COLUMNS);
	int failed = client_queue(call->client, &a, add_entry, &l, e);
	if (!failed && args_has(call->args, "json")) {
		failed = term_write_json(&a.body, e);
	} else if (!failed) {
		for (int i = 0; i < l.table.row_count; i++)
			l.table.rows[i].cells[ID] = ids_short(&l.ids, i, tty, &l.table.arena);
		table_write(&l.table, term_width(STDOUT_FILENO), &out);
		failed = term_write_buf(&out, e);
		if (l.table.row_count == 0 && tty)
			fputs("nothing runs and nothing waits\n", stderr);
	}
	table_finish(&l.table);
	ids_finish(&l.ids);
	answer_finish(&a);
	return failed;
}

const struct command command_queue = {
	.name = "queue",
	.operands = "",
	.summary = "Show what runs and what waits, in the order of its start",
	.run = run,
};
