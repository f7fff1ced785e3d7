/* api/follow.h -- a log as a stream of its bytes, until the job has ended; inside this room only.
 *
 * It begins with the line `offset` (from 0; 0 = all that is kept), or, when that is negative, with
 * the last `limit` lines. Bytes are sent as the job wrote them. Dropped parts are told in a line
 * of their own. */
#ifndef API_FOLLOW_H
#define API_FOLLOW_H

#include <stdint.h>

#include "api/call.h"

void follow_start(struct call *c, int limit, int64_t offset);

#endif
