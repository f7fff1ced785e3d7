/* http/listen.c -- the two listeners: a TCP address and a unix socket. See http.h. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/scope.h"
#include "http/inside.h"

#define BACKLOG 512
#define ACCEPTS_A_TURN 32
#define ACCEPT_PAUSE_MS 100

static void peer_fill(struct http_peer *p, int fd, bool is_unix, const struct sockaddr *from)
{
	p->is_unix = is_unix;
	p->uid = (uid_t)-1;
	if (is_unix) {
		struct ucred who;
		socklen_t size = sizeof(who);
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
			p->uid = who.uid;
			p->pid = who.pid;
		}
		str_copy_cut(p->address, sizeof(p->address), "unix");
	} else if (from->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
			p->address, sizeof(p->address));
	} else {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)from)->sin_addr,
			p->address, sizeof(p->address));
	}
}

static int usual_count(const struct http *h)
{
	return h->counts.connections - h->counts.streams - h->cut_count;
}

/* Hands one accepted socket to the library, which owns it from here on even if it refuses. */
static void take(struct http *h, int fd, bool is_unix, const struct sockaddr *from, socklen_t size)
{
	struct conn *c = mem_alloc(sizeof(*c));
	c->http = h;
	c->fd = fd;
	c->extra = usual_count(h) >= h->config.connections && !conn_make_room(h);
	peer_fill(&c->peer, fd, is_unix, from);
	list_init(&c->node);
	list_init(&c->waiting);
	c->wait = WAIT_NOTHING;
	h->counts.connections++;
	list_append(&h->conns, &c->node);
	h->accepting = c;
	if (MHD_add_connection(h->daemon, fd, from, size) == MHD_YES) {
		conn_wait(c, WAIT_HEAD);
	} else if (h->accepting) {
		/* Refused before its notice of a start: there will be none of an end. */
		h->accepting = NULL;
		list_remove(&c->node);
		h->counts.connections--;
		free(c);
	}
}

static void listeners_watch(struct http *h, bool on)
{
	h->full = !on;
	if (h->tcp.poll)
		loop_poll_set(h->tcp.poll, on ? LOOP_READABLE : 0);
	if (h->local.poll)
		loop_poll_set(h->local.poll, on ? LOOP_READABLE : 0);
}

void listen_resume(struct http *h)
{
	if (h->full && !h->quiet)
		listeners_watch(h, true);
}

static void pause_accepting(struct http *h)
{
	listeners_watch(h, false);
	loop_timer_at(h->accept_again, http_now_ms(h) + ACCEPT_PAUSE_MS);
}

static void on_accept(void *context, int events)
{
	struct listener *l = context;
	struct http *h = l->http;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		/* Only the first turn knows that somebody is there to make room for. */
		if (usual_count(h) >= h->config.connections + h->config.reserved &&
			(i > 0 || !conn_make_room(h))) {
			pause_accepting(h);
			break;
		}
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &size,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take(h, fd, l->is_unix, (struct sockaddr *)&from, size);
			continue;
		}
		if (errno == EAGAIN)
			break;
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		/* No descriptors or no memory: asking again at once would only spin. */
		log_warn("http: cannot accept: %s", strerror(errno));
		pause_accepting(h);
		break;
	}
	http_run(h);
}

static int listener_start(struct http *h, struct listener *l, bool is_unix, struct err *e)
{
	if (l->fd < 0)
		return 0;
	l->http = h;
	l->is_unix = is_unix;
	l->poll = loop_poll_create(h->loop, l->fd, on_accept, l, e);
	if (!l->poll)
		return -1;
	loop_poll_set(l->poll, LOOP_READABLE);
	return 0;
}

int listen_start(struct http *h, struct err *e)
{
	if (listener_start(h, &h->tcp, false, e) < 0)
		return -1;
	return listener_start(h, &h->local, true, e);
}

