/* bench/bare_server.c -- bench-bare DIRECTORY REPLY-BYTES [COMMAND...]: see bare.h. */
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/program.h"

extern char **environ;

static sqlite3 *db;
static sqlite3_stmt *insert;
static const char *const *command;
static pid_t sleeper;
static char *reply_text;
static size_t reply_bytes;
static struct buf nothing;

static void open_database(const char *directory)
{
	static const char sql[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, body BLOB)";
	if (sqlite3_open(path_in(directory, "bare.db"), &db) != SQLITE_OK ||
		sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, "INSERT INTO row (body) VALUES (?)", -1, &insert, NULL) !=
			SQLITE_OK)
		die("%s: %s", directory, sqlite3_errmsg(db));
}

static void commit_row(const struct buf *body)
{
	sqlite3_bind_blob(insert, 1, body->bytes, (int)body->length_bytes, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE)
		die("commit: %s", sqlite3_errmsg(db));
	sqlite3_reset(insert);
}

static pid_t spawn(const char *const argv[])
{
	pid_t pid;
	int error = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
	if (error)
		die("cannot start %s: %s", argv[0], strerror(error));
	return pid;
}

static void act(const char *path, const struct buf *body)
{
	static const char *const sleep_argv[] = { "sleep", "100000", NULL };
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (strcmp(path, "/sleep") == 0)
		sleeper = spawn(sleep_argv);
	if (strcmp(path, "/kill") == 0) {
		kill(sleeper, SIGTERM);
		waitpid(sleeper, NULL, 0);
	}
	if (strcmp(path, "/sleep") != 0)
		commit_row(body);
	if (strcmp(path, "/start") == 0)
		spawn(command);
}

static enum MHD_Result answer(struct MHD_Connection *c)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(reply_bytes, reply_text,
		MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(r, "Content-Type", "application/json");
	enum MHD_Result done = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *data_bytes, void **own)
{
	struct buf *body = *own;
	bool reads = strcmp(method, "GET") == 0;
	if (!body) { /* the first call: the headers only */
		*own = reads ? &nothing : mem_alloc(sizeof(*body));
		return MHD_YES;
	}
	if (reads)
		return answer(c);
	if (*data_bytes > 0) {
		buf_add(body, data, *data_bytes);
		*data_bytes = 0;
		return MHD_YES;
	}
	act(url, body);
	return answer(c);
}

static void on_completed(void *context, struct MHD_Connection *c, void **own,
	enum MHD_RequestTerminationCode why)
{
	struct buf *body = *own;
	if (body && body != &nothing) {
		buf_finish(body);
		free(body);
	}
}

int main(int argc, char *argv[])
{
	if (argc < 3)
		die("bench-bare DIRECTORY REPLY-BYTES [COMMAND...]");
	signal(SIGPIPE, SIG_IGN);
	open_database(argv[1]);
	reply_bytes = strtoul(argv[2], NULL, 10);
	reply_text = malloc(reply_bytes + 1);
	memset(reply_text, 'x', reply_bytes);
	command = (const char *const *)argv + 3;
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
		on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_CONNECTION_LIMIT, 512u, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)
					     : NULL;
	if (!info)
		die("libmicrohttpd cannot start: %s", strerror(errno));
	printf("%d\n", info->port);
	fflush(stdout);
	pause();
	return 0;
}
