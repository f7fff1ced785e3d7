/* exec/attempt.c -- what becomes of an attempt: hears its runner and tells the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/inside.h"

#define TELL_FIRST_MS 1000
#define TELL_MOST_MS 30000

static void make_key(char *key, size_t key_bytes, const char *job_id, uint32_t number)
{
	snprintf(key, key_bytes, "%s %u", job_id, (unsigned)number);
}

struct attempt *attempt_create(struct exec *x, const char *job_id, uint32_t number,
	const char *nonce)
{
	struct attempt *a = mem_alloc(sizeof(*a));

	str_copy(a->job_id, sizeof(a->job_id), job_id);
	str_copy(a->nonce, sizeof(a->nonce), nonce);
	a->number = number;
	make_key(a->key, sizeof(a->key), job_id, number);
	map_put(&x->attempts, a->key, a);
	return a;
}

struct attempt *attempt_find(struct exec *x, const char *job_id, uint32_t number)
{
	char key[JOB_ID_BYTES + 16];

	make_key(key, sizeof(key), job_id, number);
	return map_get(&x->attempts, key);
}

void attempt_forget(struct exec *x, struct attempt *a)
{
	map_remove(&x->attempts, a->key);
	if (a->link)
		a->link->attempt = NULL;
	free(a);
}

void attempt_settle(struct exec *x, struct attempt *a, enum exec_found found)
{
	exec_settled *settled = a->settled;

	a->settled = NULL;
	if (settled)
		settled(x->ctx, a->job_id, a->number, found);
}

/* The event may acknowledge, and so free a: settled is told from copies. */
void attempt_tell(struct exec *x, struct attempt *a, int64_t now_ms)
{
	exec_settled *settled = a->settled;
	char job_id[JOB_ID_BYTES];
	uint32_t number = a->number;

	str_copy(job_id, sizeof(job_id), a->job_id);
	a->settled = NULL;
	a->tell_at_ms = now_ms + a->tell_gap_ms;
	a->tell_gap_ms = a->tell_gap_ms * 2 > TELL_MOST_MS ? TELL_MOST_MS : a->tell_gap_ms * 2;
	exec_wake(x, a->tell_at_ms);
	if (a->end == TOLD_EXITED)
		x->events.exited(x->ctx, job_id, number, &a->exit);
	else if (a->end == TOLD_START_FAILED)
		x->events.start_failed(x->ctx, job_id, number, a->sentence);
	else
		x->events.gone(x->ctx, job_id, number, a->gone, a->sentence);
	if (settled)
		settled(x->ctx, job_id, number, FOUND_ENDED);
}

/* Told from the loop, soon. */
static void set_end(struct exec *x, struct attempt *a, enum attempt_end end, const char *sentence)
{
	a->phase = ATTEMPT_ENDED;
	a->end = end;
	a->seek_at_ms = 0;
	str_copy_cut(a->sentence, sizeof(a->sentence), sentence ? sentence : "");
	a->tell_gap_ms = TELL_FIRST_MS;
	a->tell_at_ms = loop_now().boot_ms;
	exec_wake(x, a->tell_at_ms);
}

void attempt_gone(struct exec *x, struct attempt *a, enum gone_kind kind, const char *sentence)
{
	a->gone = kind;
	if (kind == GONE_NEVER_STARTED && a->recorded_running)
		a->gone = GONE_LOST;
	set_end(x, a, TOLD_GONE, sentence);
}

void attempt_start_failed(struct exec *x, struct attempt *a, const char *sentence)
{
	set_end(x, a, TOLD_START_FAILED, sentence);
}

void attempt_send_stop(struct attempt *a)
{
	struct pact_message m;
	int64_t left_ms = a->kill_at_ms - loop_now().boot_ms;

	if (!a->link || !a->stop_asked)
		return;
	pact_message_init(&m, PACT_KIND_STOP);
	m.stop.nonce = a->nonce;
	m.stop.grace_ms = left_ms > 0 ? left_ms : 0;
	link_send(a->link, &m);
}

static void heard_hello(struct link *l, const struct pact_hello *hello)
{
	struct pact_message leave;

	l->turn = (uint32_t)hello->turn;
	l->hello = true;
	if (hello->phase && strcmp(hello->phase, "idle") == 0 && l->attempt &&
		l->attempt->seek_since_ms) {
		/* Found again, but go never reached it: it shall not have it. */
		pact_message_init(&leave, PACT_KIND_LEAVE);
		link_send(l, &leave);
	} else if (!l->attempt && !l->reserved && !l->heir) {
		l->ready = true;
		pool_changed(l->exec);
	}
}

