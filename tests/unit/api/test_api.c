/* tests/unit/api/test_api.c -- facts about routes, roles, and what the handlers ask and answer. */
#include "unit/api/stage.h"

#include <unistd.h>

#include "json/json.h"

static struct stage stage;

static int setup(void **state)
{
	stage_open(&stage);
	return 0;
}

static int teardown(void **state)
{
	stage_close(&stage);
	return 0;
}

#define J "/api/training"
#define SUBMISSION "{\"command\":[\"true\"]}"

/* One column a caller: nobody, viewer, owner, other user, admin, the job's token, another job's. */
static const struct {
	const char *method, *path, *body;
	int status[CALLERS];
} product[] = {
	{ "GET", "/health", NULL, { 200, 200, 200, 200, 200, 200, 200 } },
	{ "GET", "/openapi.json", NULL, { 401, 200, 200, 200, 200, 403, 403 } },
	{ "GET", "/docs", NULL, { 401, 200, 200, 200, 200, 403, 403 } },
	{ "POST", J "/jobs", SUBMISSION, { 401, 403, 201, 201, 201, 403, 403 } },
	{ "GET", J "/jobs", NULL, { 401, 200, 200, 200, 200, 403, 403 } },
	{ "GET", J "/jobs/one", NULL, { 401, 200, 200, 200, 200, 200, 403 } },
	{ "GET", J "/status/one", NULL, { 401, 200, 200, 200, 200, 200, 403 } },
	{ "GET", J "/status?job_id=one", NULL, { 401, 200, 200, 200, 200, 200, 403 } },
	{ "GET", J "/local/one/status", NULL, { 401, 200, 200, 200, 200, 200, 403 } },
	{ "POST", J "/cancel/one", NULL, { 401, 403, 200, 403, 200, 403, 403 } },
	{ "POST", J "/jobs/one/cancel", NULL, { 401, 403, 200, 403, 200, 403, 403 } },
	{ "GET", J "/queue", NULL, { 401, 200, 200, 200, 200, 403, 403 } },
	{ "GET", J "/metrics/one", NULL, { 401, 200, 200, 200, 200, 200, 403 } },
	{ "POST", J "/metrics/one", "{\"step\":1,\"loss\":2}",
		{ 401, 403, 200, 403, 200, 200, 403 } },
	{ "GET", J "/logs/one", NULL, { 401, 403, 200, 403, 200, 200, 403 } },
	{ "GET", J "/health", NULL, { 401, 200, 200, 200, 200, 403, 403 } },
};

static void each_route_answers_exactly_those_who_may(void **state)
{
	size_t routes;
	api_routes(&routes);
	assert_int_equal(routes, sizeof(product) / sizeof(product[0]));
	for (size_t i = 0; i < sizeof(product) / sizeof(product[0]); i++) {
		for (int who = 0; who < CALLERS; who++) {
			stage.result = (struct cancel_result){ CANCEL_ENDED, JOB_RUNNING, NULL };
			stage_expect(&stage, who, product[i].method, product[i].path,
				product[i].body, product[i].status[who],
				product[i].status[who] == 403 ? "access denied" : "");
		}
	}
}

static void nobody_learns_whether_a_job_exists(void **state)
{
	stage_expect(&stage, NOBODY, "GET", J "/jobs/none", NULL, 401, "unauthorized");
	stage_expect(&stage, VIEWER, "GET", J "/jobs/none", NULL, 404, "there is no job none");
	stage_expect(&stage, NOBODY, "GET", J "/jobs/one", NULL, 401, "WWW-Authenticate: Bearer");
}

static void what_is_open_to_all_is_open_whatever_token_is_sent(void **state)
{
	AUTO_BUF reply = { 0 };
	int fd = stage_send(&stage, NOBODY, "GET", "/health", "Authorization: Bearer ty_wrong\r\n",
		NULL);
	STAGE_UNTIL(&stage, !stage_pull(fd, &reply));
	close(fd);
	assert_non_null(strstr(reply.bytes, "200 OK"));
}

