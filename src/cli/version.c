/* cli/version.c -- `trainyard version`. */
#include <stdio.h>

#include "cli/args.h"

static int run(struct call *call, struct err *e)
{
	if (args_has(call->args, "json"))
		printf("{\"version\":\"%s\"}\n", TRAINYARD_VERSION);
	else
		printf("trainyard %s\n", TRAINYARD_VERSION);
	return 0;
}

const struct command command_version = {
	.name = "version",
	.operands = "",
	.no_server = true,
	.summary = "Print this program's version",
	.run = run,
};
