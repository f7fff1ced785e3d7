/* bench/yard.c -- see yard.h. */
#include "bench/yard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_out.h"
#include "base/scope.h"
#include "bench/row.h"

#define PATIENCE_NS (INT64_C(60) * 1000000000)
#define VARIABLES 24 /* of a usual environment: the body has about 2 KB */

void yard_init(struct yard *y, const struct bench *b, const char *name, int slots)
{
	*y = (struct yard){ .bench = b, .slots = slots };
	snprintf(y->state, sizeof(y->state), "%s", path_in(b->scratch, "%s", name));
}

static pid_t spawn_server(struct yard *y)
{
	const char *server = path_in(y->bench->programs, "trainyardd");
	const char *slots = text_format("%d", y->slots);
	const char *argv[] = { "strace", "-f", "-qq", "-y", "-ttt", "--seccomp-bpf", "-e",
		"trace=fsync,fdatasync,sync_file_range,msync,sync,syncfs", "-o", y->trace, server,
		"--state", y->state, "--listen", "127.0.0.1:0", "--slots", slots, "--log-level",
		"warn", NULL };
	AUTO_CLOSE int log = open(path_in(y->bench->scratch, "server.log"),
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return child_start(y->trace[0] ? argv : argv + 10, log);
}

/* The address file holds http://HOST:PORT and a newline once the server is ready. */
static bool find_port(struct yard *y)
{
	AUTO_BUF text = { 0 };
	if (io_read_file(path_in(y->state, "address"), 1024, &text, NULL) < 0)
		return false;
	const char *colon = strrchr(text.bytes, ':');
	y->port = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
	return y->port > 0;
}

static void read_token(struct yard *y)
{
	AUTO_BUF text = { 0 };
	if (io_read_file(path_in(y->state, "admin.token"), sizeof(y->token) - 1, &text, NULL) < 0)
		die("the server made no token");
	struct str token = str_trim((struct str){ text.bytes, text.length_bytes });
	memcpy(y->token, token.at, token.length_bytes);
	y->token[token.length_bytes] = '\0';
}

static _Noreturn void never_served(struct yard *y)
{
	AUTO_BUF said = { 0 };
	io_read_file(path_in(y->bench->scratch, "server.log"), 1 << 20, &said, NULL);
	die("the server does not serve; it said:\n%s", said.bytes ? said.bytes : "");
}

int64_t yard_start(struct yard *y)
{
	int64_t began_ns = clock_ns();
	unlink(path_in(y->state, "address"));
	y->pid = spawn_server(y);
	while (!find_port(y)) {
		struct timespec moment = { 0, 200000 };
		if (clock_ns() - began_ns > PATIENCE_NS || kill(y->pid, 0) < 0)
			never_served(y);
		nanosleep(&moment, NULL);
	}
	read_token(y);
	line_open(&y->line, y->port, y->token);
	if (line_ask(&y->line, "GET", "/health", NULL).status != 200)
		die("the server is not healthy");
	return clock_ns() - began_ns;
}

void yard_stop(struct yard *y)
{
	line_close(&y->line);
	/* strace passes no TERM on: it goes to what it runs, its only child. */
	if (y->trace[0]) {
		AUTO_BUF child = { 0 };
		int64_t pid;
		const char *path = path_in("/proc", "%d/task/%d/children", (int)y->pid,
			(int)y->pid);
		if (io_read_file(path, 4096, &child, NULL) < 0)
			die("cannot read %s", path);
		struct str rest = { child.bytes, child.length_bytes }, word;
		while (str_next(&rest, ' ', &word))
			if (str_to_i64(str_trim(word), &pid))
				kill((pid_t)pid, SIGTERM);
	} else {
		kill(y->pid, SIGTERM);
	}
	child_wait(y->pid);
}

void yard_kill(struct yard *y)
{
	line_close(&y->line);
	kill(y->pid, SIGKILL);
	child_wait(y->pid);
}

void yard_body(struct buf *body, const char *id, const char *const command[], const char *extra)
{
	struct json_out j = { .to = body };
	json_object(&j);
	json_put_text(&j, "execution_id", id);
	json_put_text(&j, "name", id);
	json_put_text(&j, "cwd", "/");
	json_key(&j, "command");
	json_array(&j);
	for (int i = 0; command[i]; i++)
		json_text(&j, command[i]);
	json_end(&j);
	json_key(&j, "env");
	json_object(&j);
	json_put_text(&j, "PATH", "/usr/local/bin:/usr/bin:/bin");
	for (int i = 0; i < VARIABLES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "A_USUAL_VARIABLE_%d", i);
		json_put_text(&j, name, "/home/trainer/.venv/lib/python3/site-packages:/usr/lib");
	}
	json_end(&j);
	json_end(&j);
	body->length_bytes--; /* the last brace, for what comes behind */
	buf_format(body, "%s}", extra);
}

void yard_submit(struct yard *y, const char *id, const char *const command[], const char *extra)
{
	AUTO_BUF body = { 0 };
	yard_body(&body, id, command, extra);
	struct reply r = line_ask(&y->line, "POST", "/api/training/jobs", body.bytes);
	if (r.status != 201)
		die("submitting %s: status %d: %s", id, r.status, r.body);
}

void json_field(const char *json, const char *field, char *value, size_t value_bytes)
{
	char key[80];
	size_t length = 0;
	snprintf(key, sizeof(key), "\"%s\":", field);
	const char *at = strstr(json, key);
	value[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	bool quoted = *at == '"';
	at += quoted;
	while (at[length] && length + 1 < value_bytes && !strchr(quoted ? "\"" : ",}", at[length]))
		length++;
	memcpy(value, at, length);
	value[length] = '\0';
}

void yard_field(struct yard *y, const char *id, const char *field, char *value, size_t value_bytes)
{
	struct reply r = line_ask(&y->line, "GET", path_in("/api/training/jobs", "%s", id), NULL);
	if (r.status != 200)
		die("job %s: status %d: %s", id, r.status, r.body);
	json_field(r.body, field, value, value_bytes);
}

bool yard_is(struct yard *y, const char *id, const char *status)
{
	char now[32];
	yard_field(y, id, "status", now, sizeof(now));
	return strcmp(now, status) == 0;
}

void yard_wait(struct yard *y, const char *id, const char *status)
{
	int64_t until_ns = clock_ns() + PATIENCE_NS;
	while (!yard_is(y, id, status)) {
		if (clock_ns() > until_ns)
			die("job %s is not %s within a minute", id, status);
		pause_ms(1);
	}
}

long yard_count(struct yard *y, const char *status)
{
	char total[32];
	const char *path = path_in("/api/training", "jobs?limit=1&status=%s", status);
	struct reply r = line_ask(&y->line, "GET", path, NULL);
	if (r.status != 200)
		die("%s: status %d: %s", path, r.status, r.body);
	json_field(r.body, "total", total, sizeof(total));
	return strtol(total, NULL, 10);
}

void yard_cancel(struct yard *y, const char *id)
{
	struct reply r = line_ask(&y->line, "POST", path_in("/api/training/cancel", "%s", id),
		NULL);
	if (r.status != 200)
		die("cancelling %s: status %d: %s", id, r.status, r.body);
}
