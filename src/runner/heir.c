/* runner/heir.c -- takes over an attempt whose runner died.
 *
 * An heir is nobody's parent: it learns of the end by a pidfd, finds the tree by who belongs to it
 * (members.c), and moves the output on. It stays until the end is acknowledged. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/str.h"
#include "runner/members.h"

#define LOOK_EVERY_MS 1000 /* at members that have no leader to wait for */
#define VERIFY_AFTER_MS 20
#define VERIFY_MOST_MS 500
#define TELL_AFTER_MS 5000
#define QUIET_LOOKS 2
#define HUNT_FOR_MS 5

/* linux/pidfd.h of kernels from 6.15 on; Debian 12 has an older one. */
struct pidfd_exit_info {
	uint64_t mask;
	uint64_t cgroup_id;
	uint32_t ids[11];
	int32_t exit_code;
};
#define PIDFD_EXIT_INFO _IOWR(0xff, 11, struct pidfd_exit_info)
#define PIDFD_EXIT_KNOWN (1u << 3)

static void end_as(struct runner *r, const char *outcome, const char *sentence)
{
	struct pact_ended *end = &r->end.ended;

	scope_close(&r->leader_pidfd);
	r->leader_pidfd = -1;
	r->heir_due_ms = r->stop.kill_at_ms = 0;
	end->outcome = outcome;
	end->sentence = sentence;
	end->stopped = r->stop.asked;
	if (end->ended_ms == 0)
		end->ended_ms = clock_wall_ms();
	turn_end(r);
}

static void end_unseen(struct runner *r)
{
	if (r->stop.asked)
		end_as(r, "exited", NULL);
	else
		end_as(r, "lost",
			"Process terminated unexpectedly: its runner was killed and nobody saw "
			"how it ended");
}

static void over(struct runner *r)
{
	if (r->end.ended.known)
		end_as(r, "exited", NULL);
	else
		end_unseen(r);
}

/* The record that the dead runner left, if it came so far. */
static bool find_record(struct runner *r)
{
	static unsigned char slot[PACT_SLOT_BYTES];
	struct pact_message record; /* may be of the turn before */

	if (!disk_end_read(r, slot, &record))
		return false;
	r->end = record;
	r->phase = PHASE_ENDED;
	return true;
}

static bool find_marker(struct runner *r, struct pact_message *marker)
{
	static unsigned char body[2048];
	struct pact_message nobody;

	pact_message_init(&nobody, PACT_KIND_MARKER);
	nobody.marker.nonce = r->nonce;
	if (disk_marker_write(r, &nobody) == 0 || errno != EEXIST) {
		end_as(r, "never_started", "its runner died before it could start");
		return false;
	}
	/* Unreadable: its writer was killed in the middle. It may have started. */
	if (!disk_marker_read(r, body, sizeof(body), marker))
		pact_message_init(marker, PACT_KIND_MARKER);
	else if (marker->marker.pid == 0) {
		end_as(r, "never_started", "its runner died before it could start");
		return false;
	}
	return true;
}