static void an_id_is_an_id_before_anybody_is_asked(void **state)
{
	stage_expect(&stage, ADMIN, "GET", J "/jobs/.one", NULL, 400, "is no job's id");
	stage_expect(&stage, ADMIN, "GET", J "/jobs/a%20b", NULL, 400, "is no job's id");
	stage_expect(&stage, ADMIN, "GET", J "/status?job_id=a%2Fb", NULL, 400, "is no job's id");
	stage_expect(&stage, ADMIN, "GET", J "/status", NULL, 400, "job_id is missing");
}

static void parameters_that_a_route_does_not_know_are_refused(void **state)
{
	stage_expect(&stage, ADMIN, "GET", J "/jobs?state=running", NULL, 400,
		"there is no parameter \\\"state\\\" here, only: status,owner");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?limit=1&limit=2", NULL, 400,
		"limit is given twice");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?limit=0", NULL, 400,
		"limit must be an integer from 1 to 1000, got \\\"0\\\"");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?limit=1001", NULL, 400, "limit must be");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?limit=ten", NULL, 400, "limit must be");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?offset=-1", NULL, 400, "offset must be");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?cursor=x", NULL, 400, "cursor must be");
	stage_expect(&stage, ADMIN, "GET", J "/jobs?status=asleep", NULL, 400, "asleep");
}

static void a_list_is_asked_as_the_query_says(void **state)
{
	stage_expect(&stage, ADMIN, "GET",
		J "/jobs?status=active,failed&owner=ana&limit=7&offset=3&cursor=99", NULL, 200,
		"\"total\":5,\"limit\":7,\"offset\":3,\"next_cursor\":\"41\"");
	assert_int_equal(stage.listed.states, JOB_SET_ACTIVE | TO(FAILED));
	assert_int_equal(stage.listed.limit, 7);
	assert_int_equal(stage.listed.offset, 3);
	assert_int_equal(stage.listed.before_arrival, 99);
}

static void a_job_shows_its_environment_to_its_owner_only(void **state)
{
	stage_expect(&stage, OWNER, "GET", J "/jobs/one", NULL, 200, "\"env\":{\"A\":\"b\"}");
	stage_expect(&stage, OTHER, "GET", J "/jobs/one", NULL, 200, "\"env\":null");
}

static void a_submission_gets_an_id_a_name_and_its_owner(void **state)
{
	AUTO_BUF reply = { 0 };
	assert_int_equal(stage_ask(&stage, OTHER, "POST", J "/jobs", SUBMISSION, &reply), 201);
	assert_string_equal(stage.submitted_id, "abababab-abab-4bab-abab-abababababab");
	assert_string_equal(stage.texts[0], stage.submitted_id);
	assert_string_equal(stage.texts[1], "uwe");
	assert_string_equal(stage.texts[2], "[\"true\"]");
	assert_string_equal(stage.texts[3], "127.0.0.1");
	assert_string_equal(stage.key, "");
	assert_non_null(strstr(reply.bytes,
		"Location: /api/training/jobs/abababab-abab-4bab-abab-abababababab\r\n"));
	assert_non_null(strstr(reply.bytes,
		"{\"success\":true,\"job_id\":\"abababab-abab-4bab-abab-abababababab\""));
}

static void the_key_and_the_bodys_hash_go_with_a_submission(void **state)
{
	AUTO_BUF reply = { 0 };
	uint8_t hash[AUTH_HASH_BYTES];
	stage.repeated = true;
	int fd = stage_send(&stage, OWNER, "POST", J "/jobs", "Idempotency-Key: k-1\r\n",
		SUBMISSION);
	STAGE_UNTIL(&stage, !stage_pull(fd, &reply));
	close(fd);
	auth_sha256(STR(SUBMISSION), hash);
	assert_string_equal(stage.key, "k-1");
	assert_memory_equal(stage.hash, hash, sizeof(hash));
	assert_non_null(strstr(reply.bytes, "Idempotency-Replayed: true"));
	err_set(&stage.refuse, ERR_CONFLICT, "this key was used for another request");
	stage_expect(&stage, OWNER, "POST", J "/jobs", SUBMISSION, 409, "this key was used");
}

