/* bench/p12.c -- P12, memory: of the server when it has just started and with 10,000 jobs
 * queued, and of each runner (its proportional share, for they are many and the same program).
 * The limit of the server is a bare one of the same libraries; the peer keeps a process for
 * each queued job. */
#include "base/mem.h"
#include "bench/bare.h"
#include "bench/proc.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define RUNNERS 20
#define RUNNERS_MAX 64
#define QUEUED 10000
#define SPOOLED 200
#define CONNECTIONS 64

static const char *const sleep_command[] = { "sleep", "100000", NULL };

static const char *mib(long kib)
{
	return text_format("%.1f MiB", (double)kib / 1024);
}

static void row(const char *what, const char *ours, const char *limit, const char *peer,
	double part, const char *goal, double of)
{
	row_print(&(struct row){ .claim = "P12",
		.what = what,
		.ours = ours,
		.limit = limit,
		.peer = peer,
		.against = goal,
		.ratio = part / of,
		.goal = 1.0 });
}

static void start_runners(struct yard *y)
{
	for (int i = 0; i < RUNNERS; i++)
		yard_submit(y, text_format("runs-%d", i), sleep_command, "");
	for (int i = 0; i < RUNNERS; i++)
		yard_wait(y, text_format("runs-%d", i), "running");
}

static void queue_many(struct yard *y)
{
	struct buf *requests = mem_array(QUEUED, sizeof(*requests));
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

/* The median of all runners, those that wait in the pool included. */
static long runner_kib(struct yard *y)
{
	pid_t pids[RUNNERS_MAX];
	struct samples pss = { 0 };
	size_t count = proc_runners(y->state, pids, RUNNERS_MAX);
	if (count < RUNNERS)
		die("%zu runners, %d jobs run", count, RUNNERS);
	for (size_t i = 0; i < count; i++)
		samples_add(&pss, proc_kib(pids[i], "Pss"));
	long most = (long)samples_at(&pss, 1.0);
	note("%zu runners: median %ld KiB, most %ld KiB", count, (long)samples_at(&pss, 0.5), most);
	samples_finish(&pss);
	return most;
}

/* The server, and what each queued job adds: the process that waits for its turn. */
static void weigh_spooler(struct bench *b, long *idle_kib, long *queued_kib)
{
	spooler_start(b, 1);
	*idle_kib = proc_kib(spooler_server(), "Rss");
	spooler_submit(sleep_command, false);
	for (int i = 0; i < SPOOLED; i++)
		spooler_submit(sleep_command, false);
	*queued_kib = proc_kib(spooler_server(), "Rss");
	spooler_stop();
}

static void measure(struct bench *b)
{
	struct bare bare;
	struct yard y;
	long peer_idle, peer_queued;
	bare_start(&bare, b, 200, NULL);
	long limit = proc_kib(bare.pid, "Rss");
	bare_stop(&bare);
	weigh_spooler(b, &peer_idle, &peer_queued);
	yard_init(&y, b, "state", RUNNERS);
	yard_start(&y);
	long idle = proc_kib(y.pid, "Rss");
	start_runners(&y);
	long runner = runner_kib(&y);
	queue_many(&y);
	long queued = proc_kib(y.pid, "Rss");
	yard_stop(&y);
	row("server, idle (Rss)", mib(idle), mib(limit), mib(peer_idle), (double)idle, "12 MiB",
		12 * 1024);
	row("server, 10k queued (Rss)", mib(queued), mib(limit), NULL, (double)queued, "30 MiB",
		30 * 1024);
	row("a runner, the largest of 20 (Pss)", text_format("%ld KiB", runner), NULL, NULL,
		(double)runner, "256 KiB", 256);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, 1);
}
