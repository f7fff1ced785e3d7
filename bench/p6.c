/* bench/p6.c -- P6, GET status of active jobs, 64 connections, 10,000 jobs active; the limit sends
 * as many bytes and looks nothing up. Then the same while 1,000 points a second arrive. */
#include "base/json_out.h"
#include "base/mem.h"
#include "bench/bare.h"
#include "bench/proc.h"
#include "bench/row.h"
#include "bench/yard.h"

#define ROUNDS 5
#define ROUND_NS 1000000000
#define CONNECTIONS 64
#define JOBS 10000
#define POINTS 100 /* a post, ten posts a second */
#define POSTS 100

static const char *const sleep_command[] = { "sleep", "100000", NULL };

static const char *job_id(int i)
{
	return text_format("job-%d", i);
}

static void submit_all(struct yard *y)
{
	struct buf *requests = mem_array(JOBS, sizeof(*requests));
	for (int i = 0; i < JOBS; i++) {
		AUTO_BUF body = { 0 };
		yard_body(&body, job_id(i), sleep_command, "");
		request_make(&requests[i], y->token, "POST", "/api/training/jobs", body.bytes);
	}
	struct crowd c = { .port = y->port,
		.connections = CONNECTIONS,
		.requests = requests,
		.request_count = JOBS,
		.total = JOBS,
		.expect_status = 201 };
	crowd_run(&c);
	note("submitted %d jobs over %d connections: %.0f/s, p99 %.1f ms", JOBS, CONNECTIONS,
		JOBS * 1e9 / (double)c.took_ns, (double)samples_at(&c.latency, 0.99) / 1e6);
	for (int i = 0; i < JOBS; i++)
		buf_finish(&requests[i]);
}

/* Steps in steps of 4999, which visits all: neighbours in time are no neighbours in the table. */
static struct buf *make_requests(const struct yard *y)
{
	struct buf *requests = mem_array(JOBS, sizeof(*requests));
	for (int i = 0; i < JOBS; i++)
		request_make(&requests[i], y->token, "GET",
			path_in("/api/training/status", "%s", job_id((int)(i * 4999LL % JOBS))),
			NULL);
	return requests;
}

static struct buf *make_points(const struct yard *y)
{
	struct buf *requests = mem_array(POSTS, sizeof(*requests));
	for (int post = 0; post < POSTS; post++) {
		AUTO_BUF body = { 0 };
		struct json_out j = { .to = &body };
		json_object(&j);
		json_key(&j, "metrics");
		json_array(&j);
		for (int i = 0; i < POINTS; i++) {
			json_object(&j);
			json_put_int(&j, "step", post * POINTS + i);
			json_put_double(&j, "loss", 1.0 / (i + 1));
			json_end(&j);
		}
		json_end(&j);
		json_end(&j);
		request_make(&requests[post], y->token, "POST", "/api/training/metrics/holder",
			body.bytes);
	}
	return requests;
}

/* What a request costs the server does not depend on who else uses the machine. */
struct cost {
	pid_t pid;
	int64_t cpu_ns;
	size_t requests;
};

static double ask(struct crowd *c, struct cost *cost)
{
	size_t before = c->latency.count;
	int64_t cpu_ns = proc_cpu_ns(cost->pid);
	c->until_ns = clock_ns() + ROUND_NS;
	crowd_run(c);
	cost->cpu_ns += proc_cpu_ns(cost->pid) - cpu_ns;
	cost->requests += c->latency.count - before;
	return (double)(c->latency.count - before) * 1e9 / (double)c->took_ns;
}

static double cost_us(const struct cost *cost)
{
	return (double)cost->cpu_ns / 1000 / (double)cost->requests;
}

static const char *text_rate(double a_second, struct samples *latency)
{
	return text_format("%.0f/s (p99 %.2f ms)", a_second,
		(double)samples_at(latency, 0.99) / 1e6);
}

/* A rate kept as nanoseconds a request, as the frame's samples are. */
static void keep(struct samples *s, double a_second)
{
	samples_add(s, (int64_t)(1e9 / a_second * 1000));
}

static double kept(struct samples *s)
{
	return 1e12 / (double)samples_at(s, 0.5);
}

static void tell(struct crowd *bare, struct crowd *ours, struct crowd *busy,
	struct samples rates[3])
{
	double limit = kept(&rates[0]), here = kept(&rates[1]);
	double p99 = (double)samples_at(&busy->latency, 0.99) / 1e6;
	row_print(&(struct row){ .claim = "P6",
		.what = "GET status, 64 connections, 10k active",
		.ours = text_rate(here, &ours->latency),
		.limit = text_rate(limit, &bare->latency),
		.against = "limit",
		.ratio = here / limit,
		.goal = 0.7,
		.more_is_better = true });
	row_print(&(struct row){ .claim = "P6",
		.what = "the same while 1,000 points/s arrive, p99",
		.ours = text_rate(kept(&rates[2]), &busy->latency),
		.against = "1 ms",
		.ratio = p99,
		.goal = 5.0 });
}

static void measure(struct bench *b)
{
	struct bare bare;
	struct yard y;
	struct buf anything = { 0 };
	struct samples rates[3] = { 0 };
	yard_init(&y, b, "state", 1);
	yard_start(&y);
	yard_submit(&y, "holder", sleep_command, "");
	yard_wait(&y, "holder", "running");
	submit_all(&y);
	struct reply r = line_ask(&y.line, "GET", "/api/training/status/job-1", NULL);
	note("a status reply has %zu bytes, %zu of them headers", r.whole_bytes,
		r.whole_bytes - r.body_bytes);
	bare_start(&bare, b, r.body_bytes, NULL);
	request_make(&anything, y.token, "GET", "/reply", NULL);
	struct crowd limit = { .port = bare.port,
		.connections = CONNECTIONS,
		.requests = &anything,
		.request_count = 1,
		.expect_status = 200 };
	struct crowd ours = { .port = y.port,
		.connections = CONNECTIONS,
		.requests = make_requests(&y),
		.request_count = JOBS,
		.expect_status = 200 };
	struct crowd busy = ours;
	busy.paced = make_points(&y);
	busy.paced_total = POSTS;
	busy.paced_every_ns = 1000000000 / (1000 / POINTS);
	struct cost costs[3] = { { .pid = bare.pid }, { .pid = y.pid }, { .pid = y.pid } };
	for (int round = 0; round < b->rounds; round++) {
		keep(&rates[0], ask(&limit, &costs[0]));
		keep(&rates[1], ask(&ours, &costs[1]));
		keep(&rates[2], ask(&busy, &costs[2]));
	}
	note("processor time a request: bare %.1f us, trainyard %.1f us, with points %.1f us",
		cost_us(&costs[0]), cost_us(&costs[1]), cost_us(&costs[2]));
	note("%zu posts of %d points were taken meanwhile", busy.paced_count, POINTS);
	tell(&limit, &ours, &busy, rates);
	yard_stop(&y);
	bare_stop(&bare);
}

int main(int argc, char *argv[])
{
	return bench_main(argc, argv, measure, ROUNDS);
}
