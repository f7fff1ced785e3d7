/* cli/helpcmd.c -- `trainyard help`: the list of commands, one command's page, or docs/CLI.md. */
#include "cli/args.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/term.h"

static int run(struct call *call, struct err *e)
{
	const struct args *a = call->args;
	if (args_has(a, "markdown")) {
		AUTO_BUF page = { 0 };
		help_markdown(&page);
		return term_write_buf(&page, e);
	}
	if (a->operand_count == 0) {
		help_overview(stdout);
		return 0;
	}
	const struct command *command = command_find(a->operands[0]);
	if (command) {
		help_print(command);
		return 0;
	}
	struct suggestion best = suggestion_for(a->operands[0]);
	for (int i = 0; commands[i]; i++)
		suggestion_try(&best, commands[i]->name);
	return err_set(e, ERR_INPUT, "no command '%s'%s%s", a->operands[0],
		best.word ? "; did you mean " : "", best.word ? best.word : "");
}

static const struct option options[] = {
	{ "markdown", 0, NULL, false, "Print the page docs/CLI.md." },
	OPTION_END,
};

const struct command command_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.operands_max = 1,
	.no_server = true,
	.summary = "Explain a command, or list them all",
	.options = options,
	.run = run,
};