static void take_marker(struct runner *r, const struct pact_marker *marker)
{
	r->leader = (pid_t)marker->pid;
	r->leader_ticks = marker->start_ticks;
	r->attempt = (uint32_t)marker->attempt;
	r->end.ended.pid = marker->pid;
	r->end.ended.started_ms = marker->wall_ms;
	r->log.limit_bytes = marker->log_limit;
	if (marker->job)
		str_copy(r->job, sizeof(r->job), marker->job);
	if (!marker->group || strlen(marker->group) >= sizeof(r->group))
		return;
	if (strcmp(r->group, marker->group) != 0)
		group_remove(r); /* made where this server is: nobody is in it */
	scope_close(&r->group_fd);
	str_copy(r->group, sizeof(r->group), marker->group);
	r->group_fd = open(r->group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The pidfd first, the identity after: what it is then, it stays. */
static bool watch_leader(struct runner *r)
{
	struct process p;

	if (r->leader <= 0)
		return false;
	r->leader_pidfd = (int)syscall(SYS_pidfd_open, r->leader, 0);
	if (r->leader_pidfd >= 0 && process_read(r->leader, &p) && p.start_ticks == r->leader_ticks)
		return true;
	scope_close(&r->leader_pidfd);
	r->leader_pidfd = -1;
	return false;
}

static bool anybody_left(const struct runner *r)
{
	struct members found = { 0 };

	members_find(r, &found);
	bool any = found.count > 0;
	members_finish(&found);
	return any;
}

/* While it is a zombie /proc tells its status; once reaped, a newer kernel's pidfd does. */
static bool leader_status(struct runner *r, int *status)
{
	struct pidfd_exit_info info = { .mask = PIDFD_EXIT_KNOWN };
	struct process p;

	if (process_read(r->leader, &p) && p.start_ticks == r->leader_ticks && p.state == 'Z') {
		*status = p.exit_status;
		return true;
	}
	if (ioctl(r->leader_pidfd, PIDFD_EXIT_INFO, &info) < 0 || !(info.mask & PIDFD_EXIT_KNOWN))
		return false;
	*status = info.exit_code;
	return true;
}

/* A leader that is dead already leaves what it knows; what it left behind is watched on. */
static void note_status(struct runner *r)
{
	struct pact_ended *end = &r->end.ended;
	int status = 0;

	end->ended_ms = clock_wall_ms();
	end->known = leader_status(r, &status);
	if (end->known) {
		end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
	scope_close(&r->leader_pidfd);
	r->leader_pidfd = -1;
}

/* What lives on is watched; with its leader unseen, until the last of it is gone. */
static void take_over(struct runner *r, const struct pact_marker *marker)
{
	take_marker(r, marker);
	if (r->job[0]) {
		log_fifo_open(r);
		log_open(r, marker->direct != 0);
	}
	if (watch_leader(r)) {
		struct pollfd dead = { r->leader_pidfd, POLLIN, 0 };
		if (poll(&dead, 1, 0) == 0)
			return;
		note_status(r);
	}
	if (anybody_left(r) || !group_is_empty(r))
		r->heir_due_ms = clock_boot_ms() + LOOK_EVERY_MS;
	else
		over(r);
}

void heir_begin(struct runner *r, const char *recorded_boot)
{
	struct pact_message marker;

	r->heir = true;
	r->phase = PHASE_RUNNING;
	pact_message_init(&r->end, PACT_KIND_ENDED);
	r->end.ended.nonce = r->nonce;
	group_create(r);
	if (find_record(r))
		;
	else if (strcmp(recorded_boot, r->boot) != 0)
		end_as(r, "reboot", "the host was restarted");
	else if (find_marker(r, &marker))
		take_over(r, &marker.marker);
	control_hello(r);
}

void heir_leader_ended(struct runner *r)
{
	if (r->phase != PHASE_RUNNING)
		return;
	note_status(r);
	r->phase = PHASE_LEAVING;
	int64_t kill_at_ms = clock_boot_ms();
	if (anybody_left(r)) {
		kill_at_ms += LEFTOVER_GRACE_MS;
		heir_term(r);
	}
	if (r->stop.kill_at_ms == 0 || r->stop.kill_at_ms > kill_at_ms)
		r->stop.kill_at_ms = kill_at_ms;
}

/* As the runner does: the command's process group while its leader lives, afterwards everybody. */
void heir_term(struct runner *r)
{
	struct members found = { 0 };

	members_find(r, &found);
	for (size_t i = 0; i < found.count; i++) {
		if (r->phase == PHASE_RUNNING && r->leader_pidfd >= 0 &&
			found.items[i].group != r->leader)
			continue;
		member_signal(&found.items[i], SIGTERM);
		member_signal(&found.items[i], SIGCONT);
	}
	members_finish(&found);
}

static void tell_survivors(struct runner *r)
{
	char living[1024];
	struct members found = { 0 };
	struct pact_message m;
	size_t length = 0;

	members_find(r, &found);
	for (size_t i = 0; i < found.count && length < sizeof(living) - 64; i++) {
		text_format(living + length, sizeof(living) - length, "%s%d in state %c",
			i ? ", " : "", (int)found.items[i].pid, found.items[i].state);
		length += strlen(living + length);
	}
	members_finish(&found);
	pact_message_init(&m, PACT_KIND_UNKILLABLE);
	m.unkillable.nonce = r->nonce;
	m.unkillable.living = living;
	if (length > 0)
		control_say(r, &m);
	r->stop.told = true;
}

static void kill_round(struct runner *r, int64_t now_ms)
{
	struct stop *s = &r->stop;

	if (!s->killing) {
		s->killing = true;
		s->tell_at_ms = now_ms + TELL_AFTER_MS;
		s->pause_ms = VERIFY_AFTER_MS;
	}
	members_kill(r);
	if (!s->told && now_ms >= s->tell_at_ms)
		tell_survivors(r);
	s->kill_at_ms = now_ms + s->pause_ms;
	s->pause_ms = s->pause_ms * 2 > VERIFY_MOST_MS ? VERIFY_MOST_MS : s->pause_ms * 2;
}

/* An empty cgroup is proof. Without one it takes two looks that find nobody, a pause between them:
 * a single look after a kill has declared the living dead. */
static bool proved_dead(struct runner *r)
{
	if (anybody_left(r) || !group_is_empty(r) ||
		(r->group_fd < 0 && members_hunt(r, HUNT_FOR_MS))) {
		r->quiet_looks = 0;
		return false;
	}
	return r->group_fd >= 0 || ++r->quiet_looks >= QUIET_LOOKS;
}

void heir_tick(struct runner *r, int64_t now_ms)
{
	bool killing = r->stop.kill_at_ms && now_ms >= r->stop.kill_at_ms;
	bool looking = r->heir_due_ms && now_ms >= r->heir_due_ms;

	if (r->phase == PHASE_ENDED || (!killing && !looking))
		return;
	if (looking)
		r->heir_due_ms = now_ms + LOOK_EVERY_MS;
	if (r->leader_pidfd < 0 && proved_dead(r))
		over(r);
	else if (killing)
		kill_round(r, clock_boot_ms());
}
