/* tests/unit/api/fakes.c -- the ports that the stage gives to the API. */
#include "unit/api/stage.h"

#include <fcntl.h>

static struct moment fake_now(void *server)
{
	return (struct moment){ 1000000, 1000000 };
}

static void fake_random(void *server, void *bytes, size_t size_bytes)
{
	memset(bytes, 0xAB, size_bytes);
}

static const struct server_facts *fake_facts(void *server)
{
	struct stage *s = server;
	return &s->facts;
}

static int fake_token(void *server, const uint8_t hash[AUTH_HASH_BYTES], struct auth_token *token,
	struct err *e)
{
	struct stage *s = server;
	for (int who = VIEWER; who < CALLERS; who++) {
		if (auth_hash_same(s->known[who].hash, hash)) {
			*token = s->known[who];
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "no such token");
}

static int fake_user(void *server, uid_t uid, struct auth_identity *who, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "no such user");
}

static int fake_job_get(void *server, const char *id, struct arena *a, struct job_record *job,
	struct err *e)
{
	struct stage *s = server;
	if (strcmp(id, s->submitted_id) == 0) {
		*job = s->record;
		return 0;
	}
	if (strcmp(id, s->job.job.id) != 0)
		return err_set(e, ERR_NOT_FOUND, "there is no job %s", id);
	*job = s->job;
	return 0;
}

static int fake_job_inputs(void *server, struct job_record *job, struct arena *a, struct err *e)
{
	return 0;
}

static int fake_job_list(void *server, const struct job_query *query, struct arena *a,
	struct job_page *page, struct err *e)
{
	struct stage *s = server;
	s->listed = *query;
	page->jobs = arena_array(a, struct job_record, 1);
	page->jobs[0] = s->job;
	page->count = 1;
	page->total = 5;
	page->next_before = 41;
	return 0;
}

static void fake_live(void *server, const char *id, struct arena *a, struct job_live *live)
{
	struct stage *s = server;
	*live = s->live;
}

static int fake_queue(void *server, int limit, struct arena *a, struct queue_view *queue,
	struct err *e)
{
	struct stage *s = server;
	queue->running = &s->job;
	queue->running_count = 1;
	queue->slots = limit;
	return 0;
}

static int fake_points(void *server, const char *id, const struct point_query *query,
	struct arena *a, struct point_page *page, struct err *e)
{
	static const struct point points[] = { { "loss", 3, 1.5, 1000 } };
	struct stage *s = server;
	s->pointed = *query;
	snprintf(s->keys, sizeof(s->keys), "%s", query->keys ? query->keys : "");
	page->points = points;
	page->count = 1;
	return 0;
}

static int fake_log(void *server, const char *id, struct log_view *view, struct err *e)
{
	struct stage *s = server;
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->log_fd);
	view->fd = s->log_fd < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	view->attempt = s->attempt;
	view->kept_from_bytes = s->kept_from_bytes;
	return 0;
}

static const struct err *refusal(struct stage *s)
{
	return s->refuse.kind == ERR_NONE ? NULL : &s->refuse;
}

static void act(struct stage *s, void (*answer)(struct stage *s))
{
	s->acts++;
	s->held = answer;
	if (!s->hold)
		answer(s);
}

static void answer_submit(struct stage *s)
{
	s->submit_answer(s->answer_to, s->submitted_id, s->repeated, refusal(s));
}

static void fake_submit(void *server, const struct submit_ask *ask, submit_answer *answer,
	void *context)
{
	struct stage *s = server;
	const struct job_spec *spec = &ask->record->spec;
	const char *texts[] = { spec->name, spec->owner, spec->command_json, spec->host };
	for (int i = 0; i < 4; i++)
		snprintf(s->texts[i], sizeof(s->texts[i]), "%s", texts[i]);
	s->record = (struct job_record){ .job = ask->record->job };
	s->record.spec = (struct job_spec){ .name = s->texts[0],
		.owner = s->texts[1],
		.command_json = s->texts[2],
		.host = s->texts[3],
		.umask_bits = -1 };
	snprintf(s->submitted_id, sizeof(s->submitted_id), "%s", ask->record->job.id);
	snprintf(s->key, sizeof(s->key), "%s", ask->idempotency_key ? ask->idempotency_key : "");
	memcpy(s->hash, ask->body_hash, sizeof(s->hash));
	s->submit_answer = answer;
	s->answer_to = context;
	act(s, answer_submit);
}

static void answer_cancel(struct stage *s)
{
	s->cancel_answer(s->answer_to, refusal(s) ? NULL : &s->result, refusal(s));
}

static void fake_cancel(void *server, const struct cancel_ask *ask, cancel_answer *answer,
	void *context)
{
	struct stage *s = server;
	s->cancel = *ask;
	snprintf(s->cancel_texts[0], sizeof(s->cancel_texts[0]), "%s", ask->by);
	snprintf(s->cancel_texts[1], sizeof(s->cancel_texts[1]), "%s", ask->reason);
	s->cancel_answer = answer;
	s->answer_to = context;
	act(s, answer_cancel);
}

static void answer_plain(struct stage *s)
{
	s->plain_answer(s->answer_to, refusal(s));
}

static void fake_metrics(void *server, const struct metrics_ask *ask, plain_answer *answer,
	void *context)
{
	struct stage *s = server;
	s->points = ask->count;
	s->positions = ask->position_count;
	if (ask->count > 0)
		s->first_point = ask->points[0];
	s->plain_answer = answer;
	s->answer_to = context;
	act(s, answer_plain);
}

static void fake_health(void *server, health_answer *answer, void *context)
{
	struct health_report report = { .checked_wall_ms = 1000 };
	answer(context, &report, NULL);
}

static struct log_follow *fake_follow(void *server, const char *id, log_wake *wake, void *context,
	struct err *e)
{
	struct stage *s = server;
	s->wake = wake;
	s->wake_to = context;
	s->follows++;
	return (struct log_follow *)s;
}

static void fake_unfollow(void *server, struct log_follow *follow)
{
	struct stage *s = server;
	s->unfollows++;
	s->wake = NULL;
}

static void fake_background(void *server, void (*work)(void *context), void (*done)(void *context),
	void *context)
{
	struct stage *s = server;
	loop_work(s->loop, work, done, context);
}

const struct ports stage_ports = {
	.now = fake_now,
	.random_bytes = fake_random,
	.facts = fake_facts,
	.token_by_hash = fake_token,
	.user_by_uid = fake_user,
	.job_get = fake_job_get,
	.job_inputs = fake_job_inputs,
	.job_list = fake_job_list,
	.job_live = fake_live,
	.queue_read = fake_queue,
	.points_read = fake_points,
	.log_open = fake_log,
	.submit = fake_submit,
	.cancel = fake_cancel,
	.metrics_post = fake_metrics,
	.health = fake_health,
	.log_follow = fake_follow,
	.log_unfollow = fake_unfollow,
	.background = fake_background,
};
