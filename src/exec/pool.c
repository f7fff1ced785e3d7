/* exec/pool.c -- runners without an attempt: those kept ready, and those left over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "exec/inside.h"

#define FILL_AFTER_MS 10   /* not in the way of the start that emptied the pool */
#define TRIM_AFTER_MS 1000 /* a burst of short jobs should keep its runners */
#define RETRY_AFTER_MS 1000
#define STALE_EVERY_MS 10

/* A directory of a new runner's own; its name is new, for 96 bits are drawn. */
static struct link *spawn_new(struct exec *x, struct err *e)
{
	unsigned char random[(PACT_RUNNER_BYTES - 1) / 2];
	char runner[PACT_RUNNER_BYTES];

	loop_random(random, sizeof(random));
	str_to_hex(runner, random, sizeof(random));
	if (mkdirat(x->runners_fd, runner, 0700) < 0) {
		err_errno(e, ERR_IO, "cannot make the directory of runner %s", runner);
		return NULL;
	}
	return link_spawn(x, runner, NULL, NULL);
}

struct link *pool_take(struct exec *x, struct err *e)
{
	LIST_EACH(at, &x->links)
	{
		struct link *l = LIST_ITEM(at, struct link, node);
		if (!l->ready)
			continue;
		l->ready = false;
		pool_changed(x);
		return l;
	}
	return spawn_new(x, e);
}

/* Ready ones, and those that will be: they are on their way up. */
static int count_idle(struct exec *x)
{
	int idle = 0;

	LIST_EACH(at, &x->links)
	{
		struct link *l = LIST_ITEM(at, struct link, node);
		idle += l->fd >= 0 && !l->attempt && !l->reserved && !l->heir;
	}
	return idle;
}

void pool_changed(struct exec *x)
{
	int idle = count_idle(x);

	if (!x->open || idle == x->config.pool_size) {
		x->pool_at_ms = 0;
		return;
	}
	if (x->pool_at_ms == 0)
		x->pool_at_ms = loop_now().boot_ms +
			(idle < x->config.pool_size ? FILL_AFTER_MS : TRIM_AFTER_MS);
	exec_wake(x, x->pool_at_ms);
}

static void trim(struct exec *x, int surplus)
{
	struct pact_message leave;

	pact_message_init(&leave, PACT_KIND_LEAVE);
	LIST_EACH(at, &x->links)
	{
		struct link *l = LIST_ITEM(at, struct link, node);
		if (l->ready && surplus-- > 0) {
			l->ready = false;
			link_send(l, &leave);
		}
	}
}

/* A runner that could not prepare: the next one hardly will either. */
void pool_failed(struct exec *x)
{
	if (!x->open)
		return;
	x->pool_at_ms = loop_now().boot_ms + RETRY_AFTER_MS;
	exec_wake(x, x->pool_at_ms);
}

/* One new runner at a time: each costs the loop a spawn. */
void pool_look(struct exec *x, int64_t now_ms)
{
	int idle = count_idle(x);

	if (x->pool_at_ms == 0 || now_ms < x->pool_at_ms)
		return;
	x->pool_at_ms = 0;
	if (idle > x->config.pool_size) {
		trim(x, idle - x->config.pool_size);
	} else if (idle < x->config.pool_size) {
		struct link *l = spawn_new(x, NULL);
		bool started = l && l->fd >= 0;
		if (l && !started)
			link_bury(l);
		x->pool_at_ms = now_ms + (started ? FILL_AFTER_MS : RETRY_AFTER_MS);
		exec_wake(x, x->pool_at_ms);
	}
}

static bool is_known(struct exec *x, const char *runner)
{
	struct map_entry *entry;
	size_t at_entry = 0;

	LIST_EACH(at, &x->links)
	if (strcmp(LIST_ITEM(at, struct link, node)->runner, runner) == 0)
		return true;
	while ((entry = map_each(&x->attempts, &at_entry)))
		if (strncmp(((struct attempt *)entry->value)->nonce, runner,
			    PACT_RUNNER_BYTES - 1) == 0)
			return true;
	return false;
}

/* The turn that a dead runner was at: its files are named after it. */
static uint32_t turn_of(struct exec *x, const char *runner)
{
	char name[PACT_FILE_BYTES + 32], joined[PACT_NONCE_BYTES], ignored[PACT_RUNNER_BYTES];
	uint32_t turn = 0;
	int fd = openat(x->runners_fd, runner, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		const char *dash = strchr(entry->d_name, '-');
		if (!dash || str_copy(name, sizeof(name), dash + 1) < 0 || strlen(name) != 8)
			continue;
		str_copy(joined, sizeof(joined), runner);
		str_copy(joined + PACT_RUNNER_BYTES - 1, 9, name);
		pact_nonce_split(joined, ignored, &turn);
	}
	if (directory)
		closedir(directory);
	return turn;
}

void stale_add(struct exec *x, const char *nonce)
{
	if (x->stale_at == x->stale_count)
		x->stale_at = x->stale_count = 0;
	if (x->stale_count == x->stale_room) {
		x->stale_room = x->stale_room ? 2 * x->stale_room : 16;
		x->stale = mem_resize(x->stale, x->stale_room * sizeof(*x->stale));
	}
	str_copy(x->stale[x->stale_count++], PACT_NONCE_BYTES, nonce);
	if (x->stale_at_ms == 0)
		x->stale_at_ms = loop_now().boot_ms + STALE_EVERY_MS;
	exec_wake(x, x->stale_at_ms);
}

void stale_collect(struct exec *x)
{
	int fd = openat(x->runners_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char nonce[PACT_NONCE_BYTES];

	while (directory && (entry = readdir(directory))) {
		if (strlen(entry->d_name) != PACT_RUNNER_BYTES - 1 || is_known(x, entry->d_name))
			continue;
		pact_nonce_make(nonce, entry->d_name, 0);
		stale_add(x, nonce);
	}
	if (directory)
		closedir(directory);
}

/* A dead runner's directory is cleared by an heir, which knows what else it left; a living one's is
 * its own. */
void stale_step(struct exec *x, int64_t now_ms)
{
	char runner[PACT_RUNNER_BYTES], nonce[PACT_NONCE_BYTES];
	uint32_t turn;

	if (x->stale_at_ms == 0 || now_ms < x->stale_at_ms)
		return;
	x->stale_at_ms = 0;
	if (x->stale_at >= x->stale_count)
		return;
	const char *next = x->stale[x->stale_at++];
	if (pact_nonce_split(next, runner, &turn) && !is_known(x, runner)) {
		AUTO_CLOSE int directory = openat(x->runners_fd, runner,
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (directory >= 0 && !seek_lock_held(directory)) {
			pact_nonce_make(nonce, runner, turn_of(x, runner));
			struct link *l = link_spawn(x, runner, nonce, x->boot_id);
			if (l->fd < 0)
				link_drop(l);
		}
	}
	x->stale_at_ms = now_ms + STALE_EVERY_MS;
	exec_wake(x, x->stale_at_ms);
}
