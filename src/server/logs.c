/* server/logs.c -- a job's log: opened for a reader, watched for a follower. The bytes are the
 * runner's; the server only reads them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scope.h"
#include "server/server.h"

struct log_follow {
	struct list node;
	struct server *server;
	struct watch *watch;
	struct loop_timer *timer; /* brings the wakes: several changes become one */
	bool armed;
	bool ended;
	char id[JOB_ID_BYTES];
	char *path;
	log_wake *wake;
	void *context;
};

#define GATHER_MS 20
#define LOOK_MS 500 /* while there is no file to watch yet */

static char *log_path(const struct server *s, const char *id)
{
	AUTO_BUF path = { 0 };
	buf_format(&path, "%s/jobs/%s/log", s->config->value[CONFIG_state], id);
	return buf_take(&path);
}

static int known(struct server *s, const char *id, struct job *job, struct err *e)
{
	const struct job *active = s->yard ? yard_find(s->yard, id) : NULL;
	if (active) {
		*job = *active;
		return 0;
	}
	struct arena a = { 0 };
	struct job_record *record;
	int status = store_job_get(s->store, id, &a, &record, e);
	if (status == 0)
		*job = record->job;
	arena_finish(&a);
	return status;
}

static int log_open(void *server, const char *id, struct log_view *view, struct err *e)
{
	struct server *s = server;
	struct job job;
	if (known(s, id, &job, e) < 0)
		return -1;
	AUTO_FREE char *path = log_path(s, id);
	*view = (struct log_view){ .attempt = job.attempt };
	view->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (view->fd < 0)
		return errno == ENOENT ? 0
				       : err_errno(e, ERR_IO, "cannot read the log of job %s", id);
	off_t kept = lseek(view->fd, 0, SEEK_DATA);
	off_t size = lseek(view->fd, 0, SEEK_END);
	/* Only whole holes at the front are bytes that the runner dropped. */
	view->kept_from_bytes = kept > 0 ? kept : 0;
	if (kept < 0 && errno == ENXIO && size > 0)
		view->kept_from_bytes = size;
	lseek(view->fd, 0, SEEK_SET);
	return 0;
}

static void arm(struct log_follow *f, int64_t after_ms)
{
	if (f->armed)
		return;
	f->armed = true;
	loop_timer_at(f->timer, loop_now().boot_ms + after_ms);
}

static void on_change(void *context, bool moved)
{
	struct log_follow *f = context;
	arm(f, GATHER_MS);
	if (moved) {
		watch_destroy(f->watch);
		f->watch = watch_file(f->server->watcher, f->path, on_change, f, NULL);
	}
}

static void on_timer(void *context)
{
	struct log_follow *f = context;
	struct job job;
	struct err e;
	f->armed = false;
	if (!f->watch)
		f->watch = watch_file(f->server->watcher, f->path, on_change, f, NULL);
	if (!f->watch && !f->ended)
		arm(f, LOOK_MS);
	uint32_t attempt = 0;
	if (known(f->server, f->id, &job, &e) == 0) {
		attempt = job.attempt;
		f->ended |= job_state_in(job.state, JOB_SET_TERMINAL);
	} else {
		arm(f, LOOK_MS); /* its end would be told only once */
	}
	f->wake(f->context, attempt, f->ended); /* may unfollow */
}

static struct log_follow *log_follow(void *server, const char *id, log_wake *wake, void *context,
	struct err *e)
{
	struct server *s = server;
	struct job job;
	if (known(s, id, &job, e) < 0)
		return NULL;
	struct log_follow *f = mem_alloc(sizeof(*f));
	*f = (struct log_follow){ .server = s,
		.wake = wake,
		.context = context,
		.path = log_path(s, id) };
	str_copy_cut(f->id, sizeof(f->id), id);
	f->timer = loop_timer_create(s->loop, on_timer, f);
	list_append(&s->follows, &f->node);
	f->watch = watch_file(s->watcher, f->path, on_change, f, NULL);
	arm(f, 0);
	return f;
}

static void log_unfollow(void *server, struct log_follow *f)
{
	(void)server;
	list_remove(&f->node);
	watch_destroy(f->watch);
	loop_timer_destroy(f->timer);
	free(f->path);
	free(f);
}

void logs_job_ended(struct server *s, const char *job_id)
{
	LIST_EACH(at, &s->follows)
	{
		struct log_follow *f = LIST_ITEM(at, struct log_follow, node);
		if (strcmp(f->id, job_id) != 0)
			continue;
		f->armed = false;
		arm(f, 0);
	}
}

void logs_ports(struct ports *p)
{
	p->log_open = log_open;
	p->log_follow = log_follow;
	p->log_unfollow = log_unfollow;
}
