/* files/watch.h -- tells when a file changed, so that nobody polls.
 *
 * One inotify descriptor for any number of watches. A watch is on the file itself, not on its
 * directory: a noisy neighbour (the log beside a metrics file) wakes nobody. Where the kernel sees
 * no changes (a network file system, no watches left) watch_file says ERR_IO: then poll.
 * A symbolic link is watched itself: what it points to is nobody's business here. */
#ifndef FILES_WATCH_H
#define FILES_WATCH_H

#include "base/err.h"
#include "loop/loop.h"

struct watcher;
struct watch;

/* Something was written to the file, or the name now means another file or none (`moved`). */
typedef void watch_fn(void *context, bool moved);

struct watcher *watcher_create(struct loop *l, struct err *e);
void watcher_destroy(struct watcher *w); /* after its watches; NULL is fine */

struct watch *watch_file(struct watcher *w, const char *path, watch_fn *fn, void *context,
	struct err *e);
void watch_destroy(struct watch *watch); /* also from its own fn; NULL is fine */

#endif
