/* bench/p14.c -- P14, a restart: 10,000 jobs queued and 50 running, the server killed with -9,
 * a new one started. Until the first request is answered; by then every running job is the new
 * server's again. The limit reads the rows and does nothing. The peer has forgotten them. */
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define ROUNDS 5
#define RUNNING 50
#define QUEUED 10000
#define SPOOLED 100
#define CONNECTIONS 64

static const char *const sleep_command[] = { "sleep", "100000", NULL };

static pid_t pids[RUNNING];

static pid_t pid_of(struct yard *y, int i)
{
	char pid[32];
	yard_field(y, text_format("runs-%d", i), "process_pid", pid, sizeof(pid));
	return (pid_t)strtol(pid, NULL, 10);
}

static void fill(struct yard *y)
{
	struct buf *requests = mem_array(QUEUED, sizeof(*requests));
	for (int i = 0; i < RUNNING; i++)
		yard_submit(y, text_format("runs-%d", i), sleep_command, "");
	for (int i = 0; i < RUNNING; i++) {
		yard_wait(y, text_format("runs-%d", i), "running");
		pids[i] = pid_of(y, i);
	}
	for (int i = 0; i < QUEUED; i++) {
		AUTO_BUF body = { 0 };
		yard_body(&body, text_format("waits-%d", i), sleep_command, "");
		request_make(&requests[i], y->token, "POST", "/api/training/jobs", body.bytes);
	}
	struct crowd c = { .port = y->port,
		.connections = CONNECTIONS,
		.requests = requests,
		.request_count = QUEUED,
		.total = QUEUED,
		.expect_status = 201 };
	crowd_run(&c);
	for (int i = 0; i < QUEUED; i++)
		buf_finish(&requests[i]);
}

/* Running in its rows, living in the kernel, and the server says that it holds each. */
static int count_adopted(struct yard *y)
{
	char held[32];
	int same = 0;
	for (int i = 0; i < RUNNING; i++)
		same += yard_is(y, text_format("runs-%d", i), "running") &&
			pid_of(y, i) == pids[i] && kill(pids[i], 0) == 0;
	struct reply r = line_ask(&y->line, "GET", "/api/training/health", NULL);
	json_field(r.body, "total_running_memory", held, sizeof(held));
	if (r.status != 200 || strtol(held, NULL, 10) != same)
		die("%d jobs run, the server holds %s: %s", same, held, r.body);
	if (yard_count(y, "queued") != QUEUED)
		die("not every queued job is there");
	return same;
}

/* A job that was adopted is cancelled like any other. */
static void try_adopted(struct yard *y)
{
	for (int i = 0; i < RUNNING; i++) {
		yard_cancel(y, text_format("runs-%d", i));
		if (kill(pids[i], 0) == 0)
			die("job runs-%d was cancelled and lives", i);
	}
}

static int64_t read_rows(const struct yard *y)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t began_ns = clock_ns();
	long rows = 0, bytes = 0;
	if (sqlite3_open_v2(path_in(y->state, "trainyard.db"), &db, SQLITE_OPEN_READONLY, NULL) ||
		sqlite3_prepare_v2(db, "SELECT * FROM local_training_jobs", -1, &stmt, NULL))
		die("%s", sqlite3_errmsg(db));
	for (; sqlite3_step(stmt) == SQLITE_ROW; rows++)
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			bytes += sqlite3_column_bytes(stmt, i);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	if (rows < QUEUED || bytes == 0)
		die("%ld rows in the database", rows);
	return clock_ns() - began_ns;
}

static int left_of_spooler(struct bench *b)
{
	char said[65536];
	int left = 0;
	const char *argv[] = { "tsp", "-l", NULL };
	spooler_start(b, 1);
	for (int i = 0; i < SPOOLED; i++)
		spooler_submit(sleep_command, false);
	kill(spooler_server(), SIGKILL);
	while (kill(spooler_server(), 0) == 0)
		pause_ms(1);
	child_run(argv, said, sizeof(said));
	for (const char *at = said; (at = strstr(at, "sleep")); at++)
		left++;
	return left;
}

static void measure(struct bench *b)
{
	struct yard y;
	struct samples ours = { 0 }, limit = { 0 };
	int adopted = RUNNING;
	int left = left_of_spooler(b);
	yard_init(&y, b, "state", RUNNING);
	yard_start(&y);
	fill(&y);
	for (int round = 0; round < b->rounds; round++) {
		yard_kill(&y);
		samples_add(&limit, read_rows(&y));
		samples_add(&ours, yard_start(&y));
		int now = count_adopted(&y);
		adopted = now < adopted ? now : adopted;
	}
	const char *peer = text_format("%d of %d jobs left", left, SPOOLED);
	row_print(&(struct row){ .claim = "P14",
		.what = "killed, serving again; 10k queued, 50 running",
		.ours = text_ms(&ours),
		.limit = text_ms(&limit),
		.peer = peer,
		.against = "500 ms",
		.ratio = (double)samples_at(&ours, 0.5) / 5e8,
		.goal = 1.0 });
	row_print(&(struct row){ .claim = "P14",
		.what = "running jobs re-adopted",
		.ours = text_format("%d", adopted),
		.limit = text_format("%d", RUNNING),
		.peer = peer,
		.against = "limit",
		.ratio = (double)adopted / RUNNING,
		.goal = 1.0,
		.more_is_better = true });
	try_adopted(&y);
	yard_stop(&y);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