static void a_submission_is_answered_when_its_commit_is(void **state)
{
	AUTO_BUF reply = { 0 };
	stage.hold = true;
	int fd = stage_send(&stage, OWNER, "POST", J "/jobs", "", SUBMISSION);
	STAGE_UNTIL(&stage, stage.acts == 1);
	for (int i = 0; i < 5; i++)
		stage_turn(&stage);
	assert_true(stage_pull(fd, &reply));
	assert_int_equal(reply.length_bytes, 0);
	stage.held(&stage);
	STAGE_UNTIL(&stage, !stage_pull(fd, &reply));
	assert_non_null(strstr(reply.bytes, " 201 "));
	close(fd);
}

static void an_act_whose_client_left_still_ends_well(void **state)
{
	stage.hold = true;
	int fd = stage_send(&stage, OWNER, "POST", J "/jobs", "", SUBMISSION);
	STAGE_UNTIL(&stage, stage.acts == 1);
	close(fd);
	STAGE_UNTIL(&stage, http_counts(stage.http).deferred == 0);
	stage.held(&stage);
	stage_expect(&stage, OWNER, "GET", J "/jobs/one", NULL, 200, "");
}

static void each_end_of_a_cancel_has_its_reply(void **state)
{
	static const struct {
		struct cancel_result result;
		int status;
		const char *body;
	} cases[] = {
		{ { CANCEL_ENDED, JOB_RUNNING, NULL }, 200,
			"{\"success\":true,\"job_id\":\"one\",\"previous_status\":\"running\","
			"\"message\":\"Job cancelled (was running)\"}" },
		{ { CANCEL_ENDED, JOB_PENDING, NULL }, 200,
			"\"message\":\"Job cancelled (was pending)\"}" },
		{ { CANCEL_ENDED, JOB_QUEUED, NULL }, 200,
			"\"message\":\"Job removed from queue and cancelled\"}" },
		{ { CANCEL_ENDED, JOB_PAUSED, NULL }, 200,
			"\"message\":\"Job cancelled (was paused)\"}" },
		{ { CANCEL_REQUESTED, JOB_RUNNING, NULL }, 202, "\"message\":\"Stop requested\"}" },
		{ { CANCEL_WAS_OVER, JOB_COMPLETED, NULL }, 400,
			"{\"success\":false,\"job_id\":\"one\",\"previous_status\":\"completed\","
			"\"message\":\"Job already finished with status: completed\",\"error\":" },
		{ { CANCEL_STILL_ALIVE, JOB_RUNNING, "pid 7 cannot be killed" }, 500,
			"{\"success\":false,\"job_id\":\"one\",\"previous_status\":\"running\","
			"\"message\":\"pid 7 cannot be killed\",\"error\":" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stage.result = cases[i].result;
		stage_expect(&stage, OWNER, "POST", J "/cancel/one", NULL, cases[i].status,
			cases[i].body);
	}
	stage_expect(&stage, OWNER, "POST", J "/cancel/none", NULL, 404, "there is no job none");
}

static void a_cancel_passes_on_who_why_and_how_long(void **state)
{
	stage.result = (struct cancel_result){ CANCEL_REQUESTED, JOB_RUNNING, NULL };
	stage_expect(&stage, ADMIN, "POST", J "/jobs/one/cancel",
		"{\"mode\":\"now\",\"reason\":\"overfit\",\"grace_seconds\":3,\"wait\":false}", 202,
		"");
	assert_string_equal(stage.cancel_texts[0], "admin");
	assert_string_equal(stage.cancel_texts[1], "overfit");
	assert_int_equal(stage.cancel.grace_ms, 3000);
	assert_false(stage.cancel.wait);
	stage_expect(&stage, ADMIN, "POST", J "/cancel/one", NULL, 202, "");
	assert_int_equal(stage.cancel.grace_ms, -1);
	assert_true(stage.cancel.wait);
}

static void a_job_that_cannot_checkpoint_is_not_stopped_by_that_mode(void **state)
{
	stage_expect(&stage, OWNER, "POST", J "/cancel/one", "{\"mode\":\"checkpoint\"}", 400,
		"job one cannot checkpoint");
	stage_expect(&stage, OWNER, "POST", J "/cancel/one", "{\"mode\":\"next_checkpoint\"}", 400,
		"\"code\":\"wrong_state\"");
	assert_int_equal(stage.acts, 0);
}

static void points_are_shown_and_taken(void **state)
{
	stage_expect(&stage, VIEWER, "GET",
		J "/metrics/one?keys=loss,lr&from_step=2&to_step=9&limit=5", NULL, 200,
		"\"metrics\":[{\"step\":3,\"epoch\":null,\"train_loss\":1.5,");
	assert_string_equal(stage.keys, "loss,lr");
	assert_int_equal(stage.pointed.from_step, 2);
	assert_int_equal(stage.pointed.to_step, 9);
	assert_int_equal(stage.pointed.limit, 5);
	stage_expect(&stage, JOB_ONE, "POST", J "/metrics/one",
		"{\"metrics\":[{\"step\":4,\"loss\":2.5,\"total_steps\":9},{\"step\":5}]}", 200,
		"{\"success\":true,\"job_id\":\"one\",\"count\":2}");
	assert_int_equal(stage.points, 1);
	assert_int_equal(stage.positions, 3);
	assert_int_equal(stage.first_point.step, 4);
	assert_int_equal(stage.first_point.at_wall_ms, 1000000);
	err_set(&stage.refuse, ERR_DISK_FULL, "the disk is full");
	stage_expect(&stage, JOB_ONE, "POST", J "/metrics/one", "{\"step\":4}", 507, "disk_full");
}

static void the_openapi_document_holds_every_route_and_state(void **state)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	const char *text = api_openapi(stage.api);
	const struct json *root = json_parse(str_of(text), JSON_REQUEST, &a, &e);
	if (!root)
		fail_msg("%s", e.text);
	const struct json *paths = json_member(root, "paths");
	assert_non_null(json_member(json_member(paths, "/api/training/jobs"), "post"));
	assert_non_null(json_member(json_member(paths, "/api/training/jobs/{id}/cancel"), "post"));
	assert_non_null(json_member(json_member(paths, "/api/training/status"), "get"));
	assert_int_equal(paths->count, 14);
	assert_non_null(strstr(text,
		"\"status\":{\"type\":\"string\",\"enum\":[\"queued\",\"pending\",\"running\","
		"\"paused\",\"completed\",\"failed\",\"cancelled\"]}"));
	arena_finish(&a);
}

