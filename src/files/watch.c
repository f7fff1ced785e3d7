/* files/watch.c -- see watch.h. The kernel gives one descriptor per file however often it is asked
 * for, so that watches of the same file share it and the last one removes it. */
#include "files/watch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"

struct watcher {
	struct loop_poll *poll;
	struct list watches;
	int fd;
	struct watch *next; /* of the walk that is calling back now */
	uint64_t walk;      /* its number */
};

struct watch {
	struct list node;
	struct watcher *watcher;
	int descriptor;
	uint64_t made_in; /* this walk: what it is called for is older */
	watch_fn *fn;
	void *context;
};

/* Who is called may set its watch anew, and may get the same descriptor for it: the new one stands
 * at the end of the list and must not be met by the same walk, or it would never end. */
static void tell(struct watcher *w, int descriptor, bool moved)
{
	struct list *at = w->watches.next;
	w->walk++;
	while (at != &w->watches) {
		struct watch *watch = LIST_ITEM(at, struct watch, node);
		w->next = at->next == &w->watches ? NULL : LIST_ITEM(at->next, struct watch, node);
		if (watch->made_in != w->walk &&
			(descriptor < 0 || watch->descriptor == descriptor))
			watch->fn(watch->context, moved);
		at = w->next ? &w->next->node : &w->watches;
	}
	w->next = NULL;
}

static void on_readable(void *context, int events)
{
	struct watcher *w = context;
	_Alignas(struct inotify_event) char bytes[16384];
	(void)events;
	ssize_t n;
	while ((n = read(w->fd, bytes, sizeof(bytes))) > 0) {
		ssize_t at = 0;
		while (at < n) {
			const struct inotify_event *event = (const void *)(bytes + at);
			at += (ssize_t)sizeof(*event) + event->len;
			if (event->mask & IN_IGNORED)
				continue;
			/* After an overflow nobody knows what was missed: everybody looks. */
			int descriptor = event->mask & IN_Q_OVERFLOW ? -1 : event->wd;
			tell(w, descriptor,
				event->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB));
		}
	}
}

struct watcher *watcher_create(struct loop *l, struct err *e)
{
	struct watcher *w = mem_alloc(sizeof(*w));
	list_init(&w->watches);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		err_errno(e, ERR_IO, "cannot watch files");
		free(w);
		return NULL;
	}
	w->poll = loop_poll_create(l, w->fd, on_readable, w, e);
	if (!w->poll) {
		close(w->fd);
		free(w);
		return NULL;
	}
	loop_poll_set(w->poll, LOOP_READABLE);
	return w;
}

void watcher_destroy(struct watcher *w)
{
	if (!w)
		return;
	loop_poll_destroy(w->poll);
	close(w->fd);
	free(w);
}

struct watch *watch_file(struct watcher *w, const char *path, watch_fn *fn, void *context,
	struct err *e)
{
	int descriptor = inotify_add_watch(w->fd, path,
		IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB | IN_DONT_FOLLOW);
	if (descriptor < 0) {
		err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot watch %s", path);
		return NULL;
	}
	struct watch *watch = mem_alloc(sizeof(*watch));
	*watch = (struct watch){ .watcher = w,
		.descriptor = descriptor,
		.made_in = w->walk,
		.fn = fn,
		.context = context };
	list_append(&w->watches, &watch->node);
	return watch;
}

static bool shared(const struct watch *watch)
{
	LIST_EACH(at, &watch->watcher->watches)
	{
		const struct watch *other = LIST_ITEM(at, struct watch, node);
		if (other != watch && other->descriptor == watch->descriptor)
			return true;
	}
	return false;
}

void watch_destroy(struct watch *watch)
{
	if (!watch)
		return;
	struct watcher *w = watch->watcher;
	if (!shared(watch))
		inotify_rm_watch(w->fd, watch->descriptor);
	if (w->next == watch)
		w->next = watch->node.next == &w->watches
			? NULL
			: LIST_ITEM(watch->node.next, struct watch, node);
	list_remove(&watch->node);
	free(watch);
}
