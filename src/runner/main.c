/* runner/main.c -- trainyard-runner: prepares, waits for go, and serves one attempt after another.
 *
 *     trainyard-runner DIRECTORY groups|no-groups [NONCE BOOT-ID]
 *
 * trainyardd starts it with a connection as descriptor 3. With a nonce it is the heir of a runner
 * that died in that directory. It ignores the server's death; TERM makes it stop its job. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

#define GRACE_OF_TERM_MS 10000

static struct runner the_runner; /* zeroed pages cost nothing until used */

/* To whoever started us: the server, or a curious person at a terminal. */
static int complain(const char *what)
{
	char line[SENTENCE_BYTES];
	struct pact_message m;

	text_format(line, sizeof(line), "%.200s: %.100s", what, strerror(errno));
	pact_message_init(&m, PACT_KIND_TROUBLE);
	m.trouble.sentence = line;
	control_say(&the_runner, &m);
	return 1;
}

static int usage(void)
{
	static const char text[] = "trainyard-runner " TRAINYARD_VERSION
				   ": started by trainyardd, not by hand\n";
	io_write_all(2, text, sizeof(text) - 1);
	return 2;
}

static int take_signals(void)
{
	sigset_t heard;

	for (size_t i = 0; i < sizeof(runner_ignores) / sizeof(*runner_ignores); i++)
		signal(runner_ignores[i], SIG_IGN);
	sigemptyset(&heard);
	sigaddset(&heard, SIGCHLD);
	sigaddset(&heard, SIGTERM);
	sigprocmask(SIG_BLOCK, &heard, NULL);
	return signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The runner should be the last to go when memory is short: without it nobody knows the end. */
static void lower_oom_score(struct runner *r)
{
	if (disk_read("/proc/self/oom_score_adj", r->oom_score, sizeof(r->oom_score)) <= 0)
		str_copy(r->oom_score, sizeof(r->oom_score), "0");
	AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "-900", 4);
}

static int open_directory(struct runner *r, const char *directory)
{
	const char *name = strrchr(directory, '/');

	if (chdir(directory) < 0 || !name || str_copy(r->name, sizeof(r->name), name + 1) < 0)
		return complain(directory);
	r->lock = disk_lock();
	if (r->lock < 0)
		return complain("cannot take the lock");
	r->exit_slot = disk_slot_open();
	if (r->exit_slot < 0)
		return complain("cannot make the exit slot");
	r->listener = control_listen();
	if (r->listener < 0)
		return complain("cannot listen");
	disk_boot_id(r->boot);
	return 0;
}

static int prepare_first_turn(struct runner *r)
{
	lower_oom_score(r);
	group_create(r);
	r->shared = mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->shared == MAP_FAILED)
		return complain("cannot map memory");
	if (turn_prepare(r) < 0)
		return complain("cannot make the output FIFO");
	control_hello(r);
	return 0;
}

static void hear_signals(struct runner *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM && r->phase == PHASE_IDLE)
			r->done = r->forget = true;
		else if (info.ssi_signo == SIGTERM)
			turn_stop(r, GRACE_OF_TERM_MS);
	}
	turn_reap(r);
}

static int wait_ms(const struct runner *r)
{
	int64_t due_ms = turn_due_ms(r);
	int64_t left_ms = due_ms ? due_ms - clock_boot_ms() : -1;

	if (due_ms == 0)
		return -1;
	return left_ms < 0 ? 0 : left_ms > 3600000 ? 3600000 : (int)left_ms;
}

/* A job that writes much is not worth a poll for each buffer; others are heard in between. */
static void move_output(struct runner *r)
{
	for (int i = 0; i < 16; i++)
		if (log_move(r) < 65536)
			return;
}

enum { AT_CONTROL, AT_SIGNALS, AT_ERRORS, AT_LEADER, AT_LISTENER, AT_OUTPUT, AT_COUNT };

static void serve(struct runner *r)
{
	struct pollfd at[AT_COUNT];

	while (!r->done) {
		bool logs = r->phase != PHASE_IDLE && r->phase != PHASE_ENDED;
		at[AT_CONTROL] = (struct pollfd){ r->control, POLLIN, 0 };
		at[AT_SIGNALS] = (struct pollfd){ r->signals, POLLIN, 0 };
		at[AT_ERRORS] = (struct pollfd){ r->phase == PHASE_STARTING ? r->errors : -1,
			POLLIN, 0 };
		at[AT_LEADER] = (struct pollfd){ r->leader_pidfd, POLLIN, 0 };
		at[AT_LISTENER] = (struct pollfd){ r->listener, POLLIN, 0 };
		at[AT_OUTPUT] = (struct pollfd){ logs ? r->log.fifo : -1, POLLIN, 0 };
		if (poll(at, AT_COUNT, wait_ms(r)) < 0 && errno != EINTR)
			return;
		if (at[AT_ERRORS].revents)
			turn_child_spoke(r);
		if (at[AT_SIGNALS].revents)
			hear_signals(r);
		if (at[AT_LEADER].revents)
			heir_leader_ended(r);
		if (at[AT_CONTROL].revents && r->control == at[AT_CONTROL].fd)
			control_read(r);
		if (at[AT_LISTENER].revents)
			control_accept(r);
		if (at[AT_OUTPUT].revents && r->log.fifo == at[AT_OUTPUT].fd)
			move_output(r);
		turn_tick(r, clock_boot_ms());
	}
}

/* A new runner's directory is its own, and nobody will ever look into it. */
static int give_up(struct runner *r, bool heir)
{
	if (!heir && r->lock >= 0) {
		group_remove(r);
		disk_forget_all(r);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct runner *r = &the_runner;
	uint32_t turn;

	r->listener = r->lock = r->exit_slot = r->group_fd = r->go = r->errors = -1;
	r->leader_pidfd = r->log.fifo = r->log.file = r->log.times = -1;
	r->control = CONTROL_FD;
	if ((argc != 3 && argc != 5) || fcntl(CONTROL_FD, F_SETFL, O_NONBLOCK) < 0)
		return usage();
	close_range(CONTROL_FD + 1, ~0u, 0);
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r->groups_wanted = strcmp(argv[2], "groups") == 0;
	r->signals = take_signals();
	if (r->signals < 0)
		return complain("cannot hear signals");
	if (open_directory(r, argv[1]) != 0)
		return give_up(r, argc == 5);
	if (argc == 5) {
		char name[PACT_RUNNER_BYTES];
		if (!pact_nonce_split(argv[3], name, &turn) || strcmp(name, r->name) != 0)
			return complain("not a nonce of this directory");
		r->turn = turn;
		str_copy(r->nonce, sizeof(r->nonce), argv[3]);
		heir_begin(r, argv[4]);
	} else if (prepare_first_turn(r) != 0) {
		return give_up(r, false);
	}
	serve(r);
	turn_abandon(r);
	return 0;
}
