/* store/directory.h -- the state directory: made, judged and locked; private to this room. */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include "base/err.h"

/* Makes the directory (0700, parents too), refuses one on a network file system (ERR_INPUT), and
 * takes its lock: DIR/lock, held as long as the returned descriptor is open and lost with the
 * process, never inherited. Nobody else in this process may open that file: closing it would give
 * the lock up (that is how fcntl locks are). ERR_CONFLICT names the process that holds it. */
int directory_take(const char *directory, struct err *e);

/* What a kernel's file system number (statfs f_type) stands for when it is a network file system,
 * else NULL. */
const char *network_file_system_name(unsigned long magic);

#endif
