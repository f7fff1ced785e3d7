/* server/start.c -- opens the rooms in order, settles what an earlier server left, then serves.
 *
 * The port comes first: a port in use is said before anything else happens. Nobody is answered
 * until every incomplete job is settled: what a first reader sees is already true. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/server.h"

#define LEAVE_MS 3000 /* replies under way get so long */
#define LEAVE_LOOK_MS 10

struct yard_limits server_yard_limits(const struct server *s)
{
	return (struct yard_limits){
		.slots = s->slots,
		.devices = s->device_count,
		.jobs_max = (int)s->config->number[CONFIG_queue_limit],
		.pending_limit_ms = s->config->number[CONFIG_pending_limit_seconds] * 1000,
	};
}

static void on_deadline(void *context)
{
	turn_event(context, &(struct event){ .kind = EV_TICK }, NULL, NULL);
}

void server_arm_deadline(struct server *s)
{
	int64_t due = s->yard ? yard_next_deadline_boot_ms(s->yard) : INT64_MAX;
	if (due == INT64_MAX)
		loop_timer_stop(s->deadline);
	else
		loop_timer_at(s->deadline, due);
}

static int load_row(void *context, const struct job_record *record, struct err *e)
{
	struct server *s = context;
	const struct event load = { .kind = EV_LOAD, .id = record->job.id, .job = &record->job };
	if (yard_step(s->yard, &load, loop_now(), &s->turn.commands, e) < 0)
		return -1;
	/* A listing leaves environment and configuration out: whoever needs them asks the store. */
	if (!live_find(s, record->job.id))
		live_add(s, record)->cold = true;
	return 0;
}

static int load_attempts(struct server *s, struct err *e)
{
	size_t at = 0;
	const struct job *job;
	while ((job = yard_each(s->yard, &at))) {
		struct live_job *live = live_find(s, job->id);
		struct attempt_record attempt;
		if (live->attempt || job->attempt == 0)
			continue;
		if (store_attempt_latest(s->store, job->id, &attempt, e) == 0)
			live_new_attempt(live, &attempt);
		else if (e->kind != ERR_NOT_FOUND)
			return -1;
	}
	return 0;
}

/* What is told only once was told to the yard before: the new one hears it too. */
static void tell_again(struct server *s)
{
	size_t at = 0;
	const struct job *job;
	while ((job = yard_each(s->yard, &at))) {
		const struct live_job *live = live_find(s, job->id);
		if (job->state != JOB_PENDING)
			continue;
		if (live->refused)
			launch_tell_refusal(s, job, live);
		else if (live->started)
			turn_event(s,
				&(struct event){ .kind = EV_STARTED,
					.id = job->id,
					.attempt = job->attempt,
					.started_wall_ms = live->attempt->started_wall_ms },
				NULL, NULL);
	}
}

bool server_load_yard(struct server *s, struct err *e)
{
	struct yard_limits limits = server_yard_limits(s);
	s->yard = yard_create(&limits);
	if (store_jobs_incomplete(s->store, load_row, s, e) < 0 || load_attempts(s, e) < 0) {
		yard_destroy(s->yard);
		s->yard = NULL;
		return false;
	}
	return true;
}

void server_open_yard(struct server *s)
{
	tell_again(s);
	turn_event(s, &(struct event){ .kind = EV_OPEN }, NULL, NULL);
}

/* Takes a comma-separated list apart; what is beyond `most` is left out, but counted. */
static size_t split(const char *text, char **parts, size_t most)
{
	struct str rest = str_of(text), part;
	size_t count = 0;
	while (str_next(&rest, ',', &part)) {
		part = str_trim(part);
		if (part.length_bytes == 0)
			continue;
		if (count < most)
			parts[count] = mem_copy(part.at, part.length_bytes);
		count++;
	}
	return count;
}

static int split_lists(struct server *s, struct err *e)
{
	size_t devices = split(s->config->value[CONFIG_devices], s->devices, JOB_DEVICES_MAX);
	size_t hosts = split(s->config->value[CONFIG_allowed_hosts], s->host_names, HOSTS_MAX);
	if (devices > JOB_DEVICES_MAX)
		return err_set(e, ERR_INPUT, "devices names %zu, at most %d are possible", devices,
			JOB_DEVICES_MAX);
	if (hosts > HOSTS_MAX)
		return err_set(e, ERR_INPUT, "allowed_hosts names %zu, at most %d are possible",
			hosts, HOSTS_MAX);
	s->host_count = hosts;
	s->device_count = (int)devices;
	s->slots = (int)s->config->number[CONFIG_slots];
	if (s->slots == 0)
		s->slots = s->device_count ? s->device_count : 1;
	s->facts.gpu_count = s->device_count;
	return 0;
}

