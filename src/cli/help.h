/* cli/help.h -- the tables of the commands as pages: for a terminal, and docs/CLI.md. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "base/buf.h"
#include "cli/command.h"

void help_overview(FILE *to);
void help_print(const struct command *command); /* on stdout */
void help_page(const struct command *command, struct buf *to);
void help_markdown(struct buf *to);

#endif
