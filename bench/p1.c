/* bench/p1.c -- P1, a submission: one client, one after another, each durable when acknowledged.
 * Nothing starts meanwhile: one job holds the only slot. */
#include "base/scope.h"
#include "bench/bare.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define ROUNDS 20
#define A_ROUND 50
#define REPLY_BYTES 2500 /* about what the job in the reply takes */

static const char *const sleep_command[] = { "sleep", "100000", NULL };
static const char *const true_command[] = { "true", NULL };

static void submit_bare(struct bare *bare, struct samples *s, const char *body)
{
	AUTO_BUF request = { 0 };
	request_make(&request, NULL, "POST", "/commit", body);
	int64_t began_ns = clock_ns();
	if (line_send(&bare->line, &request).status != 200)
		die("the bare server refuses");
	samples_add(s, clock_ns() - began_ns);
}

static void submit_yard(struct yard *y, struct samples *s, const char *body)
{
	AUTO_BUF request = { 0 };
	request_make(&request, y->token, "POST", "/api/training/jobs", body);
	int64_t began_ns = clock_ns();
	struct reply r = line_send(&y->line, &request);
	samples_add(s, clock_ns() - began_ns);
	if (r.status != 201)
		die("status %d: %s", r.status, r.body);
}

static void submit_spooler(struct samples *s)
{
	int64_t began_ns = clock_ns();
	if (child_wait(spooler_submit_begin(true_command)) != 0)
		die("task-spooler refuses");
	samples_add(s, clock_ns() - began_ns);
}

static void measure(struct bench *b)
{
	struct bare bare;
	struct yard y;
	struct samples limit = { 0 }, ours = { 0 }, peer = { 0 };
	bare_start(&bare, b, REPLY_BYTES, NULL);
	yard_init(&y, b, "state", 1);
	yard_start(&y);
	yard_submit(&y, "holder", sleep_command, "");
	yard_wait(&y, "holder", "running");
	for (int round = 0; round < b->rounds; round++) {
		spooler_start(b, 1);
		spooler_submit(sleep_command, false);
		for (int i = 0; i < A_ROUND; i++) {
			AUTO_BUF body = { 0 };
			yard_body(&body, text_format("job-%d-%d", round, i), true_command, "");
			submit_bare(&bare, &limit, body.bytes);
			submit_yard(&y, &ours, body.bytes);
			submit_spooler(&peer);
		}
		spooler_stop();
	}
	double ratio = (double)samples_at(&ours, 0.5) / (double)samples_at(&limit, 0.5);
	double other = (double)samples_at(&ours, 0.5) / (double)samples_at(&peer, 0.5);
	note_quiet(&ours, &limit, &peer);
	row_print(&(struct row){ .claim = "P1",
		.what = "submit, one client, durable",
		.ours = text_ms(&ours),
		.limit = text_ms(&limit),
		.peer = text_ms(&peer),
		.against = "limit",
		.ratio = ratio,
		.goal = 2.0 });
	row_print(&(struct row){ .claim = "P1",
		.what = "the same beside task-spooler, not durable",
		.ours = text_ms(&ours),
		.limit = text_ms(&limit),
		.peer = text_ms(&peer),
		.against = "peer",
		.ratio = other,
		.goal = 1.0 });
	yard_stop(&y);
	bare_stop(&bare);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
