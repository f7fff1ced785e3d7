/* client/place.h -- where the server is, and with which token it is asked.
 *
 * In this order: what the caller names (--server, --token, --state), TRAINYARD_SERVER and
 * TRAINYARD_TOKEN, then the state directory (TRAINYARD_STATE, /var/lib/trainyard for root,
 * ~/.local/share/trainyard): its socket DIR/trainyard.sock, where the server sees who asks and no
 * token is needed, else DIR/address and DIR/admin.token. The admin token of a state directory goes
 * to that directory's own server only. */
#ifndef CLIENT_PLACE_H
#define CLIENT_PLACE_H

#include <stdbool.h>

#include "base/err.h"

/* NULL = not named by the caller. */
struct client_where {
	const char *server; /* http://HOST:PORT, or HOST:PORT */
	const char *token;
	const char *state;
};

/* All on the heap. */
struct place {
	char *state;       /* the directory that was looked at */
	char *url;         /* http://HOST:PORT, no slash at the end */
	char *socket_path; /* NULL = TCP */
	char *token;       /* NULL = none */
	bool named;        /* the server was named, not found through the directory */
};

/* The state directory alone. Never NULL; the caller frees. */
char *place_state(const struct client_where *where);
/* ERR_NO_SERVER when the state directory shows none; the sentence says how to start one. */
int place_find(struct place *p, const struct client_where *where, struct err *e);
void place_finish(struct place *p);
/* How a person would name it: the address, or the socket's path. */
const char *place_name(const struct place *p);

/* The token in DIR/admin.token. ERR_NOT_FOUND, ERR_DENIED; the caller frees *token. */
int place_admin_token(const char *state, char **token, struct err *e);

#endif