/* What jobs and people are told to connect to: a wildcard address is reached by loopback. */
static char *address_of(const struct server *s)
{
	AUTO_BUF out = { 0 };
	const char *listen = s->config->value[CONFIG_listen];
	const char *colon = strrchr(listen, ':');
	int length = colon ? (int)(colon - listen) : 0;
	bool any = length == 0 || strncmp(listen, "0.0.0.0:", 8) == 0 ||
		strncmp(listen, "[::]:", 5) == 0;
	buf_format(&out, "http://%.*s:%d", any ? 9 : length, any ? "127.0.0.1" : listen,
		http_port(s->http));
	return buf_take(&out);
}

static const char *runner_path(struct server *s, char *path, size_t path_bytes)
{
	static const char *const places[] = { "trainyard-runner", "../libexec/trainyard-runner",
		"../libexec/trainyard/trainyard-runner" };
	char here[4096];
	const char *said = s->config->value[CONFIG_runner];
	ssize_t length = readlink("/proc/self/exe", here, sizeof(here) - 1);
	str_copy_cut(path, path_bytes, said);
	if (*said || length < 0)
		return path;
	here[length] = '\0';
	*strrchr(here, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, path_bytes, "%s/%s", here, places[i]);
		if (access(path, X_OK) == 0)
			return path;
	}
	return path;
}

/* Whoever looks for the server shall not find the address of one that is gone. */
static void remove_address(const struct server *s)
{
	AUTO_BUF path = { 0 };
	buf_format(&path, "%s/address", s->config->value[CONFIG_state]);
	unlink(path.bytes);
}

static int write_address(struct server *s, struct err *e)
{
	AUTO_BUF path = { 0 };
	AUTO_BUF line = { 0 };
	buf_format(&path, "%s/address", s->config->value[CONFIG_state]);
	buf_format(&line, "%s\n", s->address);
	return io_write_file(path.bytes, line.bytes, line.length_bytes, 0644, e);
}

static int serve(struct server *s, struct err *e)
{
	if (http_listen_unix(s->http, s->config->value[CONFIG_socket], e) < 0 ||
		http_serve(s->http, e) < 0 || write_address(s, e) < 0)
		return -1;
	log_info("trainyard %s serves at %s (state: %s)", TRAINYARD_VERSION, s->address,
		s->config->value[CONFIG_state]);
	return 0;
}

/* A full disk may refuse what recovery wants to write: readers are served all the same. */
static void on_opened(void *context, enum job_state previous, const struct err *e)
{
	struct server *s = context;
	(void)previous;
	if (e)
		log_error("not all could be recovered: %s", e->text);
	if (s->leaving) /* asked to stop meanwhile: what listens now would never be closed */
		return;
	if (serve(s, &s->failure) < 0)
		loop_stop(s->loop);
}

void server_settled(struct server *s)
{
	s->settling = false;
	exec_open(s->exec);
	turn_event(s, &(struct event){ .kind = EV_OPEN }, on_opened, s);
}

static struct moment port_now(void *server)
{
	(void)server;
	return loop_now();
}

static void port_random(void *server, void *bytes, size_t size_bytes)
{
	(void)server;
	loop_random(bytes, size_bytes);
}

static const struct server_facts *port_facts(void *server)
{
	return &((struct server *)server)->facts;
}

static void port_background(void *server, void (*work)(void *), void (*done)(void *), void *context)
{
	loop_work(((struct server *)server)->loop, work, done, context);
}

static int open_talking(struct server *s, struct err *e)
{
	s->ports = (struct ports){ .server = s,
		.now = port_now,
		.random_bytes = port_random,
		.facts = port_facts,
		.background = port_background };
	jobs_ports(&s->ports);
	points_ports(&s->ports);
	logs_ports(&s->ports);
	identity_ports(&s->ports);
	s->facts.version = TRAINYARD_VERSION;
	s->facts.started_wall_ms = loop_now().wall_ms;
	if (!(s->api = api_create(&s->ports, e)))
		return -1;
	struct http_config config = {
		.handle = api_handle,
		.admit = api_admit,
		.context = s->api,
		.connections = (int)s->config->number[CONFIG_connections],
		.host_names = (const char *const *)s->host_names,
		.host_name_count = s->host_count,
	};
	config.routes = api_routes(&config.route_count);
	s->http = http_create(s->loop, &config, e);
	return s->http ? http_listen(s->http, s->config->value[CONFIG_listen], e) : -1;
}

