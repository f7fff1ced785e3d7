/* core/commands.c -- the list of what the yard orders. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/inside.h"

void commands_clear(struct commands *c)
{
	c->count = 0;
}

void commands_finish(struct commands *c)
{
	free(c->list);
	*c = (struct commands){ 0 };
}

bool command_is_row(enum command_kind kind)
{
	return kind == CMD_INSERT || kind == CMD_UPDATE;
}

static struct command *next(struct commands *c)
{
	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 16;
		c->list = mem_resize(c->list, c->room * sizeof(*c->list));
	}
	return &c->list[c->count++];
}

struct command *command_add(struct commands *c, enum command_kind kind, const struct job *j)
{
	struct command *command = next(c);
	command->kind = kind;
	command->from = command->to = j->state;
	command->attempt = j->attempt;
	command->grace_ms = 0;
	command->by[0] = command->why[0] = '\0';
	command->job = *j;
	return command;
}

void command_ack(struct commands *c, const char *id, uint32_t attempt)
{
	struct command *command = next(c);
	memset(command, 0, sizeof(*command));
	command->kind = CMD_ACK;
	command->attempt = attempt;
	str_copy_cut(command->job.id, sizeof(command->job.id), id);
}
