/* cli/ids.h -- ids that are shown together, as short as they may be. */
#ifndef CLI_IDS_H
#define CLI_IDS_H

#include <stdbool.h>

#include "base/arena.h"

#define IDS_SHORT 8 /* at least so many characters of an id are shown */

struct ids {
	char **list;
	int count, room;
	int unique; /* characters that tell all apart; 0 = not counted yet */
};

void ids_add(struct ids *ids, const char *id);
void ids_finish(struct ids *ids);

/* The id number `at`: its first characters if it is a UUID and `cut` is asked, else all of it. An
 * id that a caller chose is a name and is never cut. */
const char *ids_short(struct ids *ids, int at, bool cut, struct arena *a);

#endif
