/* exec/exec.c -- the contract of exec.h: makes exec, starts and stops, and keeps its one timer. */
#include "exec/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "exec/inside.h"

#define REAP_EVERY_MS 100

void exec_wake(struct exec *x, int64_t at_ms)
{
	if (at_ms && (x->wake_at_ms == 0 || at_ms < x->wake_at_ms)) {
		x->wake_at_ms = at_ms;
		loop_timer_at(x->timer, at_ms);
	}
}

struct attempt *attempt_by_nonce(struct exec *x, const char *nonce)
{
	struct map_entry *entry;
	size_t at = 0;

	while (nonce && (entry = map_each(&x->attempts, &at)))
		if (strcmp(((struct attempt *)entry->value)->nonce, nonce) == 0)
			return entry->value;
	return NULL;
}

/* Events change the map: after each the search begins anew. */
static struct attempt *next_due(struct exec *x, int64_t now_ms)
{
	struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_each(&x->attempts, &at))) {
		struct attempt *a = entry->value;
		if ((a->tell_at_ms && a->tell_at_ms <= now_ms) ||
			(a->seek_at_ms && a->seek_at_ms <= now_ms))
			return a;
	}
	return NULL;
}

/* Everything that is still due later. */
static void rearm(struct exec *x)
{
	struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_each(&x->attempts, &at))) {
		struct attempt *a = entry->value;
		exec_wake(x, a->tell_at_ms);
		exec_wake(x, a->seek_at_ms);
	}
	exec_wake(x, x->pool_at_ms);
	exec_wake(x, x->reap_at_ms);
	exec_wake(x, x->stale_at_ms);
}

static void on_timer(void *context)
{
	struct exec *x = context;
	int64_t now_ms = loop_now().boot_ms;
	struct attempt *a;

	x->wake_at_ms = 0;
	while ((a = next_due(x, now_ms))) {
		if (a->tell_at_ms && a->tell_at_ms <= now_ms)
			attempt_tell(x, a, now_ms);
		else
			seek_step(x, a, now_ms);
	}
	pool_look(x, now_ms);
	stale_step(x, now_ms);
	if (x->reap_at_ms && x->reap_at_ms <= now_ms) {
		link_reap(x);
		x->reap_at_ms = 0;
	}
	rearm(x);
}

