/* server/launch.c -- from a job's row to a running command: its directory, its files, its argv and
 * environment. Runs after the commit; what fails here is the attempt's start that failed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "json/json.h"
#include "server/server.h"

#define JOB_DIRECTORY "%s/jobs/%s"

static const char *path_of(struct server *s, struct arena *a, const char *id, const char *file)
{
	return arena_format(a, JOB_DIRECTORY "%s", s->config->value[CONFIG_state], id, file);
}

int launch_follow_metrics(struct server *s, struct live_job *live, struct err *e)
{
	struct store_offset from;
	struct arena a = { 0 };
	if (live->source)
		return 0;
	if (store_offset_get(s->store, live->id, "metrics", &from, e) < 0)
		return -1;
	struct follow at = { from.offset_bytes, from.inode, from.epoch };
	int64_t last_step = progress_has(&live->progress, PROGRESS_STEP)
		? (int64_t)live->progress.value[PROGRESS_STEP]
		: -1;
	live->source = ingest_follow(s->ingest, live->id,
		path_of(s, &a, live->id, "/metrics.jsonl"), at, last_step, live);
	arena_finish(&a);
	return 0;
}

struct replacing {
	const char *name;
	const char *value;
};

static const char *replaced(struct arena *a, const char *text, const struct replacing *with)
{
	AUTO_BUF out = { 0 };
	while (*text) {
		const struct replacing *r = with;
		while (r->name && strncmp(text, r->name, strlen(r->name)) != 0)
			r++;
		if (r->name) {
			buf_text(&out, r->value);
			text += strlen(r->name);
		} else {
			buf_char(&out, *text++);
		}
	}
	return arena_copy(a, out.bytes ? out.bytes : "", out.length_bytes);
}

static const char *const *make_argv(struct server *s, struct arena *a, const char *id,
	const char *command_json, struct err *e)
{
	const struct replacing with[] = {
		{ "{run_dir}", path_of(s, a, id, "/run") },
		{ "{job_id}", id },
		{ NULL, NULL },
	};
	const struct json *list = json_parse(str_of(command_json), JSON_REQUEST, a, e);
	if (!list)
		return NULL;
	const char **argv = arena_array(a, const char *, list->count + 1);
	int count = 0;
	for (int i = 0; i < list->count; i++) {
		/* Always a fresh start for now: an argument about a checkpoint names nothing. */
		if (!strstr(list->items[i].text.at, "{checkpoint}"))
			argv[count++] = replaced(a, list->items[i].text.at, with);
	}
	return argv;
}

struct env_maker {
	struct arena *a;
	const char **list;
	int count;
	int room;
};

static bool has_name(const struct env_maker *m, const char *name)
{
	size_t length = strlen(name);
	for (int i = 0; i < m->count; i++) {
		if (strncmp(m->list[i], name, length) == 0 && m->list[i][length] == '=')
			return true;
	}
	return false;
}

static void put(struct env_maker *m, const char *name, const char *value)
{
	if (m->count + 1 >= m->room || has_name(m, name))
		return;
	m->list[m->count++] = arena_format(m->a, "%s=%s", name, value);
}

static const char *devices_text(const struct server *s, struct arena *a, uint64_t devices)
{
	AUTO_BUF out = { 0 };
	for (int i = 0; i < s->device_count; i++) {
		if (!(devices & (UINT64_C(1) << i)))
			continue;
		buf_format(&out, "%s%s", out.length_bytes ? "," : "", s->devices[i]);
	}
	return arena_copy(a, out.bytes ? out.bytes : "", out.length_bytes);
}

/* The attempt's own first: nothing that the user set may stand before them. */
static void put_own(struct server *s, struct env_maker *m, const struct live_job *live,
	const struct job *job)
{
	struct arena *a = m->a;
	put(m, "TRAINYARD_JOB_ID", job->id);
	put(m, "TRAINYARD_ATTEMPT", arena_format(a, "%u", job->attempt));
	put(m, "TRAINYARD_URL", s->address);
	put(m, "TRAINYARD_TOKEN", live->token);
	put(m, "TRAINYARD_RUN_DIR", path_of(s, a, job->id, "/run"));
	put(m, "TRAINYARD_METRICS", path_of(s, a, job->id, "/metrics.jsonl"));
	/* An attempt's own: read from its beginning at each start, it may hold no old request. */
	put(m, "TRAINYARD_CONTROL",
		path_of(s, a, job->id, arena_format(a, "/control-%u.jsonl", job->attempt)));
	put(m, "JOB_ID", job->id);
	put(m, "JOB_USER_ID", live->spec.owner);
	put(m, "JOB_TOKEN", live->token);
	put(m, "METRICS_API_URL",
		arena_format(a, "%s/api/training/metrics/%s", s->address, job->id));
	if (s->device_count > 0)
		put(m, "CUDA_VISIBLE_DEVICES", devices_text(s, a, job->devices));
}

