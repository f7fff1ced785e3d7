/* cli/run.c -- `trainyard run`: submit a job, show its output, end with its exit code. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/capture.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/term.h"

#define QUESTION                                                                       \
	"Stop the job? y = stop it, d = leave it running, n = go on watching, then Enter " \
	"(Ctrl-C again stops it) "

struct stop {
	bool asked; /* the server was told to stop it */
};

/* 'y', 'd' or 'n'; a second Ctrl-C and a terminal that is gone mean yes. */
static char ask(struct follow *f)
{
	char words[64];
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = f->signal_fd, .events = POLLIN } };
	bar_hide(&f->bar);
	fprintf(stderr, "\n%s", QUESTION);
	fflush(stderr);
	while (poll(p, 2, -1) < 0)
		;
	if (p[1].revents) {
		watch_next_signal(f->signal_fd);
		fputc('\n', stderr);
		return 'y';
	}
	ssize_t got = read(STDIN_FILENO, words, sizeof(words));
	if (got <= 0)
		return 'y';
	return words[0] == 'y' || words[0] == 'Y'    ? 'y'
		: words[0] == 'd' || words[0] == 'D' ? 'd'
						     : 'n';
}

static int leave(struct follow *f, int number, int *exit_code)
{
	watch_say(&f->watch, "left; job %s goes on: trainyard logs -f %s, trainyard cancel %s",
		f->id, f->id, f->id);
	*exit_code = 128 + number;
	return 1;
}

static int on_signal(struct follow *f, int number, int *exit_code, struct err *e)
{
	struct stop *stop = f->context;
	struct answer a = { 0 };
	const char *message;
	struct err failure;
	/* TERM and HUP end this program, not the job: a shell may close, that is what it is for. */
	if (number != SIGINT || stop->asked)
		return leave(f, number, exit_code);
	char wish = isatty(STDIN_FILENO) ? ask(f) : 'y';
	if (wish == 'd')
		return leave(f, number, exit_code);
	if (wish == 'n')
		return 0;
	struct cancel_wish cancel = { .reason = "Ctrl-C in trainyard run",
		.grace_ms = -1,
		.at_once = true };
	if (client_cancel(f->watch.client, f->id, &cancel, &a, &message, &failure))
		watch_say(&f->watch, "cannot stop it: %s", failure.text);
	else
		watch_say(&f->watch, "stopping it; Ctrl-C again leaves it to the server");
	stop->asked = a.status >= 200 && a.status < 300;
	answer_finish(&a);
	return 0;
}

static void tell_end(const struct follow *f, const struct job_facts *facts)
{
	AUTO_BUF state = { 0 };
	format_state(&state, facts);
	watch_say(&f->watch, "%s %s", f->id, state.bytes);
}

static int follow(struct call *call, const char *id, int signal_fd, struct err *e)
{
	struct follow f;
	struct answer a = { 0 };
	struct job_facts facts = { 0 };
	struct stop stop = { 0 };
	bool quiet = args_has(call->args, "quiet"), json = args_has(call->args, "json");
	follow_init(&f, call->client, id, 0);
	bar_init(&f.bar, quiet || json);
	f.on_signal = on_signal;
	f.context = &stop;
	f.signal_fd = signal_fd;
	int left = follow_run(&f, &a, &facts, &call->exit_code, e);
	bar_finish(&f.bar);
	if (left == 0) {
		call->exit_code = exit_code_of(&facts);
		if (!quiet && !json)
			tell_end(&f, &facts);
	}
	follow_finish(&f);
	/* The output went to stdout, so the job's last word goes to stderr, where errors go too. */
	if (left == 0 && json)
		fprintf(stderr, "%s\n", a.body.bytes);
	answer_finish(&a);
	return left < 0 ? -1 : 0;
}

static int run(struct call *call, struct err *e)
{
	AUTO_BUF json = { 0 };
	AUTO_BUF id = { 0 };
	struct answer a = { 0 };
	struct job_facts facts;
	if (capture_submission(call->args, &json, e) || call_client(call, e))
		return -1;
	int signal_fd = -1;
	int failed = client_submit(call->client, json.bytes, &a, &facts, e);
	/* Before anybody can know that there is a job: from here on Ctrl-C is about it. */
	if (!failed && (signal_fd = watch_signals(e)) < 0)
		failed = -1;
	if (!failed) {
		buf_text(&id, facts.id);
		if (!args_has(call->args, "quiet") && !args_has(call->args, "json"))
			fprintf(stderr, "trainyard: job %s\n", facts.id);
	}
	answer_finish(&a);
	return failed ? failed : follow(call, id.bytes, signal_fd, e);
}

static const struct option options[] = {
	SUBMIT_OPTIONS,
	{ "quiet", 'q', NULL, false, "Only the job's own output." },
	OPTION_END,
};

const struct command command_run = {
	.name = "run",
	.operands = "[--] COMMAND...",
	.operands_max = -1,
	.tail = true,
	.summary = "Submit a job, show its output and progress, end with its exit code",
	.text = "The job's output goes to stdout as it comes, all else to stderr: a progress "
		"bar on a "
		"terminal, plain lines on a pipe.\n\n"
		"Ctrl-C asks whether to stop the job, to leave it running, or to go on; a "
		"second Ctrl-C "
		"stops it, and one more while it stops leaves the rest to the server. Without a "
		"terminal Ctrl-C (SIGINT) stops it at once. When this program is ended by "
		"SIGTERM or "
		"SIGHUP the job goes on.\n\n"
		"While the server is away the job goes on too; its output is taken up again "
		"where it "
		"broke off. After ten minutes without a server this program gives up, with 7.\n\n"
		"With --json stdout is the job's output all the same, and the finished job "
		"comes as "
		"JSON on stderr.",
	.options = options,
	.run = run,
};
