/* core/attempts.c -- what reports about attempts mean: started, ended, gone. */
#include <stdio.h>
#include <string.h>

#include "core/inside.h"

/* The live job whose current attempt the event is about, or NULL: then it is late or doubled. */
static struct place *live_place(struct step *s)
{
	struct place *p = yard_place(s->yard, s->event->id);
	if (!p || !job_is_live(&p->job) || p->job.attempt != s->event->attempt)
		return NULL;
	return p;
}

/* The same for an end. The end of a settled attempt is acknowledged again, for the runner tells it
 * until it hears that. An attempt that the yard has not launched yet is nobody's. */
static struct place *ending_place(struct step *s)
{
	struct place *p = live_place(s);
	if (p)
		return p;
	p = yard_place(s->yard, s->event->id);
	if (!p || s->event->attempt <= p->job.attempt)
		command_ack(s->out, s->event->id, s->event->attempt);
	return NULL;
}

static void run(struct step *s, struct place *p)
{
	int64_t at = s->event->started_wall_ms ? s->event->started_wall_ms : s->now.wall_ms;
	if (p->job.started_wall_ms == 0)
		p->job.started_wall_ms = at;
	p->never_started = 0;
	if (p->job.stop.phase == STOP_NONE)
		p->due_boot_ms = NEVER;
	place_become(s, p, JOB_RUNNING, "", "the command executes");
}

void on_started(struct step *s)
{
	struct place *p = live_place(s);
	if (p && p->job.state == JOB_PENDING)
		run(s, p);
}

static void end(struct step *s, struct place *p, const struct job_end *how, int64_t ended_wall_ms)
{
	uint32_t attempt = p->job.attempt;
	place_finish(s, p, how, ended_wall_ms);
	command_ack(s->out, s->event->id, attempt);
}

void on_start_failed(struct step *s)
{
	struct place *p = ending_place(s);
	if (!p)
		return;
	struct job_end how = { .reason = END_START_FAILED, .exit_code = -1 };
	str_copy_cut(how.message, sizeof(how.message),
		s->event->text ? s->event->text : "Job did not start");
	end(s, p, &how, 0);
}

static void end_of_signal(const struct event *ev, struct job_end *how)
{
	const char *name = sigabbrev_np(ev->exit_signal);
	how->reason = ev->out_of_memory ? END_OUT_OF_MEMORY : END_SIGNAL;
	how->exit_code = -1;
	how->exit_signal = ev->exit_signal;
	snprintf(how->message, sizeof(how->message),
		"Process terminated unexpectedly (signal %d, %s%s)%s", ev->exit_signal,
		name ? "SIG" : "no name", name ? name : "",
		ev->out_of_memory ? ": out of memory" : "");
}

static struct job_end end_of_exit(const struct event *ev)
{
	struct job_end how = { .reason = END_EXIT_CODE, .exit_code = ev->exit_code };
	if (ev->exit_signal > 0) {
		end_of_signal(ev, &how);
	} else if (ev->exit_code < 0) {
		how.reason = END_PROCESS_LOST;
		how.exit_code = -1;
		snprintf(how.message, sizeof(how.message),
			"Process terminated unexpectedly: it ended, but nobody could see how");
	} else if (ev->exit_code == 0) {
		how.reason = END_COMPLETED;
	} else {
		if (ev->out_of_memory)
			how.reason = END_OUT_OF_MEMORY;
		snprintf(how.message, sizeof(how.message), "Process exited with code %d%s",
			ev->exit_code, ev->out_of_memory ? ": out of memory" : "");
	}
	return how;
}

void on_exited(struct step *s)
{
	struct place *p = ending_place(s);
	if (!p)
		return;
	struct job_end how = end_of_exit(s->event);
	if (p->job.state == JOB_PENDING)
		run(s, p);
	end(s, p, &how, s->event->ended_wall_ms);
}

static void queue_again(struct step *s, struct place *p)
{
	char why[200];
	snprintf(why, sizeof(why), "never started, queued again at its old place%s%s",
		s->event->text ? ": " : "", s->event->text ? s->event->text : "");
	p->job.devices = 0;
	p->due_boot_ms = NEVER;
	place_become(s, p, JOB_QUEUED, "", why);
	command_ack(s->out, s->event->id, s->event->attempt);
}

/* The executor's sentence, if it has one, behind the words that every such end begins with. */
static void gone_unexpectedly(struct job_end *how, const char *sentence, const char *otherwise)
{
	static const char unexpected[] = "Process terminated unexpectedly";
	const char *said = sentence && sentence[0] ? sentence : otherwise;
	char text[sizeof(how->message) * 2];
	if (str_starts(str_of(said), unexpected))
		snprintf(text, sizeof(text), "%s", said);
	else
		snprintf(text, sizeof(text), "%s: %s", unexpected, said);
	str_copy_cut(how->message, sizeof(how->message), text);
}

static struct job_end end_of_gone(const struct event *ev, const struct place *p)
{
	struct job_end how = { .reason = END_PROCESS_LOST, .exit_code = -1 };
	if (ev->gone == ATTEMPT_REBOOT) {
		how.reason = END_HOST_REBOOT;
		gone_unexpectedly(&how, ev->text, "the host was rebooted");
	} else if (ev->gone == ATTEMPT_NEVER_STARTED && p->job.state == JOB_PENDING) {
		how.reason = END_START_FAILED;
		snprintf(how.message, sizeof(how.message), "Job never started, %d times in a row",
			NEVER_STARTED_MAX);
	} else {
		gone_unexpectedly(&how, ev->gone == ATTEMPT_LOST ? ev->text : NULL,
			"it is gone and left no trace of how it ended");
	}
	return how;
}

void on_gone(struct step *s)
{
	struct place *p = ending_place(s);
	if (!p)
		return;
	bool again = s->event->gone == ATTEMPT_NEVER_STARTED && p->job.state == JOB_PENDING &&
		p->job.stop.phase == STOP_NONE;
	if (again && ++p->never_started < NEVER_STARTED_MAX) {
		queue_again(s, p);
		return;
	}
	struct job_end how = end_of_gone(s->event, p);
	end(s, p, &how, s->event->ended_wall_ms);
}
