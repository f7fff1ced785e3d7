/* runner/turn.c -- one attempt, from go to acknowledged. */
#include "runner/runner.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/str.h"

#define TELL_AFTER_MS 5000 /* of killing: then say what still lives */
#define KILL_PAUSE_MOST_MS 500
#define KILL_PASSES 50 /* in a round, against those that fork without pause */

int turn_prepare(struct runner *r)
{
	/* Linux (6.18, for one) kills whatever is born into a group that was killed once. */
	if (r->stop.killing) {
		group_remove(r);
		group_create(r);
	}
	pact_nonce_make(r->nonce, r->name, r->turn);
	r->phase = PHASE_IDLE;
	r->child = 0;
	r->leader_ticks = 0;
	r->stop = (struct stop){ 0 };
	r->sentence[0] = '\0';
	pact_message_init(&r->end, PACT_KIND_ENDED);
	r->end.ended.nonce = r->nonce;
	if (log_fifo_open(r) < 0)
		return -1;
	if (child_fork(r) < 0)
		r->child = 0; /* once more on go; that one's error is told */
	return 0;
}

static void close_pipes(struct runner *r)
{
	scope_close(&r->go);
	scope_close(&r->errors);
	r->go = r->errors = -1;
}

/* The child goes before it ever was the command. */
static void drop_child(struct runner *r)
{
	if (r->child > 0) {
		kill(r->child, SIGKILL);
		waitpid(r->child, NULL, 0);
	}
	r->child = 0;
	close_pipes(r);
}

static void start_failed(struct runner *r)
{
	drop_child(r);
	r->end.ended.outcome = "start_failed";
	r->end.ended.sentence = r->sentence;
	r->end.ended.ended_ms = clock_wall_ms();
	turn_end(r);
}

static bool write_marker(struct runner *r, const struct pact_start *start)
{
	struct pact_message m;

	pact_message_init(&m, PACT_KIND_MARKER);
	m.marker.nonce = r->nonce;
	m.marker.pid = r->child;
	m.marker.start_ticks = r->leader_ticks;
	m.marker.boot = r->boot;
	m.marker.wall_ms = r->end.ended.started_ms;
	m.marker.group = r->group[0] ? r->group : NULL;
	m.marker.job = r->job;
	m.marker.attempt = start->attempt;
	m.marker.log_limit = start->log_limit;
	m.marker.direct = start->direct;
	return disk_marker_write(r, &m) == 0;
}

static bool child_ready(struct runner *r, const struct pact_start *start)
{
	if (start->argv.count == 0 || !start->cwd || !start->job ||
		!str_is_id(str_of(start->job))) {
		text_format(r->sentence, sizeof(r->sentence), "the start message is incomplete");
		return false;
	}
	str_copy(r->job, sizeof(r->job), start->job);
	if (r->child == 0 && child_fork(r) < 0) {
		r->child = 0;
		text_format(r->sentence, sizeof(r->sentence), "cannot start the command: %s",
			errno == EAGAIN ? "the process table is full" : strerror(errno));
		return false;
	}
	return true;
}

void turn_start(struct runner *r, const struct pact_start *start)
{
	r->end.ended.started_ms = clock_wall_ms();
	r->started_boot_ms = clock_boot_ms();
	if (!child_ready(r, start)) {
		start_failed(r);
		return;
	}
	if (!write_marker(r, start)) {
		if (errno == EEXIST) { /* the server wrote it, void: this must never run */
			drop_child(r);
			r->done = true;
			return;
		}
		text_format(r->sentence, sizeof(r->sentence), "cannot write the start marker: %s",
			strerror(errno));
		start_failed(r);
		return;
	}
	r->phase = PHASE_STARTING;
	r->end.ended.pid = r->child;
	(void)!write(r->go, "", 1); /* a dead child is met at the error pipe */
	r->group_kills = oom_group_kills(r);
	r->log.limit_bytes = start->log_limit;
	log_open(r, start->direct != 0);
}

static void begin_term(struct runner *r)
{
	kill(-r->child, SIGTERM);
	kill(-r->child, SIGCONT); /* a stopped command must hear it */
}