static int open_directories(struct exec *x, struct err *e)
{
	AUTO_CLOSE int state = open(x->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (state < 0)
		return err_errno(e, ERR_IO, "cannot open the state directory %s", x->state_dir);
	mkdirat(state, "runners", 0700);
	mkdirat(state, "jobs", 0700);
	x->runners_fd = openat(state, "runners", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	x->jobs_fd = openat(state, "jobs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (x->runners_fd < 0 || x->jobs_fd < 0)
		return err_errno(e, ERR_IO, "cannot open runners and jobs below %s", x->state_dir);
	return 0;
}

struct exec *exec_create(struct loop *loop, const struct exec_config *config,
	const struct exec_events *events, void *ctx, struct err *e)
{
	struct exec *x = mem_alloc(sizeof(*x));
	AUTO_BUF boot = { 0 };

	x->loop = loop;
	x->config = *config;
	x->events = *events;
	x->ctx = ctx;
	x->state_dir = mem_string(config->state_dir);
	x->runner_path = mem_string(config->runner_path);
	x->runners_fd = x->jobs_fd = -1;
	list_init(&x->links);
	x->timer = loop_timer_create(loop, on_timer, x);
	if (access(x->runner_path, X_OK) < 0) {
		err_errno(e, ERR_IO, "cannot use the runner program %s", x->runner_path);
	} else if (io_read_file("/proc/sys/kernel/random/boot_id", 64, &boot, e) == 0) {
		str_copy_cut(x->boot_id, sizeof(x->boot_id), boot.bytes);
		if (open_directories(x, e) == 0)
			return x;
	}
	exec_destroy(x);
	return NULL;
}

void exec_destroy(struct exec *x)
{
	struct map_entry *entry;
	size_t at = 0;

	if (!x)
		return;
	LIST_EACH(node, &x->links)
	link_drop(LIST_ITEM(node, struct link, node));
	while ((entry = map_each(&x->attempts, &at)))
		free(entry->value);
	map_finish(&x->attempts);
	link_reap(x);
	loop_timer_destroy(x->timer);
	scope_close(&x->runners_fd);
	scope_close(&x->jobs_fd);
	free(x->children);
	free(x->stale);
	free(x->state_dir);
	free(x->runner_path);
	free(x);
}

const char *exec_boot_id(const struct exec *x)
{
	return x->boot_id;
}

void exec_adopt(struct exec *x, const struct attempt_record *attempt, exec_settled *settled)
{
	struct attempt *a = attempt_create(x, attempt->job_id, attempt->number, attempt->nonce);

	str_copy(a->recorded_boot, sizeof(a->recorded_boot), attempt->boot_id);
	a->recorded_running = attempt->state != JOB_PENDING || attempt->pid > 0;
	a->settled = settled;
	seek_begin(x, a);
}

void exec_open(struct exec *x)
{
	x->open = true;
	stale_collect(x);
	pool_changed(x);
}

int exec_reserve(struct exec *x, char nonce[NONCE_BYTES], struct err *e)
{
	struct link *l = pool_take(x, e);

	if (!l)
		return -1;
	l->reserved = true;
	pact_nonce_make(nonce, l->runner, l->turn);
	return 0;
}

static struct link *reserved_link(struct exec *x, const char *nonce)
{
	char runner[PACT_RUNNER_BYTES];
	uint32_t turn;

	if (!pact_nonce_split(nonce, runner, &turn))
		return NULL;
	LIST_EACH(at, &x->links)
	{
		struct link *l = LIST_ITEM(at, struct link, node);
		if (l->reserved && strcmp(l->runner, runner) == 0)
			return l;
	}
	return NULL;
}

void exec_unreserve(struct exec *x, const char *nonce)
{
	struct link *l = reserved_link(x, nonce);

	if (!l)
		return;
	l->reserved = false;
	l->ready = l->hello && l->fd >= 0;
	if (l->fd < 0)
		link_bury(l);
	pool_changed(x);
}

/* What the job's own files need; 0, or -1 with errno. */
static int make_job_directories(struct exec *x, const char *job_id)
{
	if (mkdirat(x->jobs_fd, job_id, 0700) < 0 && errno != EEXIST)
		return -1;
	AUTO_CLOSE int job = openat(x->jobs_fd, job_id,
		O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (job < 0 || (mkdirat(job, "run", 0700) < 0 && errno != EEXIST))
		return -1;
	return 0;
}

/* The caller's environment and the nonce, by which the tree is known when all else is lost. */
static const char **with_nonce(const char *const *envp, const char *assignment)
{
	size_t count = 0, kept = 0;

	while (envp && envp[count])
		count++;
	const char **items = mem_array(count + 2, sizeof(*items));
	for (size_t i = 0; i < count; i++)
		if (strncmp(envp[i], "TRAINYARD_NONCE=", 16) != 0)
			items[kept++] = envp[i];
	items[kept] = assignment;
	return items;
}

static int send_start(struct exec *x, struct link *l, const struct exec_start *s, struct err *e)
{
	struct pact_message m;
	char assignment[16 + NONCE_BYTES];
	size_t run_bytes = strlen(x->state_dir) + strlen(s->job_id) + 16;
	AUTO_FREE char *run = mem_array(run_bytes, 1);

	snprintf(run, run_bytes, "%s/jobs/%s/run", x->state_dir, s->job_id);
	snprintf(assignment, sizeof(assignment), "TRAINYARD_NONCE=%s", s->nonce);
	AUTO_FREE const char **env = with_nonce(s->envp, assignment);
	pact_message_init(&m, PACT_KIND_START);
	m.start.nonce = s->nonce;
	m.start.job = s->job_id;
	m.start.attempt = s->attempt;
	m.start.argv.items = s->argv;
	m.start.env.items = env;
	m.start.cwd = s->cwd ? s->cwd : run;
	m.start.umask = s->umask_bits;
	m.start.direct = s->direct_output;
	m.start.log_limit = s->log_limit_bytes > 0 ? s->log_limit_bytes
		: x->config.log_limit_bytes > 0    ? x->config.log_limit_bytes
						   : LOG_LIMIT_DEFAULT_BYTES;
	if (pact_encode(&m, NULL, 0) == 0)
		return err_set(e, ERR_INPUT, "the command and environment of job %s are too long",
			s->job_id);
	link_send(l, &m);
	return 0;
}

int exec_start(struct exec *x, const struct exec_start *s, struct err *e)
{
	struct link *l = reserved_link(x, s->nonce);

	if (!str_is_id(str_of(s->job_id)) || !s->argv || !s->argv[0] || !l)
		return err_set(e, ERR_INPUT, "job %s has no command, or no runner was reserved",
			s->job_id);
	if (attempt_find(x, s->job_id, s->attempt))
		return err_set(e, ERR_STATE, "attempt %u of job %s was started already",
			(unsigned)s->attempt, s->job_id);
	char trouble[EXEC_SENTENCE_BYTES];
	str_copy(trouble, sizeof(trouble), l->trouble);
	if (l->fd >= 0 && make_job_directories(x, s->job_id) < 0) {
		struct err why;
		err_errno(&why, ERR_IO, "cannot make the directory of the job");
		str_copy_cut(trouble, sizeof(trouble), why.text);
		if (why.kind == ERR_DISK_FULL)
			return err_set(e, ERR_DISK_FULL, "%s", trouble);
	} else if (l->fd >= 0 && send_start(x, l, s, e) < 0) {
		return -1;
	}
	struct attempt *a = attempt_create(x, s->job_id, s->attempt, s->nonce);
	str_copy(a->recorded_boot, sizeof(a->recorded_boot), x->boot_id);
	if (trouble[0]) {
		attempt_start_failed(x, a, trouble);
		exec_unreserve(x, s->nonce);
		return 0;
	}
	l->reserved = false;
	l->attempt = a;
	a->link = l;
	return 0;
}

bool exec_stop(struct exec *x, const char *job_id, uint32_t attempt, int64_t grace_ms)
{
	struct attempt *a = attempt_find(x, job_id, attempt);
	int64_t kill_at_ms = loop_now().boot_ms + (grace_ms > 0 ? grace_ms : 0);

	if (!a)
		return false;
	if (!a->stop_asked || kill_at_ms < a->kill_at_ms)
		a->kill_at_ms = kill_at_ms;
	a->stop_asked = true;
	attempt_send_stop(a);
	return true;
}

void exec_acknowledge(struct exec *x, const char *job_id, uint32_t attempt)
{
	struct attempt *a = attempt_find(x, job_id, attempt);
	struct pact_message m;

	if (!a || a->phase != ATTEMPT_ENDED)
		return;
	if (a->link) {
		pact_message_init(&m, PACT_KIND_ACKNOWLEDGE);
		m.acknowledge.nonce = a->nonce;
		link_send(a->link, &m);
	} else {
		stale_add(x, a->nonce);
	}
	attempt_forget(x, a);
}
