/* cli/help.c -- see help.h. */
#include "cli/help.h"

#include <string.h>

#define OPTION_COLUMN 26
#define LINE_COLUMNS 80

static const char opening[] =
	"trainyard queues, starts, watches and stops training jobs on this machine.\n";

static void usage_of(const struct command *c, struct buf *to)
{
	bool options = c->options || !c->raw;
	buf_format(to, "trainyard %s%s%s%s", c->name, options ? " [OPTIONS]" : "",
		*c->operands ? " " : "", c->operands);
}

/* "-n, --name NAME" */
static void option_words(const struct option *o, struct buf *to)
{
	if (o->letter)
		buf_format(to, "-%c, ", o->letter);
	buf_format(to, "--%s", o->name);
	if (o->argument)
		buf_format(to, " %s", o->argument);
}

/* Words of `text` in lines of LINE_COLUMNS, all but the first behind `indent` spaces. */
static void wrapped(const char *text, int at, int indent, struct buf *to)
{
	while (*text) {
		size_t length = strcspn(text, " \n");
		if (at > indent && at + (int)length + 1 > LINE_COLUMNS) {
			buf_format(to, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			buf_char(to, ' ');
			at++;
		}
		buf_add(to, text, length);
		at += (int)length;
		text += length;
		if (text[0] == '\n' && text[1] == '\n') {
			buf_format(to, "\n\n%*s", indent, "");
			at = indent;
		}
		text += strspn(text, " \n");
	}
	buf_char(to, '\n');
}

static void options_page(const struct option *o, struct buf *to)
{
	for (; o && o->name; o++) {
		AUTO_BUF words = { 0 };
		option_words(o, &words);
		buf_format(to, "  %s%s", o->letter ? "" : "    ", words.bytes);
		int used = 2 + (o->letter ? 0 : 4) + (int)words.length_bytes;
		int gap = used + 2 > OPTION_COLUMN ? 0 : OPTION_COLUMN - used;
		if (gap == 0)
			buf_format(to, "\n%*s", OPTION_COLUMN, "");
		else
			buf_format(to, "%*s", gap, "");
		wrapped(o->help, OPTION_COLUMN, OPTION_COLUMN, to);
	}
}

void help_page(const struct command *c, struct buf *to)
{
	buf_text(to, "Usage: ");
	usage_of(c, to);
	buf_format(to, "\n\n%s.\n", c->summary);
	if (c->text) {
		buf_char(to, '\n');
		wrapped(c->text, 0, 0, to);
	}
	if (c->raw)
		return;
	buf_text(to, "\nOptions:\n");
	options_page(c->options, to);
	if (!c->no_server)
		options_page(server_options, to);
	options_page(common_options, to);
}

void help_print(const struct command *command)
{
	AUTO_BUF page = { 0 };
	help_page(command, &page);
	fputs(page.bytes, stdout);
}

void help_overview(FILE *to)
{
	fprintf(to, "%s\nUsage: trainyard COMMAND [OPTIONS] ...\n\n", opening);
	for (int i = 0; commands[i]; i++)
		fprintf(to, "  %-10s%s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`trainyard COMMAND --help` tells more. "
	      "A job is named by its id, its name, or the\nbeginning of its id.\n",
		to);
}

static void options_markdown(const struct option *o, struct buf *to)
{
	for (; o && o->name; o++) {
		buf_text(to, "| `");
		option_words(o, to);
		buf_format(to, "` | %s |\n", o->help);
	}
}

static void command_markdown(const struct command *c, struct buf *to)
{
	buf_format(to, "\n## %s\n\n%s.\n\n    ", c->name, c->summary);
	usage_of(c, to);
	buf_text(to, "\n");
	if (c->text)
		buf_format(to, "\n%s\n", c->text);
	if (!c->options)
		return;
	buf_text(to, "\n| Option | |\n|---|---|\n");
	options_markdown(c->options, to);
}

/* The words of each exit code, from the list of error kinds itself. */
static void exit_codes_markdown(struct buf *to)
{
	buf_text(to, "\n## Exit codes\n\n| Code | When | `code` of the error |\n|---|---|---|\n");
	static const struct {
		int code;
		const char *when;
	} meanings[] = {
		{ 0, "done" },
		{ 1, "the server failed, or cannot do this" },
		{ 2, "the command line or the request is wrong" },
		{ 4, "there is no such job" },
		{ 5, "the job's state does not allow it, or the name fits several jobs" },
		{ 6, "not allowed" },
		{ 7, "no server, or it cannot store anything now" },
		{ 8, "no answer in time, or too many requests" },
	};
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		buf_format(to, "| %d | %s | ", meanings[i].code, meanings[i].when);
		int written = 0;
		for (int kind = 1; kind < ERR_KIND_COUNT; kind++) {
			if (err_exit_code((enum err_kind)kind) != meanings[i].code)
				continue;
			buf_format(to, "%s`%s`", written++ ? ", " : "",
				err_word((enum err_kind)kind));
		}
		buf_text(to, " |\n");
	}
	buf_text(to,
		"\n`run` and `wait` end with the job's own exit code, 128 + N when signal N "
		"ended it, and "
		"1 when it\nended without either (cancelled while it waited, lost). A job that "
		"did not "
		"complete never gives 0.\n`wait` with several jobs gives the first code that "
		"is not 0. "
		"When `run` or `wait` itself fails, the\ncodes above hold: `--json` tells the "
		"two apart. A command that signal N ended,\nor made leave a job, gives 128 + N; "
		"141 means that nobody read its output any more.\n");
}

void help_markdown(struct buf *to)
{
	buf_format(to,
		"# The command line\n\n"
		"Made by `trainyard help --markdown` from the program's own tables; "
		"a test compares the two.\n\n%s",
		opening);
	buf_text(to,
		"\nA job is named by its id, its name, or the beginning of its id. Where a name "
		"fits several jobs,\nthe error lists them and nothing is done.\n\n"
		"| Option of every command | |\n|---|---|\n");
	options_markdown(common_options, to);
	buf_text(to, "\n| Option of every command that asks a server | |\n|---|---|\n");
	options_markdown(server_options, to);
	buf_text(to,
		"\nWithout `--server` and `TRAINYARD_SERVER` the state directory tells where the "
		"server is: its socket\n`DIR/trainyard.sock`, which needs no token, else "
		"`DIR/address` with the token of `DIR/admin.token`.\nThe directory is "
		"`~/.local/share/trainyard`, for root `/var/lib/trainyard`.\n");
	for (int i = 0; commands[i]; i++)
		command_markdown(commands[i], to);
	exit_codes_markdown(to);
}
