/* bench/drain.c -- bench-drain DIRECTORY JOBS SLOTS: the limit of draining a queue.
 *
 * The same durable writes as a server with runners makes, and nothing else: workers stand for the
 * runners (start the command, reap it, write its end into a preallocated slot, fdatasync), the main
 * process for the server (one transaction for all that came in meanwhile: started, ended, and the
 * next one chosen, committed before it may go). Prints nanoseconds from first to last. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/program.h"
#include "bench/samples.h"

#define SLOT_BYTES 512
#define SLOTS_MAX 64

extern char **environ;

enum state { QUEUED, PENDING, RUNNING, COMPLETED };

static sqlite3 *db;
static sqlite3_stmt *update;
static int lines[SLOTS_MAX], doing[SLOTS_MAX], slot_count, job_count, next_job, ended;

static void sql(const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		die("%s: %s", text, sqlite3_errmsg(db));
}

static void open_database(const char *directory)
{
	if (sqlite3_open(path_in(directory, "drain.db"), &db) != SQLITE_OK)
		die("%s: %s", directory, sqlite3_errmsg(db));
	sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "CREATE TABLE job (id INTEGER PRIMARY KEY, state INTEGER, code INTEGER, body TEXT);"
	    "BEGIN");
	for (int i = 0; i < job_count; i++)
		sql("INSERT INTO job (state, body) VALUES (0, printf('%.1500c', 'x'))");
	sql("COMMIT");
	if (sqlite3_prepare_v2(db, "UPDATE job SET state = ?, code = ? WHERE id = ?", -1, &update,
		    NULL) != SQLITE_OK)
		die("%s", sqlite3_errmsg(db));
}

static void put(int job, enum state state, int code)
{
	sqlite3_bind_int(update, 1, state);
	sqlite3_bind_int(update, 2, code);
	sqlite3_bind_int(update, 3, job);
	if (sqlite3_step(update) != SQLITE_DONE)
		die("update: %s", sqlite3_errmsg(db));
	sqlite3_reset(update);
}

static _Noreturn void work(const char *directory, int number, int line)
{
	static const char *const argv[] = { "true", NULL };
	char slot[SLOT_BYTES] = { 0 }, word;
	int status,
		fd = open(path_in(directory, "slot-%d", number), O_RDWR | O_CREAT | O_CLOEXEC,
			0600);
	if (fd < 0 || posix_fallocate(fd, 0, SLOT_BYTES) != 0 || fsync(fd) < 0)
		die("slot: %s", strerror(errno));
	while (read(line, &word, 1) == 1) {
		pid_t pid;
		if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) != 0)
			die("spawn: %s", strerror(errno));
		(void)!write(line, "S", 1);
		waitpid(pid, &status, 0);
		memcpy(slot, &status, sizeof(status));
		if (pwrite(fd, slot, sizeof(slot), 0) != SLOT_BYTES || fdatasync(fd) < 0)
			die("slot: %s", strerror(errno));
		(void)!write(line, WEXITSTATUS(status) ? "F" : "E", 1);
	}
	_exit(0);
}

static void start_workers(const char *directory)
{
	for (int i = 0; i < slot_count; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			die("socketpair: %s", strerror(errno));
		if (fork() == 0) {
			close(pair[0]);
			work(directory, i, pair[1]);
		}
		close(pair[1]);
		lines[i] = pair[0];
	}
}

/* One transaction for everything that lies in the lines; who may go is told after it. */
static void turn(struct pollfd at[])
{
	bool go[SLOTS_MAX] = { false };
	sql("BEGIN");
	for (int i = 0; i < slot_count; i++) {
		char words[8];
		ssize_t n = at[i].revents ? read(lines[i], words, sizeof(words)) : 0;
		for (ssize_t k = 0; k < n; k++) {
			put(doing[i], words[k] == 'S' ? RUNNING : COMPLETED, words[k] == 'F');
			if (words[k] == 'S')
				continue;
			ended++;
			if (next_job < job_count) {
				doing[i] = ++next_job;
				put(doing[i], PENDING, 0);
				go[i] = true;
			}
		}
	}
	sql("COMMIT");
	for (int i = 0; i < slot_count; i++)
		if (go[i])
			(void)!write(lines[i], "g", 1);
}

static void drain(void)
{
	struct pollfd at[SLOTS_MAX];
	sql("BEGIN");
	for (int i = 0; i < slot_count; i++) {
		at[i] = (struct pollfd){ lines[i], POLLIN, 0 };
		doing[i] = ++next_job;
		put(doing[i], PENDING, 0);
	}
	sql("COMMIT");
	for (int i = 0; i < slot_count; i++)
		(void)!write(lines[i], "g", 1);
	while (ended < job_count) {
		if (poll(at, (nfds_t)slot_count, -1) < 0)
			die("poll: %s", strerror(errno));
		turn(at);
	}
}

int main(int argc, char *argv[])
{
	if (argc != 4)
		die("bench-drain DIRECTORY JOBS SLOTS");
	job_count = (int)strtol(argv[2], NULL, 10);
	slot_count = (int)strtol(argv[3], NULL, 10);
	if (slot_count < 1 || slot_count > SLOTS_MAX || job_count < slot_count)
		die("1 to %d slots, and as many jobs at least", SLOTS_MAX);
	mkdir(argv[1], 0700);
	open_database(argv[1]);
	start_workers(argv[1]);
	int64_t began_ns = clock_ns();
	drain();
	printf("%lld\n", (long long)(clock_ns() - began_ns));
	return 0;
}