static void listener_close(struct listener *l)
{
	loop_poll_destroy(l->poll);
	l->poll = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* "HOST:PORT" or "[V6]:PORT" into its two halves. */
static int address_split(const char *address, char host[256], char port[8], struct err *e)
{
	const char *colon = strrchr(address, ':');
	if (!colon)
		return err_set(e, ERR_INPUT, "the address %s has no port: write HOST:PORT",
			address);
	const char *from = address, *to = colon;
	if (*from == '[' && to > from + 1 && to[-1] == ']') {
		from++;
		to--;
	}
	uint64_t number;
	if (!str_to_u64(str_of(colon + 1), &number) || number > 65535)
		return err_set(e, ERR_INPUT, "the address %s has no valid port", address);
	if (to <= from || to - from > 255)
		return err_set(e, ERR_INPUT, "the address %s has no valid host", address);
	memcpy(host, from, (size_t)(to - from));
	host[to - from] = 0;
	snprintf(port, 8, "%u", (unsigned)number);
	return 0;
}

static int bind_one(const struct addrinfo *at)
{
	AUTO_CLOSE int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	return scope_take_fd(&fd);
}

static int port_of(int fd)
{
	struct sockaddr_storage name = { 0 };
	socklen_t size = sizeof(name);
	if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return 0;
	if (name.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
	return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

int http_listen(struct http *h, const char *address, struct err *e)
{
	assert(h->tcp.fd < 0);
	char host[256], port[8];
	if (address_split(address, host, port, e) < 0)
		return -1;
	struct addrinfo want = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE,
	};
	struct addrinfo *all = NULL;
	int status = getaddrinfo(host, port, &want, &all);
	if (status != 0)
		return err_set(e, ERR_INPUT, "cannot listen on %s: %s", address,
			gai_strerror(status));
	for (struct addrinfo *at = all; at && h->tcp.fd < 0; at = at->ai_next)
		h->tcp.fd = bind_one(at);
	int why = errno;
	freeaddrinfo(all);
	if (h->tcp.fd < 0 && why == EADDRINUSE)
		return err_set(e, ERR_CONFLICT,
			"port %s of %s is in use, perhaps by another server: stop it or choose "
			"another port",
			port, host);
	errno = why;
	if (h->tcp.fd < 0)
		return err_errno(e, why == EACCES || why == EADDRNOTAVAIL ? ERR_INPUT : ERR_IO,
			"cannot listen on %s", address);
	h->port = port_of(h->tcp.fd);
	h->listen_name = mem_string(host);
	return 0;
}

/* sun_path holds 107 bytes. A longer path is reached through a descriptor of its directory, which
 * *dir keeps open for the caller. */
static int socket_address(struct sockaddr_un *un, const char *path, int *dir, struct err *e)
{
	un->sun_family = AF_UNIX;
	if (str_copy(un->sun_path, sizeof(un->sun_path), path) == 0)
		return 0;
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = mem_copy(path, slash ? (size_t)(slash - path) : 0);
	*dir = open(slash == path ? "/" : slash ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return err_errno(e, ERR_INPUT, "cannot open the directory of the socket %s", path);
	int length = snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d/%s", *dir,
		slash ? slash + 1 : path);
	if (length >= (int)sizeof(un->sun_path))
		return err_set(e, ERR_INPUT, "the file name of the socket %s is too long", path);
	return 0;
}

/* A socket file that nobody answers is what a killed server left. */
static int remove_stale(const struct sockaddr_un *un, const char *path, struct err *e)
{
	struct stat st;
	if (lstat(un->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(e, ERR_INPUT, "cannot look at %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s is there and is no socket", path);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, ERR_IO, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 || errno == EAGAIN)
		return err_set(e, ERR_CONFLICT, "another server answers at %s", path);
	if (errno != ECONNREFUSED)
		return err_errno(e, ERR_CONFLICT, "%s is there and cannot be asked", path);
	if (unlink(un->sun_path) < 0 && errno != ENOENT)
		return err_errno(e, ERR_IO, "cannot remove the old socket %s", path);
	return 0;
}

int http_listen_unix(struct http *h, const char *path, struct err *e)
{
	assert(h->local.fd < 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un un = { 0 };
	if (socket_address(&un, path, &dir, e) < 0 || remove_stale(&un, path, e) < 0)
		return -1;
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, ERR_IO, "cannot make a socket");
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		return err_errno(e, errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO,
			"cannot make the socket %s", path);
	struct stat st = { 0 };
	if (chmod(un.sun_path, 0666) < 0 || lstat(un.sun_path, &st) < 0 || listen(fd, BACKLOG) < 0)
		return err_errno(e, ERR_IO, "cannot listen on the socket %s", path);
	h->socket_path = mem_string(path);
	h->socket_inode = st.st_ino;
	h->local.fd = scope_take_fd(&fd);
	return 0;
}

/* The file goes with its server, unless another one has replaced it. */
static void socket_remove(const struct http *h)
{
	struct stat st;
	if (h->socket_path && lstat(h->socket_path, &st) == 0 && st.st_ino == h->socket_inode)
		unlink(h->socket_path);
}

void listen_close(struct http *h)
{
	if (h->local.fd >= 0)
		socket_remove(h);
	listener_close(&h->tcp);
	listener_close(&h->local);
}
