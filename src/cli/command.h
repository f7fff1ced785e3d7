/* cli/command.h -- what a command is: one row of words, from which its parser, its --help and
 * docs/CLI.md are made, and one function.
 *
 * Every command is a file of this folder that defines `const struct command command_NAME`; COMMANDS
 * is the one list of them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* In the order of the help page. */
#define COMMANDS(X)                                                            \
	X(serve) X(run) X(submit) X(ls) X(show) X(wait) X(logs) X(cancel) X(queue) \
	X(health) X(token) X(version) X(help)

struct option {
	const char *name;     /* without the dashes */
	char letter;          /* 0 = none */
	const char *argument; /* NULL = a switch */
	bool repeats;         /* may be given more than once; else the last one counts */
	const char *help;     /* a sentence */
};

#define OPTION_END \
	{          \
		0  \
	}

struct args;
struct client;

/* What a command is given: its words and, through call_client, the server. */
struct call {
	const struct args *args;
	struct client *client;
	int exit_code; /* set by commands that end with a job's own code */
};

struct command {
	const char *name;
	const char *operands;           /* as shown: "JOB..."; "" = none */
	int operands_min, operands_max; /* -1 = any number */
	bool tail;           /* the first operand ends the options: the rest is a command */
	bool raw;            /* words are not parsed at all */
	bool no_server;      /* takes no --server, --token, --state */
	const char *summary; /* a short line, no full stop */
	const char *text;    /* paragraphs for --help */
	const struct option *options; /* ends with OPTION_END; NULL = none */
	/* 0 (then call->exit_code counts) or -1 with *e. */
	int (*run)(struct call *call, struct err *e);
};

#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X

/* All commands, NULL at the end. */
extern const struct command *const commands[];
/* Options that most commands share: the server's (not with no_server) and everyone's. */
extern const struct option server_options[];
extern const struct option common_options[];

const struct command *command_find(const char *name); /* NULL = no such */

/* Opens call->client from the words of the call. Nothing is sent yet. */
int call_client(struct call *call, struct err *e);

#endif
