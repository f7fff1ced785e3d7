/* cli/health.c -- `trainyard health`: does the server's picture of its jobs agree with reality? */
#include <stdio.h>

#include "cli/args.h"
#include "cli/term.h"
#include "cli/text.h"
#include "client/client.h"

static void add_field(void *context, const char *name, const char *text)
{
	struct buf *out = context;
	text_fit(out, str_of(name), 22, false);
	buf_char(out, ' ');
	text_clean(out, str_of(text));
	buf_char(out, '\n');
}

static int run(struct call *call, struct err *e)
{
	struct answer a = { 0 };
	bool healthy = false;
	AUTO_BUF out = { 0 };
	if (call_client(call, e))
		return -1;
	int failed = client_health(call->client, &a, &healthy, e);
	if (!failed && args_has(call->args, "json")) {
		failed = term_write_json(&a.body, e);
	} else if (!failed) {
		add_field(&out, "server", client_server_name(call->client));
		json_fields_each(a.document, add_field, &out);
		failed = term_write_buf(&out, e);
	}
	answer_finish(&a);
	call->exit_code = healthy ? 0 : 1;
	return failed;
}

const struct command command_health = {
	.name = "health",
	.operands = "",
	.summary = "Check the server and what it knows of its jobs",
	.text = "Ends with 0 when every running job is really there and none is stuck, with 1 "
		"when not.",
	.run = run,
};
