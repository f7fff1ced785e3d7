/* runner/control.c -- the conversation with the server, whichever server that is by now.
 *
 * Messages to it are few and small. One that the socket does not take costs the connection, not the
 * runner's time: everything that matters is said again on the next one. */
#include "runner/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"

/* The working directory is ours, so the name is short. */
int control_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	unlink("sock");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0)
		return fd;
	scope_close(&fd);
	return -1;
}

static void hang_up(struct runner *r)
{
	scope_close(&r->control);
	r->control = -1;
	r->received_bytes = 0;
	if (r->phase == PHASE_IDLE || r->phase == PHASE_ENDED)
		r->done = true;
}

void control_say(struct runner *r, const struct pact_message *m)
{
	unsigned char frame[PACT_FRAME_BYTES + 4096];

	if (r->control < 0)
		return;
	size_t length = pact_encode(m, frame + PACT_FRAME_BYTES, sizeof(frame) - PACT_FRAME_BYTES);
	if (length == 0 || length > sizeof(frame) - PACT_FRAME_BYTES)
		return;
	pact_frame_put(frame, (uint32_t)length);
	length += PACT_FRAME_BYTES;
	if (send(r->control, frame, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
		hang_up(r);
}

void control_hello(struct runner *r)
{
	static const char *const words[] = {
#define X(name, word) word,
		PHASES(X)
#undef X
	};
	struct pact_message m;

	pact_message_init(&m, PACT_KIND_HELLO);
	m.hello.version = PACT_VERSION;
	m.hello.pid = getpid();
	m.hello.turn = r->turn;
	m.hello.runner = r->name;
	m.hello.phase = words[r->phase];
	control_say(r, &m);
	turn_tell(r);
}

/* A newer connection replaces an older one: there is one server, and the old one may hang. */
void control_accept(struct runner *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	scope_close(&r->control);
	r->control = fd;
	r->received_bytes = 0;
	control_hello(r);
}

static void obey(struct runner *r, struct pact_message *m)
{
	const char *nonce = m->kind == PACT_KIND_START ? m->start.nonce
		: m->kind == PACT_KIND_STOP            ? m->stop.nonce
		: m->kind == PACT_KIND_ACKNOWLEDGE     ? m->acknowledge.nonce
						       : NULL;
	bool ours = nonce && strcmp(nonce, r->nonce) == 0;

	if (m->kind == PACT_KIND_LEAVE && r->phase == PHASE_IDLE)
		r->done = true;
	else if (m->kind == PACT_KIND_START && ours && r->phase == PHASE_IDLE)
		turn_start(r, &m->start);
	else if (m->kind == PACT_KIND_STOP && ours)
		turn_stop(r, m->stop.grace_ms);
	else if (m->kind == PACT_KIND_ACKNOWLEDGE && ours && r->phase == PHASE_ENDED)
		turn_acknowledged(r);
}

/* One frame at a time, and never a byte of the next: a start message must stay where the child
 * reads it. */
static bool receive(struct runner *r, unsigned char *frame, size_t most_bytes)
{
	struct pact_message m;
	size_t want = PACT_FRAME_BYTES;

	if (r->received_bytes >= PACT_FRAME_BYTES)
		want += pact_frame_get(frame);
	if (want > most_bytes) {
		hang_up(r);
		return false;
	}
	ssize_t n = recv(r->control, frame + r->received_bytes, want - r->received_bytes,
		MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		hang_up(r);
		return false;
	}
	r->received_bytes += (size_t)n;
	if (r->received_bytes < want || want == PACT_FRAME_BYTES)
		return true;
	r->received_bytes = 0;
	if (!pact_decode(&m, frame + PACT_FRAME_BYTES, want - PACT_FRAME_BYTES)) {
		hang_up(r);
		return false;
	}
	if (m.kind == PACT_KIND_START)
		r->shared->body_bytes = want - PACT_FRAME_BYTES;
	obey(r, &m);
	return true;
}

void control_read(struct runner *r)
{
	while (r->control >= 0 && !r->done) {
		bool idle = r->phase == PHASE_IDLE && r->shared;
		unsigned char *frame = idle ? r->shared->frame : r->small;
		size_t room = idle ? sizeof(r->shared->frame) : sizeof(r->small);
		if (!receive(r, frame, room))
			return;
	}
}
