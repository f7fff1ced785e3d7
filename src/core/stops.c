/* core/stops.c -- how a job is stopped: asked, given its grace, killed; and what end that was. */
#include <stdio.h>

#include "core/inside.h"

static const char stuck[] = "Job stuck in pending state";

/* Who stopped it decides the end, whatever the exit code; that is kept. One exception: a job that
 * was thought stuck, but did its work to the end, has completed. */
static struct job_end end_of_stop(const struct job_stop *stop, const struct job_end *how)
{
	struct job_end end = *how;
	if (stop->then == END_STUCK_PENDING && how->reason == END_COMPLETED)
		return end;
	end.reason = stop->then;
	char text[sizeof(stop->by) + sizeof(stop->reason) + 32];
	if (stop->then == END_STUCK_PENDING)
		snprintf(text, sizeof(text), "%s", stuck);
	else
		snprintf(text, sizeof(text), "Cancelled by %s%s%s",
			stop->by[0] ? stop->by : "nobody known", stop->reason[0] ? ": " : "",
			stop->reason);
	str_copy_cut(end.message, sizeof(end.message), text);
	return end;
}

static enum job_state state_of_end(enum end_reason reason)
{
	if (reason == END_COMPLETED)
		return JOB_COMPLETED;
	if (reason == END_CANCELLED || reason == END_AUTO_STOP)
		return JOB_CANCELLED;
	return JOB_FAILED;
}

void place_finish(struct step *s, struct place *p, const struct job_end *how, int64_t ended_wall_ms)
{
	struct job *j = &p->job;
	bool stopped = j->stop.phase != STOP_NONE;
	j->end = stopped ? end_of_stop(&j->stop, how) : *how;
	j->stop.phase = STOP_NONE;
	j->stop.deadline_wall_ms = 0;
	j->pause = PAUSE_NONE;
	j->devices = 0;
	j->ended_wall_ms = ended_wall_ms ? ended_wall_ms : s->now.wall_ms;
	char why[sizeof(j->end.message)];
	str_copy_cut(why, sizeof(why),
		j->end.message[0] ? j->end.message : "Process exited with code 0");
	char by[sizeof(j->stop.by)] = "";
	if (stopped)
		str_copy_cut(by, sizeof(by), j->stop.by);
	place_become(s, p, state_of_end(j->end.reason), by, why);
}

static void arm(struct step *s, struct place *p, int64_t ms)
{
	p->due_boot_ms = boot_after(s->now, ms);
	p->job.stop.deadline_wall_ms = wall_after(s->now, ms);
}

static void ask(struct step *s, struct place *p, enum end_reason then, const char *by,
	const char *reason)
{
	struct job_stop *stop = &p->job.stop;
	stop->then = then;
	stop->asked_wall_ms = s->now.wall_ms;
	str_copy_cut(stop->by, sizeof(stop->by), by);
	str_copy_cut(stop->reason, sizeof(stop->reason), reason);
}

static void send_stop(struct step *s, struct place *p)
{
	command_add(s->out, CMD_STOP, &p->job)->grace_ms = p->job.stop.grace_ms;
}

static void begin(struct step *s, struct place *p, int64_t grace_ms, const char *by,
	const char *why)
{
	p->job.stop.phase = STOP_TERMINATING;
	p->job.stop.grace_ms = grace_ms;
	arm(s, p, grace_ms);
	place_changed(s, p, by, why);
	send_stop(s, p);
}

/* In the phase of killing nothing is stricter, but whoever asks now waits a whole limit for it. */
static void join_killing(struct step *s, struct place *p)
{
	arm(s, p, s->yard->limits.kill_limit_ms);
	command_add(s->out, CMD_KILL, &p->job);
}

