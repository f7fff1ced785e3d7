/* exec/link.c -- starts runners and carries messages to and from them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "exec/inside.h"

#define READ_BYTES 4096

static void on_ready(void *context, int events);

static struct link *link_create(struct exec *x, const char *runner)
{
	struct link *l = mem_alloc(sizeof(*l));

	l->exec = x;
	l->fd = -1;
	str_copy(l->runner, sizeof(l->runner), runner);
	list_append(&x->links, &l->node);
	return l;
}

void link_drop(struct link *l)
{
	list_remove(&l->node);
	loop_poll_destroy(l->poll);
	scope_close(&l->fd);
	buf_finish(&l->in);
	buf_finish(&l->out);
	if (l->attempt)
		l->attempt->link = NULL;
	free(l);
}

/* One that never spoke made no file in its directory, or took them away again; one that was killed
 * later is cleared up after by an heir. */
void link_bury(struct link *l)
{
	char nonce[PACT_NONCE_BYTES];

	if (unlinkat(l->exec->runners_fd, l->runner, AT_REMOVEDIR) < 0 && errno == ENOTEMPTY) {
		pact_nonce_make(nonce, l->runner, l->turn);
		stale_add(l->exec, nonce);
	}
	link_drop(l);
}

static int watch(struct link *l, struct err *e)
{
	l->poll = loop_poll_create(l->exec->loop, l->fd, on_ready, l, e);
	if (!l->poll)
		return -1;
	loop_poll_set(l->poll, LOOP_READABLE);
	return 0;
}

static void remember_child(struct exec *x, pid_t pid)
{
	if (x->child_count == x->child_room) {
		x->child_room = x->child_room ? 2 * x->child_room : 16;
		x->children = mem_resize(x->children, x->child_room * sizeof(*x->children));
	}
	x->children[x->child_count++] = pid;
}

void link_reap(struct exec *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->child_count; i++)
		if (waitpid(x->children[i], NULL, WNOHANG) == 0)
			x->children[kept++] = x->children[i];
	x->child_count = kept;
}

/* posix_spawn, not fork: a server with a gigabyte resident would stand 45 ms. Descriptor 3
 * is the connection; nothing else is passed on, standard streams least of all. */
static int spawn(struct exec *x, int fd, const char *const *argv, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	char *environment[] = { NULL };

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd, 3);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, 0, 1);
	posix_spawn_file_actions_adddup2(&files, 0, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int error = posix_spawn(pid, x->runner_path, &files, &attributes, (char *const *)argv,
		environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

static void cannot_start(struct link *l, int error)
{
	str_copy_cut(l->trouble, sizeof(l->trouble), "cannot start the runner: ");
	size_t length = strlen(l->trouble);
	str_copy_cut(l->trouble + length, sizeof(l->trouble) - length,
		error == EAGAIN ? "the process table is full" : strerror(error));
	log_warn("%s", l->trouble);
}

struct link *link_spawn(struct exec *x, const char *runner, const char *heir_of,
	const char *recorded_boot)
{
	struct link *l = link_create(x, runner);
	char *directory = mem_array(strlen(x->state_dir) + PACT_RUNNER_BYTES + 16, 1);
	const char *argv[] = { "trainyard-runner", directory,
		x->config.cgroups ? "groups" : "no-groups", heir_of, recorded_boot, NULL };
	int pair[2] = { -1, -1 };
	pid_t pid = 0;

	snprintf(directory, strlen(x->state_dir) + PACT_RUNNER_BYTES + 16, "%s/runners/%s",
		x->state_dir, runner);
	l->heir = heir_of != NULL;
	int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0
		? errno
		: spawn(x, pair[1], argv, &pid);
	scope_close(&pair[1]);
	free(directory);
	if (error == 0) {
		remember_child(x, pid);
		l->fd = scope_take_fd(&pair[0]);
		if (watch(l, NULL) == 0)
			return l;
		error = EMFILE;
	}
	scope_close(&pair[0]);
	scope_close(&l->fd);
	l->fd = -1;
	cannot_start(l, error);
	return l;
}

/* sun_path holds 108 bytes and a state directory's name may be longer: go through the directory. */
struct link *link_connect(struct exec *x, const char *runner)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int directory = openat(x->runners_fd, runner,
		O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (directory < 0 || fd < 0)
		return NULL;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/sock", directory);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return NULL;
	struct link *l = link_create(x, runner);
	l->fd = scope_take_fd(&fd);
	if (watch(l, NULL) == 0)
		return l;
	link_drop(l);
	return NULL;
}

static void flush(struct link *l)
{
	while (l->out.length_bytes > 0) {
		ssize_t n = send(l->fd, l->out.bytes, l->out.length_bytes,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_drop(&l->out, (size_t)n);
	}
	if (l->out.length_bytes == 0)
		buf_finish(&l->out); /* start messages are large and rare */
	loop_poll_set(l->poll, LOOP_READABLE | (l->out.length_bytes ? LOOP_WRITABLE : 0));
}

void link_send(struct link *l, const struct pact_message *m)
{
	if (l->fd < 0)
		return;
	size_t length = pact_encode(m, NULL, 0), before = l->out.length_bytes;
	buf_reserve(&l->out, length + PACT_FRAME_BYTES);
	unsigned char *at = (unsigned char *)l->out.bytes + before;
	pact_frame_put(at, (uint32_t)length);
	pact_encode(m, at + PACT_FRAME_BYTES, length);
	l->out.length_bytes += length + PACT_FRAME_BYTES;
	flush(l);
}

/* Takes whole frames off the buffer. False: what came is not a runner's speech. */
static bool take_frames(struct exec *x, struct link *l)
{
	struct pact_message m;

	while (l->in.length_bytes >= PACT_FRAME_BYTES) {
		size_t length = pact_frame_get((unsigned char *)l->in.bytes);
		if (length > PACT_BODY_BYTES_MAX)
			return false;
		if (l->in.length_bytes < PACT_FRAME_BYTES + length)
			break;
		AUTO_FREE char *body = mem_copy(l->in.bytes + PACT_FRAME_BYTES, length);
		buf_drop(&l->in, PACT_FRAME_BYTES + length);
		if (!pact_decode(&m, body, length))
			return false;
		attempt_message(l, &m);
	}
	return true;
}

static void on_ready(void *context, int events)
{
	struct link *l = context;
	struct exec *x = l->exec;
	ssize_t n;

	if (events & LOOP_WRITABLE)
		flush(l);
	do {
		buf_reserve(&l->in, READ_BYTES);
		n = recv(l->fd, l->in.bytes + l->in.length_bytes, READ_BYTES, MSG_DONTWAIT);
		l->in.length_bytes += n > 0 ? (size_t)n : 0;
	} while (n == READ_BYTES || (n < 0 && errno == EINTR));
	bool lost = n == 0 || (n < 0 && errno != EAGAIN);
	if (!take_frames(x, l))
		lost = true;
	if (lost)
		attempt_link_lost(l);
	else if (l->in.length_bytes == 0)
		buf_finish(&l->in);
}