static int open_doing(struct server *s, struct err *e)
{
	char runner[4200];
	struct exec_config config = {
		.state_dir = s->config->value[CONFIG_state],
		.runner_path = runner_path(s, runner, sizeof(runner)),
		.pool_size = (int)s->config->number[CONFIG_pool],
		.cgroups = s->config->number[CONFIG_cgroups],
		.log_limit_bytes = s->config->number[CONFIG_log_limit_bytes],
	};
	AUTO_BUF jobs = { 0 };
	buf_format(&jobs, "%s/jobs", s->config->value[CONFIG_state]);
	if (mkdir(jobs.bytes, 0700) < 0 && errno != EEXIST)
		return err_errno(e, ERR_IO, "cannot make the directory %s", jobs.bytes);
	s->exec = exec_create(s->loop, &config, &attempts_events, s, e);
	if (!s->exec || !(s->ingest = ingest_create(s->loop, points_take, s, e)) ||
		!(s->watcher = watcher_create(s->loop, e)))
		return -1;
	return 0;
}

static void on_leave_look(void *context)
{
	struct server *s = context;
	int64_t now = loop_now().boot_ms;
	if (http_busy(s->http) == 0 || now >= s->leave_until_boot_ms)
		loop_stop(s->loop);
	else
		loop_timer_at(s->leave, now + LEAVE_LOOK_MS);
}

void server_stop(struct server *s)
{
	if (s->leaving)
		return;
	log_info("leaving; jobs go on");
	s->leaving = true;
	remove_address(s);
	http_quiesce(s->http);
	s->leave_until_boot_ms = loop_now().boot_ms + LEAVE_MS;
	loop_timer_at(s->leave, 0);
}

static void on_stop_signal(void *context)
{
	server_stop(context);
}

static int open_all(struct server *s, struct err *e)
{
	if (auth_init(e) < 0 || split_lists(s, e) < 0 || open_talking(s, e) < 0)
		return -1;
	if (!(s->store = store_open_sqlite(s->config->value[CONFIG_state], e)))
		return -1;
	remove_address(s);
	s->address = address_of(s);
	if (identity_open(s, e) < 0 || open_doing(s, e) < 0 || !server_load_yard(s, e))
		return -1;
	attempts_adopt(s);
	return 0;
}

static void close_all(struct server *s)
{
	live_remove_all(s);
	http_destroy(s->http);
	api_destroy(s->api);
	exec_destroy(s->exec);
	ingest_destroy(s->ingest);
	watcher_destroy(s->watcher);
	yard_destroy(s->yard);
	turn_finish(&s->turn);
	store_close(s->store);
	loop_timer_destroy(s->deadline);
	loop_timer_destroy(s->reopen);
	loop_timer_destroy(s->leave);
	loop_signal_destroy(s->term);
	loop_signal_destroy(s->interrupt);
	loop_destroy(s->loop);
	for (int i = 0; i < JOB_DEVICES_MAX; i++)
		free(s->devices[i]);
	for (int i = 0; i < HOSTS_MAX; i++)
		free(s->host_names[i]);
	free(s->user);
	free(s->address);
}

int server_run(const struct config *config, struct err *e)
{
	struct server *s = mem_alloc(sizeof(*s));
	s->config = config;
	s->settling = true;
	list_init(&s->follows);
	s->loop = loop_create(e);
	if (!s->loop) {
		free(s);
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);
	s->deadline = loop_timer_create(s->loop, on_deadline, s);
	s->reopen = loop_timer_create(s->loop, turn_reopen, s);
	s->leave = loop_timer_create(s->loop, on_leave_look, s);
	s->term = loop_signal_create(s->loop, SIGTERM, on_stop_signal, s);
	s->interrupt = loop_signal_create(s->loop, SIGINT, on_stop_signal, s);
	int status = open_all(s, e);
	if (status == 0) {
		loop_run(s->loop);
		if (s->failure.kind != ERR_NONE) {
			*e = s->failure;
			status = -1;
		}
	}
	close_all(s);
	free(s);
	return status;
}