static const char *const *make_env(struct server *s, struct arena *a, const struct live_job *live,
	const struct job *job, const char *env_json, struct err *e)
{
	static const char *const inherited[] = { "PATH", "HOME", "USER", "LANG" };
	const struct json *given = NULL;
	if (env_json && !(given = json_parse(str_of(env_json), JSON_REQUEST, a, e)))
		return NULL;
	int room = (given ? given->count : 4) + 24;
	struct env_maker m = { a, arena_array(a, const char *, room), 0, room };
	put_own(s, &m, live, job);
	for (int i = 0; given && i < given->count; i++) {
		const struct json_member *member = &given->members[i];
		if (strncmp(member->key, "TRAINYARD_", 10) != 0)
			put(&m, member->key, member->value.text.at);
	}
	for (size_t i = 0; !given && i < sizeof(inherited) / sizeof(inherited[0]); i++) {
		const char *value = getenv(inherited[i]);
		if (value)
			put(&m, inherited[i], value);
	}
	put(&m, "PYTHONUNBUFFERED", "1");
	return m.list;
}

static int start(struct server *s, struct live_job *live, const struct job *job, struct arena *a,
	struct err *e)
{
	const struct job_spec *spec = &live->spec;
	if (live->cold) {
		struct job_record *whole;
		if (store_job_get(s->store, job->id, a, &whole, e) < 0)
			return -1;
		spec = &whole->spec;
	}
	struct exec_start order = {
		.job_id = job->id,
		.attempt = job->attempt,
		.nonce = live->attempt->nonce,
		.cwd = spec->cwd,
		.umask_bits = spec->umask_bits,
		.direct_output = spec->direct_output,
		.log_limit_bytes = spec->log_limit_bytes,
	};
	if (!(order.argv = make_argv(s, a, job->id, spec->command_json, e)) ||
		!(order.envp = make_env(s, a, live, job, spec->env_json, e)))
		return -1;
	return exec_start(s->exec, &order, e);
}

/* A machine that has no room for the job's files is no fault of the job: it goes back to its place,
 * and the yard pauses before it starts anything more. */
void launch_tell_refusal(struct server *s, const struct job *job, const struct live_job *live)
{
	turn_event(s,
		&(struct event){ .kind = live->no_room ? EV_GONE : EV_START_FAILED,
			.id = job->id,
			.attempt = job->attempt,
			.gone = ATTEMPT_NEVER_STARTED,
			.text = live->refused },
		NULL, NULL);
}

static void refuse(struct server *s, struct live_job *live, const struct job *job,
	const struct err *e)
{
	log_warn("job %s: attempt %u: %s", job->id, job->attempt, e->text);
	exec_unreserve(s->exec, live->attempt->nonce);
	live->refused = mem_string(e->text);
	live->no_room = e->kind == ERR_DISK_FULL;
	s->pause |= live->no_room;
	launch_tell_refusal(s, job, live);
}

/* The runner goes first, which makes the job's directory; its metrics file is followed while it
 * starts the command. What is refused here was never handed to exec, which therefore repeats
 * nothing: the sentence stays in live until its end is kept. */
void launch(struct server *s, const struct job *job)
{
	struct live_job *live = live_find(s, job->id);
	struct arena a = { 0 };
	struct err e;
	assert(live && live->attempt && "a job that starts is live and has its attempt");
	if (start(s, live, job, &a, &e) < 0) {
		refuse(s, live, job, &e);
	} else if (launch_follow_metrics(s, live, &e) < 0) {
		log_warn("job %s: its metrics are read when it ends: %s", job->id, e.text);
	}
	if (!live->refused)
		s->pause_ms = 0;
	memset(live->token, 0, sizeof(live->token));
	arena_finish(&a);
}