static void heard_started(struct link *l, const struct pact_started *started)
{
	struct exec *x = l->exec;
	struct attempt *a = attempt_by_nonce(x, started->nonce);

	if (!a || a->phase == ATTEMPT_ENDED)
		return;
	a->phase = ATTEMPT_RUNNING;
	a->seek_at_ms = a->seek_since_ms = 0;
	attempt_send_stop(a);
	x->events.started(x->ctx, a->job_id, a->number, started->pid, started->start_ticks,
		started->wall_ms);
	a = attempt_by_nonce(x, started->nonce);
	if (a)
		attempt_settle(x, a, FOUND_LIVE);
}

static void set_exit(struct exec *x, struct attempt *a, const struct pact_ended *ended)
{
	a->exit = (struct exec_exit){
		.code = (int32_t)ended->code,
		.signal = (int32_t)ended->signal,
		.known = ended->known,
		.stopped = ended->stopped || a->stop_asked,
		.out_of_memory = ended->out_of_memory,
		.pid = ended->pid,
		.started_wall_ms = ended->started_ms,
		.ended_wall_ms = ended->ended_ms,
		.cpu_ms = ended->cpu_ms,
		.peak_memory_bytes = ended->peak_bytes,
		.log_lost_bytes = ended->log_lost,
	};
	set_end(x, a, TOLD_EXITED, NULL);
}

static void acknowledge(struct link *l, const char *nonce)
{
	struct pact_message m;

	pact_message_init(&m, PACT_KIND_ACKNOWLEDGE);
	m.acknowledge.nonce = nonce;
	link_send(l, &m);
}

static void heard_ended(struct link *l, const struct pact_ended *ended)
{
	struct exec *x = l->exec;
	struct attempt *a = attempt_by_nonce(x, ended->nonce);
	const char *outcome = ended->outcome ? ended->outcome : "";
	const char *sentence = ended->sentence;

	if (!a) {
		acknowledge(l, ended->nonce); /* nobody waits for it any more */
		return;
	}
	if (a->phase == ATTEMPT_ENDED)
		return; /* on its way to the server already */
	if (strcmp(outcome, "exited") == 0)
		set_exit(x, a, ended);
	else if (strcmp(outcome, "start_failed") == 0)
		attempt_start_failed(x, a, sentence);
	else if (strcmp(outcome, "never_started") == 0)
		attempt_gone(x, a, GONE_NEVER_STARTED, sentence);
	else if (strcmp(outcome, "reboot") == 0)
		attempt_gone(x, a, GONE_REBOOT, sentence);
	else
		attempt_gone(x, a, GONE_LOST, sentence);
	attempt_tell(x, a, loop_now().boot_ms);
}

static void heard_unkillable(struct link *l, const struct pact_unkillable *m)
{
	struct attempt *a = attempt_by_nonce(l->exec, m->nonce);

	if (a)
		l->exec->events.unkillable(l->exec->ctx, a->job_id, a->number,
			m->living ? m->living : "");
}

void attempt_message(struct link *l, struct pact_message *m)
{
	switch (m->kind) {
	case PACT_KIND_HELLO:
		heard_hello(l, &m->hello);
		break;
	case PACT_KIND_STARTED:
		heard_started(l, &m->started);
		break;
	case PACT_KIND_ENDED:
		heard_ended(l, &m->ended);
		break;
	case PACT_KIND_UNKILLABLE:
		heard_unkillable(l, &m->unkillable);
		break;
	case PACT_KIND_READY:
		l->turn = (uint32_t)m->ready.turn;
		l->ready = true;
		pool_changed(l->exec);
		break;
	case PACT_KIND_TROUBLE:
		str_copy_cut(l->trouble, sizeof(l->trouble),
			m->trouble.sentence ? m->trouble.sentence : "");
		log_warn("runner %s: %s", l->runner, l->trouble);
		break;
	default:
		break; /* of a newer runner */
	}
}

/* A runner that could not even prepare has told why: nothing was started, and a start marker cannot
 * be there. Any other loss is looked into. */
void attempt_link_lost(struct link *l)
{
	struct exec *x = l->exec;
	struct attempt *a = l->attempt;
	bool ready = l->ready, idle = !a && !l->heir, failed = idle && !l->hello;

	if (l->reserved && !a) { /* the start to come will say so */
		loop_poll_destroy(l->poll);
		l->poll = NULL;
		close(l->fd);
		l->fd = -1;
		if (!l->trouble[0])
			str_copy_cut(l->trouble, sizeof(l->trouble),
				"the runner died before it was needed");
	} else {
		if (a && a->phase == ATTEMPT_STARTING && !l->heir && !l->hello && l->trouble[0])
			attempt_start_failed(x, a, l->trouble);
		if (idle)
			link_bury(l);
		else
			link_drop(l);
	}
	if (a && a->phase != ATTEMPT_ENDED)
		seek_begin(x, a);
	x->reap_at_ms = loop_now().boot_ms + 5;
	exec_wake(x, x->reap_at_ms);
	if (failed)
		pool_failed(x);
	else if (ready)
		pool_changed(x);
}
