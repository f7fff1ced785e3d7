/* tests/unit/net/fake.c -- see fake.h. */
#include "unit/net/fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

char *fake_json(int status, const char *json)
{
	struct buf reply = { 0 };
	buf_format(&reply,
		"HTTP/1.1 %d Word\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		status, strlen(json), json);
	return buf_take(&reply);
}

/* One request: its head, and as much body as it announces. */
static int read_request(int fd, struct buf *request)
{
	char bytes[4096];
	for (;;) {
		char *end = request->bytes ? strstr(request->bytes, "\r\n\r\n") : NULL;
		if (end) {
			char *length = strcasestr(request->bytes, "\r\nContent-Length:");
			size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
			if (request->length_bytes >= (size_t)(end + 4 - request->bytes) + body)
				return 0;
		}
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got <= 0)
			return -1;
		buf_add(request, bytes, (size_t)got);
	}
}

static void serve(int listener, const char *asked_path, const char *const *replies)
{
	AUTO_CLOSE int asked = open(asked_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	for (;;) {
		AUTO_CLOSE int fd = accept(listener, NULL, NULL);
		for (;;) {
			AUTO_BUF request = { 0 };
			if (read_request(fd, &request))
				break;
			io_write_all(asked, request.bytes, request.length_bytes);
			const char *reply = *replies;
			if (replies[1])
				replies++;
			if (reply == FAKE_SILENCE)
				pause();
			if (reply == FAKE_CUT || io_write_all(fd, reply, strlen(reply)))
				break;
			/* Without a length the end of the connection is the end of the reply. */
			if (!strcasestr(reply, "Content-Length:"))
				break;
		}
	}
}

static void start(struct fake *f, int listener, const char *const *replies)
{
	need(listen(listener, 8) == 0, "listen");
	snprintf(f->asked_path, sizeof(f->asked_path), "%s/asked", f->folder);
	f->pid = fork();
	need(f->pid >= 0, "fork");
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve(listener, f->asked_path, replies);
		_exit(0);
	}
	close(listener);
}

static void make_folder(struct fake *f)
{
	*f = (struct fake){ .folder = "/tmp/fake-XXXXXX" };
	need(mkdtemp(f->folder) != NULL, "mkdtemp");
}

void fake_start(struct fake *f, const char *const *replies)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	make_folder(f);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(bind(listener, (struct sockaddr *)&address, length) == 0, "bind");
	getsockname(listener, (struct sockaddr *)&address, &length);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	start(f, listener, replies);
}

void fake_start_unix(struct fake *f, const char *const *replies, int long_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	make_folder(f);
	snprintf(f->socket_path, sizeof(f->socket_path), "%s/%0*d", f->folder, long_path ? 150 : 1,
		0);
	need(mkdir(f->socket_path, 0700) == 0, "mkdir");
	int folder = open(f->socket_path, O_PATH | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/trainyard.sock",
		folder);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	close(folder);
	strncat(f->socket_path, "/trainyard.sock",
		sizeof(f->socket_path) - strlen(f->socket_path) - 1);
	start(f, listener, replies);
}

void fake_stop(struct fake *f)
{
	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	unlink(f->asked_path);
	if (f->socket_path[0]) {
		unlink(f->socket_path);
		*strrchr(f->socket_path, '/') = '\0';
		rmdir(f->socket_path);
	}
	rmdir(f->folder);
	*f = (struct fake){ 0 };
}

void fake_asked(const struct fake *f, struct buf *to)
{
	buf_text(to, "");
	io_read_file(f->asked_path, 1 << 20, to, NULL);
}

int fake_count(const struct fake *f, const char *text)
{
	AUTO_BUF asked = { 0 };
	int count = 0;
	fake_asked(f, &asked);
	for (const char *at = asked.bytes; (at = strstr(at, text)); at++)
		count++;
	return count;
}
