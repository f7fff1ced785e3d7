/* cli/token.c -- `trainyard token`: the admin token of a state directory on this machine. */
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "base/scope.h"
#include "cli/args.h"
#include "cli/term.h"
#include "client/place.h"

static int run(struct call *call, struct err *e)
{
	struct client_where where = { .state = args_text(call->args, "state") };
	AUTO_FREE char *state = place_state(&where);
	AUTO_FREE char *token = NULL;
	AUTO_BUF path = { 0 };
	AUTO_BUF out = { 0 };
	buf_format(&path, "%s/admin.token", state);
	if (args_has(call->args, "path")) {
		printf("%s\n", path.bytes);
		return 0;
	}
	if (place_admin_token(state, &token, e))
		return -1;
	if (!args_has(call->args, "json")) {
		printf("%s\n", token);
		return 0;
	}
	struct json_out j = { .to = &out };
	json_object(&j);
	json_put_text(&j, "token", token);
	json_put_text(&j, "path", path.bytes);
	json_end(&j);
	return term_write_json(&out, e);
}

static const struct option options[] = {
	{ "state", 0, "DIR", false, "The state directory; else TRAINYARD_STATE." },
	{ "path", 0, NULL, false, "Print where the token is kept instead." },
	OPTION_END,
};

const struct command command_token = {
	.name = "token",
	.operands = "",
	.no_server = true,
	.summary = "Print the admin token of the server on this machine",
	.text = "The server makes the token when it first starts and keeps it in "
		"DIR/admin.token, which "
		"only its own user may read. Elsewhere give it with --token or TRAINYARD_TOKEN.",
	.options = options,
	.run = run,
};
