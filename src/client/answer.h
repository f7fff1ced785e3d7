/* client/answer.h -- what the files of this room share about replies. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client/client.h"

/* Takes the reply's bytes over and reads them; the reply is empty afterwards. */
void answer_take(struct answer *a, struct net_reply *reply);
/* 0 for 2xx; else -1 and *e with the server's own kind and sentence. */
int answer_error(const struct answer *a, const char *server, struct err *e);
/* A text field of the answer's object; NULL when it is not there or empty. */
const char *answer_text(const struct answer *a, const char *key);

#endif
