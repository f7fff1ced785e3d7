/* server/persist.h -- a command's rows, and what they mean for memory once they are committed.
 * All between store_begin and store_commit of turn.c. */
#ifndef SERVER_PERSIST_H
#define SERVER_PERSIST_H

#include "api/ports.h"
#include "core/yard.h"

struct server;

int persist_insert(struct server *s, const struct command *c, const struct submit_ask *ask,
	struct err *e);
int persist_update(struct server *s, const struct command *c, struct err *e);

/* After the commit: memory follows. After a failed one: reserved runners are given back. */
void persist_keep(struct server *s);
void persist_forget(struct server *s);

#endif
