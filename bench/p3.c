/* bench/p3.c -- P3, from submission to the command executing, on an idle machine: the command's
 * first act is to read the clock. */
#include "base/scope.h"
#include "base/str.h"
#include "bench/bare.h"
#include "bench/fifo.h"
#include "bench/row.h"
#include "bench/spooler.h"
#include "bench/yard.h"

#define ROUNDS 200
#define IDLE_MS 30 /* between samples: long enough to be idle again */

static struct fifo fifo;
static const char *command[4];

static void start_bare(struct bare *bare, struct samples *s, const char *body)
{
	AUTO_BUF request = { 0 };
	request_make(&request, NULL, "POST", "/start", body);
	int64_t began_ns = clock_ns();
	if (line_send(&bare->line, &request).status != 200)
		die("the bare server refuses");
	samples_add(s, fifo_hear(&fifo) - began_ns);
}

static void start_yard(struct yard *y, struct samples *s, const char *id, const char *body)
{
	AUTO_BUF request = { 0 };
	request_make(&request, y->token, "POST", "/api/training/jobs", body);
	int64_t began_ns = clock_ns();
	struct reply r = line_send(&y->line, &request);
	if (r.status != 201)
		die("status %d: %s", r.status, r.body);
	samples_add(s, fifo_hear(&fifo) - began_ns);
	yard_wait(y, id, "completed");
}

static void start_spooler(struct samples *s)
{
	int64_t began_ns = clock_ns();
	pid_t client = spooler_submit_begin(command);
	samples_add(s, fifo_hear(&fifo) - began_ns);
	child_wait(client);
}

static void measure(struct bench *b)
{
	struct bare bare;
	struct yard y;
	struct samples limit = { 0 }, ours = { 0 }, peer = { 0 };
	char program[1280];
	fifo_open(&fifo, b, "stamps");
	str_copy(program, sizeof(program), path_in(b->tools, "bench-job"));
	command[0] = program;
	command[1] = "stamp";
	command[2] = fifo.path;
	bare_start(&bare, b, 2500, command);
	yard_init(&y, b, "state", 1);
	yard_start(&y);
	spooler_start(b, 1);
	for (int round = 0; round < b->rounds; round++) {
		AUTO_BUF body = { 0 };
		const char *id = text_format("job-%d", round);
		yard_body(&body, id, command, "");
		pause_ms(IDLE_MS);
		start_bare(&bare, &limit, body.bytes);
		pause_ms(IDLE_MS);
		start_yard(&y, &ours, id, body.bytes);
		pause_ms(IDLE_MS);
		start_spooler(&peer);
	}
	double ratio = (double)samples_at(&ours, 0.5) / (double)samples_at(&peer, 0.5);
	note_quiet(&ours, &limit, &peer);
	row_print(&(struct row){ .claim = "P3",
		.what = "submit to command executing, idle",
		.ours = text_ms(&ours),
		.limit = text_ms(&limit),
		.peer = text_ms(&peer),
		.against = "peer",
		.ratio = ratio,
		.goal = 1.0 });
	yard_stop(&y);
	spooler_stop();
	bare_stop(&bare);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
