/* cli/args.h -- the words of a command line, sorted by the table of its command.
 *
 * Values are borrowed from argv. `--name value`, `--name=value`, `-n value`, `-nvalue`, switches
 * together (`-fr`), and `--` are understood. Options may come after operands, except where the
 * rest of the line is a command. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"

struct arg_value {
	const struct option *option;
	const char *value; /* NULL for a switch */
};

struct args {
	const struct command *command;
	struct arg_value *values;
	int value_count;
	const char **operands;
	int operand_count;
};

/* argv[0] is the command's own word. ERR_INPUT says what is wrong and what was meant. */
int args_parse(struct args *a, const struct command *command, int argc, char *const *argv,
	struct err *e);
void args_finish(struct args *a);

/* The name must be in the command's table: a misspelt one here is our bug, and asserted. */
bool args_has(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name); /* the last one; NULL = not given */
/* The values of one that repeats: `int at = 0; while ((v = args_each(a, "tag", &at))) ...`. */
const char *args_each(const struct args *a, const char *name, int *at);
/* Leaves *value alone when the option was not given. */
int args_int(const struct args *a, const char *name, int64_t least, int64_t most, int64_t *value,
	struct err *e);
/* "90", "1.5", "10s", "5m", "2h", "500ms": seconds unless a unit says otherwise. */
int args_duration_ms(const struct args *a, const char *name, int64_t *value, struct err *e);

#endif
