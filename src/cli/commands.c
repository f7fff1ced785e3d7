/* cli/commands.c -- the list of commands, and the options that they share. */
#include <string.h>

#include "cli/args.h"
#include "cli/command.h"
#include "client/client.h"

const struct command *const commands[] = {
#define X(name) &command_##name,
	COMMANDS(X)
#undef X
	NULL,
};

const struct option server_options[] = {
	{ "server", 's', "URL", false, "The server's address; else TRAINYARD_SERVER." },
	{ "token", 0, "TOKEN", false, "Who asks; else TRAINYARD_TOKEN." },
	{ "state", 0, "DIR", false,
		"The state directory whose server is meant; else TRAINYARD_STATE." },
	OPTION_END,
};

const struct option common_options[] = {
	{ "json", 0, NULL, false, "Print JSON for programs." },
	{ "help", 'h', NULL, false, "Show this page." },
	OPTION_END,
};

const struct command *command_find(const char *name)
{
	for (int i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

int call_client(struct call *call, struct err *e)
{
	struct client_where where = {
		.server = args_text(call->args, "server"),
		.token = args_text(call->args, "token"),
		.state = args_text(call->args, "state"),
	};
	if (!call->client)
		call->client = client_open(&where, e);
	return call->client ? 0 : -1;
}