/* What is documented of a job is what is sent of it, no more and no less. */
static void a_job_is_sent_as_it_is_documented(void **state)
{
	AUTO_BUF reply = { 0 };
	struct arena a = { 0 };
	assert_int_equal(stage_ask(&stage, OWNER, "GET", J "/jobs/one", NULL, &reply), 200);
	const struct json *job = json_parse(str_of(stage_body(&reply)), JSON_REQUEST, &a, NULL);
	const struct json *root = json_parse(str_of(api_openapi(stage.api)), JSON_REQUEST, &a,
		NULL);
	const struct json *schemas = json_member(json_member(root, "components"), "schemas");
	const struct json *status = json_member(json_member(schemas, "Status"), "properties");
	const struct json *more =
		json_member(&json_member(json_member(schemas, "Job"), "allOf")->items[1],
			"properties");
	for (int i = 0; i < job->count; i++) {
		const char *key = job->members[i].key;
		if (!json_member(status, key) && !json_member(more, key))
			fail_msg("%s is sent, but not documented", key);
	}
	assert_int_equal(job->count, status->count + more->count);
	arena_finish(&a);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(each_route_answers_exactly_those_who_may),
		FACT(nobody_learns_whether_a_job_exists),
		FACT(what_is_open_to_all_is_open_whatever_token_is_sent),
		FACT(an_id_is_an_id_before_anybody_is_asked),
		FACT(parameters_that_a_route_does_not_know_are_refused),
		FACT(a_list_is_asked_as_the_query_says),
		FACT(a_job_shows_its_environment_to_its_owner_only),
		FACT(a_submission_gets_an_id_a_name_and_its_owner),
		FACT(the_key_and_the_bodys_hash_go_with_a_submission),
		FACT(a_submission_is_answered_when_its_commit_is),
		FACT(an_act_whose_client_left_still_ends_well),
		FACT(each_end_of_a_cancel_has_its_reply),
		FACT(a_cancel_passes_on_who_why_and_how_long),
		FACT(a_job_that_cannot_checkpoint_is_not_stopped_by_that_mode),
		FACT(points_are_shown_and_taken),
		FACT(the_openapi_document_holds_every_route_and_state),
		FACT(a_job_is_sent_as_it_is_documented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