static void join(struct step *s, struct place *p, int64_t grace_ms)
{
	struct job_stop *stop = &p->job.stop;
	const struct event *ev = s->event;
	bool taken_over = stop->then != END_CANCELLED;
	if (taken_over)
		ask(s, p, END_CANCELLED, ev->by ? ev->by : "", ev->text ? ev->text : "");
	bool killing = stop->phase == STOP_KILLING;
	bool stricter = !killing && boot_after(s->now, grace_ms) < p->due_boot_ms;
	if (stricter) {
		begin(s, p, grace_ms, ev->by ? ev->by : "", "asked to stop again, sooner");
		return;
	}
	if (killing)
		join_killing(s, p);
	if (taken_over)
		place_changed(s, p, stop->by, "cancelled while it was being stopped");
}

/* Nothing of it lives: it ends in this step. */
static void cancel_at_once(struct step *s, struct place *p)
{
	struct job_end how = { .reason = END_CANCELLED, .exit_code = -1 };
	p->job.stop.phase = STOP_REQUESTED;
	place_finish(s, p, &how, 0);
}

int on_cancel(struct step *s, struct err *e)
{
	const struct event *ev = s->event;
	struct place *p = yard_place(s->yard, ev->id);
	if (!p)
		return err_set(e, ERR_NOT_FOUND, "job %s is not waiting and not running", ev->id);
	int64_t grace_ms = ev->grace_ms < 0 ? p->job.grace_ms : ev->grace_ms;
	if (p->job.stop.phase != STOP_NONE) {
		join(s, p, grace_ms);
		return 0;
	}
	ask(s, p, END_CANCELLED, ev->by ? ev->by : "", ev->text ? ev->text : "");
	if (job_is_live(&p->job))
		begin(s, p, grace_ms, p->job.stop.by, "asked to stop");
	else
		cancel_at_once(s, p);
	return 0;
}

static void enter_killing(struct step *s, struct place *p, const char *why)
{
	arm(s, p, s->yard->limits.kill_limit_ms);
	if (p->job.stop.phase == STOP_KILLING)
		return;
	p->job.stop.phase = STOP_KILLING;
	place_changed(s, p, "", why);
}

static void overdue(struct step *s, struct place *p, const char *what_lives)
{
	enter_killing(s, p, what_lives);
	struct command *late = command_add(s->out, CMD_OVERDUE, &p->job);
	str_copy_cut(late->why, sizeof(late->why), what_lives);
}

/* The executor has just done its worst: the next KILL can wait for TICK. */
void on_unkillable(struct step *s)
{
	struct place *p = yard_place(s->yard, s->event->id);
	if (!p || !job_is_live(&p->job) || p->job.attempt != s->event->attempt ||
		p->job.stop.phase == STOP_NONE)
		return;
	overdue(s, p, s->event->text ? s->event->text : "its processes cannot be killed");
}

static void due(struct step *s, struct place *p)
{
	if (p->job.stop.phase == STOP_NONE) {
		ask(s, p, END_STUCK_PENDING, "trainyard", stuck);
		begin(s, p, p->job.grace_ms, "", stuck);
	} else if (p->job.stop.phase == STOP_KILLING) {
		overdue(s, p, "its processes are still not dead");
		command_add(s->out, CMD_KILL, &p->job);
	} else {
		enter_killing(s, p, "its grace is over");
		command_add(s->out, CMD_KILL, &p->job);
	}
}

/* No job leaves the active list here: ends come by reports alone. */
void on_tick(struct step *s)
{
	const struct yard *y = s->yard;
	for (size_t i = 0; i < y->active_count; i++) {
		if (y->active[i]->due_boot_ms <= s->now.boot_ms)
			due(s, y->active[i]);
	}
}

void stops_go_on(struct step *s)
{
	const struct yard *y = s->yard;
	for (size_t i = 0; i < y->active_count; i++) {
		struct place *p = y->active[i];
		if (p->job.stop.phase == STOP_KILLING)
			join_killing(s, p);
		else if (p->job.stop.phase != STOP_NONE)
			begin(s, p, p->job.stop.grace_ms, "", "the stop goes on after a restart");
	}
}

int64_t yard_next_deadline_boot_ms(const struct yard *y)
{
	int64_t next = NEVER;
	for (size_t i = 0; i < y->active_count; i++) {
		if (y->active[i]->due_boot_ms < next)
			next = y->active[i]->due_boot_ms;
	}
	return next;
}
