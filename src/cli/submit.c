/* cli/submit.c -- `trainyard submit`: a job into the queue, and its id on stdout. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/capture.h"
#include "cli/term.h"
#include "client/client.h"

static int run(struct call *call, struct err *e)
{
	AUTO_BUF json = { 0 };
	struct answer a = { 0 };
	struct job_facts facts;
	if (capture_submission(call->args, &json, e) || call_client(call, e))
		return -1;
	int failed = client_submit(call->client, json.bytes, &a, &facts, e);
	if (!failed && args_has(call->args, "json"))
		failed = term_write_json(&a.body, e);
	else if (!failed)
		printf("%s\n", facts.id);
	answer_finish(&a);
	return failed;
}

static const struct option options[] = { SUBMIT_OPTIONS, OPTION_END };

const struct command command_submit = {
	.name = "submit",
	.operands = "[--] COMMAND...",
	.operands_max = -1,
	.tail = true,
	.summary = "Put a job into the queue and print its id",
	.text = "The job gets this shell's directory, umask and environment, without TRAINYARD_*, "
		"JOB_ID, JOB_USER_ID, JOB_TOKEN, METRICS_API_URL and CUDA_VISIBLE_DEVICES, "
		"which the "
		"server gives to each job itself. The git commit of the directory is noted. "
		"When the "
		"reply is lost the submission is sent again under the same key: it makes one job.",
	.options = options,
	.run = run,
};
