/* exec/seek.c -- finds the runner of an attempt, or what it left behind.
 *
 * The lock says whether it lives. Held: connect. Free: an heir takes the lock, reads what is on
 * disk, and takes over what still runs. Neither answers at once: it is asked again,
 * ever slower. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"
#include "exec/inside.h"

#define GAP_FIRST_MS 5
#define GAP_MOST_MS 1000
#define PATIENCE_MS 5000 /* then it counts as silent */

bool seek_lock_held(int directory)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_CLOSE int fd = openat(directory, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

void seek_begin(struct exec *x, struct attempt *a)
{
	int64_t now_ms = loop_now().boot_ms;

	if (a->seek_since_ms == 0) {
		a->seek_since_ms = now_ms;
		a->seek_gap_ms = GAP_FIRST_MS;
		a->seek_at_ms = now_ms;
	} else {
		a->seek_at_ms = now_ms + a->seek_gap_ms;
	}
	exec_wake(x, a->seek_at_ms);
}

/* The directory is gone: only an idle runner, or one that was acknowledged, takes it away. */
static void nothing_left(struct exec *x, struct attempt *a)
{
	if (a->recorded_boot[0] && strcmp(a->recorded_boot, x->boot_id) != 0)
		attempt_gone(x, a, GONE_REBOOT, "the host was restarted");
	else if (a->recorded_running || a->phase == ATTEMPT_RUNNING)
		attempt_gone(x, a, GONE_LOST,
			"Process terminated unexpectedly: nothing is left of its runner");
	else
		attempt_gone(x, a, GONE_NEVER_STARTED, "its runner ended before it could start");
}

/* A runner that holds the lock and does not answer may still be about to start the attempt: whoever
 * makes the marker decides. */
static void void_silently(struct exec *x, struct attempt *a, int directory)
{
	char name[PACT_FILE_BYTES], runner[PACT_RUNNER_BYTES];
	unsigned char body[256];
	uint32_t turn;
	struct pact_message m;

	if (!pact_nonce_split(a->nonce, runner, &turn))
		return;
	pact_file_name(name, "started", turn);
	AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	pact_message_init(&m, PACT_KIND_MARKER);
	m.marker.nonce = a->nonce;
	io_write_all(fd, body, pact_encode(&m, body, sizeof(body)));
	attempt_gone(x, a, GONE_NEVER_STARTED, "its runner did not answer and was not started");
}

static void be_patient(struct exec *x, struct attempt *a, int directory, int64_t now_ms)
{
	if (now_ms - a->seek_since_ms < PATIENCE_MS)
		return;
	if (!a->recorded_running && a->phase == ATTEMPT_STARTING && directory >= 0)
		void_silently(x, a, directory);
	if (a->phase != ATTEMPT_ENDED)
		attempt_settle(x, a, FOUND_SILENT);
}

void seek_step(struct exec *x, struct attempt *a, int64_t now_ms)
{
	char runner[PACT_RUNNER_BYTES];
	uint32_t turn;
	struct link *l = NULL;

	a->seek_at_ms = now_ms + a->seek_gap_ms;
	a->seek_gap_ms = a->seek_gap_ms * 2 > GAP_MOST_MS ? GAP_MOST_MS : a->seek_gap_ms * 2;
	exec_wake(x, a->seek_at_ms);
	if (!pact_nonce_split(a->nonce, runner, &turn)) {
		nothing_left(x, a);
		return;
	}
	AUTO_CLOSE int directory = openat(x->runners_fd, runner,
		O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT) {
		if (!a->link)
			nothing_left(x, a);
		return;
	}
	if (!a->link && directory >= 0) {
		l = seek_lock_held(directory) ? link_connect(x, runner)
					      : link_spawn(x, runner, a->nonce, a->recorded_boot);
		if (l && l->fd < 0) {
			link_drop(l);
			l = NULL;
		}
		if (l) {
			l->attempt = a;
			a->link = l;
		}
	}
	be_patient(x, a, directory, now_ms);
}