/* EOF means exec, or death before it: the process itself says which. */
void turn_child_spoke(struct runner *r)
{
	struct process p;
	ssize_t n = read(r->errors, r->sentence, sizeof(r->sentence) - 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	r->sentence[n > 0 ? n : 0] = '\0';
	close_pipes(r);
	bool execed = n <= 0 && process_read(r->child, &p) && !p.never_execed;
	madvise(r->shared, sizeof(*r->shared), MADV_REMOVE);
	if (execed || r->stop.asked) {
		r->sentence[0] = '\0';
		r->phase = PHASE_RUNNING;
		turn_tell(r);
		if (r->stop.asked)
			begin_term(r);
		return;
	}
	if (n <= 0)
		text_format(r->sentence, sizeof(r->sentence),
			"the process was killed before it could run the command");
	start_failed(r);
}

void turn_tell(struct runner *r)
{
	struct pact_message m;

	if (r->phase == PHASE_ENDED) {
		control_say(r, &r->end);
	} else if (r->phase == PHASE_RUNNING || r->phase == PHASE_LEAVING) {
		pact_message_init(&m, PACT_KIND_STARTED);
		m.started.nonce = r->nonce;
		m.started.pid = r->leader;
		m.started.start_ticks = r->leader_ticks;
		m.started.wall_ms = r->end.ended.started_ms;
		control_say(r, &m);
	}
}

/* The leader is a zombie and its number still ours: the last moment to signal its group. */
static void leader_ended(struct runner *r)
{
	struct pact_ended *end = &r->end.ended;
	struct rusage used;
	int status = 0;

	end->ended_ms = clock_wall_ms();
	kill(-r->child, SIGTERM);
	wait4(r->child, &status, 0, &used);
	r->child = 0;
	end->outcome = "exited";
	end->known = 1;
	end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->stopped = r->stop.asked;
	end->cpu_ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	end->peak_bytes = used.ru_maxrss * 1024;
	if (end->signal == SIGKILL && !r->stop.asked)
		end->out_of_memory = oom_killed(r, r->leader, r->started_boot_ms);
	r->phase = PHASE_LEAVING;
}

static bool leader_is_dead(const struct runner *r)
{
	siginfo_t who = { 0 };
	return r->child > 0 &&
		waitid(P_PID, (id_t)r->child, &who, WEXITED | WNOHANG | WNOWAIT) == 0 && who.si_pid;
}

/* What the command left behind hears TERM, and gets a moment. */
static void begin_leaving(struct runner *r)
{
	int64_t kill_at_ms = clock_boot_ms() + LEFTOVER_GRACE_MS;

	tree_term_children(r);
	if (r->stop.kill_at_ms == 0 || r->stop.kill_at_ms > kill_at_ms)
		r->stop.kill_at_ms = kill_at_ms;
}

void turn_reap(struct runner *r)
{
	bool left_now = false;

	if (r->phase == PHASE_STARTING && leader_is_dead(r))
		turn_child_spoke(r); /* its end of the pipe is closed: this does not wait */
	if (r->phase == PHASE_IDLE && leader_is_dead(r))
		drop_child(r);
	if (r->phase == PHASE_RUNNING && leader_is_dead(r)) {
		leader_ended(r);
		left_now = true;
	}
	if (r->phase != PHASE_RUNNING && r->phase != PHASE_LEAVING)
		return;
	if (tree_reap(r) && r->phase == PHASE_LEAVING)
		turn_end(r);
	else if (left_now)
		begin_leaving(r);
}

void turn_stop(struct runner *r, int64_t grace_ms)
{
	int64_t kill_at_ms = clock_boot_ms() + (grace_ms > 0 ? grace_ms : 0);

	if (r->phase == PHASE_IDLE || r->phase == PHASE_ENDED)
		return;
	if (r->stop.kill_at_ms == 0 || kill_at_ms < r->stop.kill_at_ms)
		r->stop.kill_at_ms = kill_at_ms;
	if (r->stop.asked)
		return;
	r->stop.asked = true;
	if (r->heir)
		heir_term(r);
	else if (r->phase == PHASE_RUNNING)
		begin_term(r);
	turn_tick(r, clock_boot_ms());
}

static void tell_survivors(struct runner *r)
{
	char living[1024];
	struct pact_message m;

	tree_describe_children(living, sizeof(living));
	pact_message_init(&m, PACT_KIND_UNKILLABLE);
	m.unkillable.nonce = r->nonce;
	m.unkillable.living = living;
	control_say(r, &m);
	r->stop.told = true;
}

/* Each round kills what the last one's deaths made our children. */
static void kill_round(struct runner *r, int64_t now_ms)
{
	struct stop *s = &r->stop;

	if (!s->killing) {
		s->killing = true;
		s->tell_at_ms = now_ms + TELL_AFTER_MS;
		s->pause_ms = 1;
		group_kill(r);
	}
	for (int i = 0; i < KILL_PASSES && tree_kill_children() > 0; i++)
		if (tree_reap(r))
			break;
	s->kill_at_ms = now_ms + s->pause_ms;
	if (s->pause_ms < KILL_PAUSE_MOST_MS && now_ms > s->tell_at_ms - TELL_AFTER_MS + 1000)
		s->pause_ms *= 2;
	if (!s->told && now_ms >= s->tell_at_ms)
		tell_survivors(r);
}

void turn_tick(struct runner *r, int64_t now_ms)
{
	log_check_direct(r, now_ms);
	if (r->heir) {
		heir_tick(r, now_ms);
	} else if (r->stop.kill_at_ms && now_ms >= r->stop.kill_at_ms && r->phase != PHASE_ENDED) {
		kill_round(r, now_ms);
		turn_reap(r);
	}
}

int64_t turn_due_ms(const struct runner *r)
{
	int64_t due = r->phase == PHASE_ENDED ? 0 : r->stop.kill_at_ms;

	if (r->log.check_due_ms && (due == 0 || r->log.check_due_ms < due))
		due = r->log.check_due_ms;
	if (r->heir_due_ms && (due == 0 || r->heir_due_ms < due))
		due = r->heir_due_ms;
	return due;
}

void turn_end(struct runner *r)
{
	log_drain(r);
	r->end.ended.log_lost = r->log.lost_bytes;
	r->log.check_due_ms = 0;
	r->phase = PHASE_ENDED;
	disk_end_write(r);
	turn_tell(r);
	if (r->control < 0)
		r->done = true; /* the record on disk is the report */
}

void turn_acknowledged(struct runner *r)
{
	struct pact_message m;

	log_close(r);
	disk_forget_turn(r);
	if (r->heir) {
		r->forget = r->done = true;
		return;
	}
	r->turn++;
	if (turn_prepare(r) < 0) {
		r->forget = r->done = true;
		return;
	}
	pact_message_init(&m, PACT_KIND_READY);
	m.ready.turn = r->turn;
	control_say(r, &m);
}

/* The last thing: who owns no attempt leaves nothing behind, others leave their record. */
void turn_abandon(struct runner *r)
{
	if (r->phase == PHASE_IDLE)
		r->forget = true;
	if (r->phase == PHASE_IDLE)
		drop_child(r);
	group_remove(r);
	if (r->forget)
		disk_forget_all(r);
}
