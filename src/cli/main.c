/* cli/main.c -- main of trainyard: finds the command, reads its words, runs it, tells its error. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/term.h"
#include "cli/text.h"
#include "client/client.h"

/* The sentence for people goes to stderr; with --json programs get the same as an object there. */
static int tell(const struct err *e, bool json)
{
	AUTO_BUF text = { 0 };
	if (json) {
		struct json_out j = { .to = &text };
		json_object(&j);
		json_put_bool(&j, "success", false);
		json_put_text(&j, "error", e->text);
		json_put_text(&j, "code", err_word(e->kind));
		json_end(&j);
	} else {
		buf_text(&text, "trainyard: ");
		text_clean(&text, str_of(e->text));
	}
	fprintf(stderr, "%s\n", text.bytes);
	return err_exit_code(e->kind);
}

static int unknown_command(const char *word)
{
	struct err e;
	struct suggestion best = suggestion_for(word);
	for (int i = 0; commands[i]; i++)
		suggestion_try(&best, commands[i]->name);
	if (best.word)
		err_set(&e, ERR_INPUT, "no command '%s'; did you mean `trainyard %s`?", word,
			best.word);
	else
		err_set(&e, ERR_INPUT, "no command '%s'; `trainyard help` lists them", word);
	return tell(&e, false);
}

/* Was --json among the words, even if they could not be read? */
static bool wants_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct args args;
	struct err e = { 0 };
	struct call call = { .args = &args };
	int failed = args_parse(&args, command, argc, argv, &e);
	bool json = !command->raw && wants_json(argc, argv);
	if (!failed && !command->raw && args_has(&args, "help"))
		help_print(command);
	else if (!failed)
		failed = command->run(&call, &e);
	if (!failed && term_flush(&e))
		failed = -1;
	client_close(call.client);
	args_finish(&args);
	return failed ? tell(&e, json) : call.exit_code;
}

int main(int argc, char **argv)
{
	static char help[] = "help", version[] = "version";
	/* Only to tell how wide a character is: all text is UTF-8, and numbers keep their point. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* A reader that left is an ordinary end (see term.h); a socket's says EPIPE. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_overview(stderr);
		return err_exit_code(ERR_INPUT);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		argv[1] = help;
	else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		argv[1] = version;
	const struct command *command = command_find(argv[1]);
	return command ? run(command, argc - 1, argv + 1) : unknown_command(argv[1]);
}
