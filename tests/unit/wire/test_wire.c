/* tests/unit/wire/test_wire.c -- facts about submissions, cancels, and jobs as they are shown. */
#include <math.h>
#include <stdio.h>

#include "unit/wire/wire_facts.h"

#include "json/json.h"
#include "wire/cancel.h"
#include "wire/job_out.h"
#include "wire/redact.h"
#include "wire/submit.h"

static void a_submission_is_read_field_by_field(void **state)
{
	struct job_record r;
	struct err e = { 0 };
	const char *body =
		"{\"name\":\"try \xc3\xa9\",\"command\":[\"python\",\"train.py\",\"a\\nb\"],"
		"\"cwd\":\"/tmp\",\"env\":{\"A\":\"1\",\"B\":\"\"},\"gpus\":2,\"priority\":-5,"
		"\"grace_seconds\":2.5,\"config\":{\"lr\":1e-3,\"n\":[1,null]},"
		"\"tags\":[\"x\",\"y\"],\"group\":\"g\",\"notes\":\"two\\nlines\","
		"\"stdout\":\"direct\",\"log_limit_bytes\":1000000,\"umask\":\"027\","
		"\"git\":{\"commit\":\"abc\",\"dirty\":true},\"execution_id\":\"run_1-a\","
		"\"host\":\"box\"}";
	if (wire_read_submit(str_of(body), &facts_arena, &r, &e))
		fail_msg("%s", e.text);
	assert_string_equal(r.spec.name, "try \xc3\xa9");
	assert_string_equal(r.spec.command_json, "[\"python\",\"train.py\",\"a\\nb\"]");
	assert_string_equal(r.spec.cwd, "/tmp");
	assert_string_equal(r.spec.env_json, "{\"A\":\"1\",\"B\":\"\"}");
	assert_string_equal(r.spec.config_json, "{\"lr\":0.001,\"n\":[1,null]}");
	assert_string_equal(r.spec.tags_json, "[\"x\",\"y\"]");
	assert_string_equal(r.spec.group, "g");
	assert_string_equal(r.spec.notes, "two\nlines");
	assert_string_equal(r.spec.git_commit, "abc");
	assert_string_equal(r.spec.host, "box");
	assert_string_equal(r.job.id, "run_1-a");
	assert_true(r.spec.git_dirty && r.spec.direct_output);
	assert_int_equal(r.spec.umask_bits, 027);
	assert_int_equal(r.spec.log_limit_bytes, 1000000);
	assert_int_equal(r.job.gpus, 2);
	assert_int_equal(r.job.priority, -5);
	assert_int_equal(r.job.grace_ms, 2500);
}

static void what_a_submission_leaves_out_is_left_to_the_server(void **state)
{
	struct job_record r;
	assert_int_equal(wire_read_submit(STR("{\"shell\":\"echo $HOME\",\"name\":null}"),
				 &facts_arena, &r, NULL),
		0);
	assert_string_equal(r.spec.command_json, "[\"/bin/sh\",\"-c\",\"echo $HOME\"]");
	assert_null(r.spec.name);
	assert_null(r.spec.env_json);
	assert_string_equal(r.job.id, "");
	assert_int_equal(r.job.gpus, -1);
	assert_int_equal(r.job.grace_ms, -1);
	assert_int_equal(r.job.end.exit_code, -1);
	assert_int_equal(r.spec.umask_bits, -1);
	assert_int_equal(r.spec.log_limit_bytes, 0);
}

static const struct {
	const char *body, *sentence;
} bad_submissions[] = {
	{ "", "the body is empty: send the job as a JSON object" },
	{ " \n", "the body is empty: send the job as a JSON object" },
	{ "[]", "the body must be an object, got a list" },
	{ "{}",
		"command is missing: give the program and its arguments as a list of texts, or "
		"shell as one text" },
	{ "{\"command\":\"ls\"}", "command must be a list, got \"ls\"" },
	{ "{\"command\":[]}", "command must not be empty" },
	{ "{\"command\":[1]}", "command[0] must be text, got 1" },
	{ "{\"command\":[\"\"]}", "command[0], the program, must not be empty" },
	{ "{\"command\":[\"a\",null]}", "command[1] must be text, got null" },
	{ "{\"command\":[\"a\"],\"shell\":\"b\"}",
		"command and shell exclude each other: give one" },
	{ "{\"shell\":7}", "shell must be text, got 7" },
	{ "{\"shell\":\" \"}", "shell must not be empty" },
	{ "{\"shell\":\"a\",\"comand\":1}", "there is no field \"comand\"" },
	{ "{\"shell\":\"a\",\"retries\":1}", "retries is not supported yet: leave it out" },
	{ "{\"shell\":\"a\",\"auto_stop\":[]}", "auto_stop is not supported yet: leave it out" },
	{ "{\"shell\":\"a\",\"name\":\"\"}", "name must not be empty" },
	{ "{\"shell\":\"a\",\"name\":\"a\\nb\"}", "name must be a single line" },
	{ "{\"shell\":\"a\",\"name\":\"a\\u001bb\"}", "name holds a control character" },
	{ "{\"shell\":\"a\",\"cwd\":\"tmp\"}", "cwd must be an absolute path, got \"tmp\"" },
	{ "{\"shell\":\"a\",\"env\":[]}", "env must be an object, got a list" },
	{ "{\"shell\":\"a\",\"env\":{\"A\":1}}", "env.A must be text, got 1" },
	{ "{\"shell\":\"a\",\"env\":{\"\":\"x\"}}", "env: \"\" is no name of a variable" },
	{ "{\"shell\":\"a\",\"env\":{\"A=B\":\"x\"}}", "env: \"A=B\" is no name of a variable" },
	{ "{\"shell\":\"a\",\"gpus\":-1}", "gpus must be an integer from 0 to 64, got -1" },
	{ "{\"shell\":\"a\",\"gpus\":1.5}", "gpus must be an integer from 0 to 64, got 1.5" },
	{ "{\"shell\":\"a\",\"priority\":\"x\"}",
		"priority must be an integer from -1000 to 1000, got \"x\"" },
	{ "{\"shell\":\"a\",\"priority\":1001}",
		"priority must be an integer from -1000 to 1000, got 1001" },
	{ "{\"shell\":\"a\",\"grace_seconds\":-1}",
		"grace_seconds must be a number from 0 to 86400, got -1" },
	{ "{\"shell\":\"a\",\"config\":1}", "config must be an object, got 1" },
	{ "{\"shell\":\"a\",\"tags\":{}}", "tags must be a list, got an object" },
	{ "{\"shell\":\"a\",\"tags\":[1]}", "tags[0] must be text, got 1" },
	{ "{\"shell\":\"a\",\"tags\":[\"a,b\"]}",
		"tags[0] must be a single line, not empty, without a comma" },
	{ "{\"shell\":\"a\",\"stdout\":\"pipe\"}", "stdout must be fifo or direct, got \"pipe\"" },
	{ "{\"shell\":\"a\",\"log_limit_bytes\":1}",
		"log_limit_bytes must be an integer from 65536 to 1125899906842624, got 1" },
	{ "{\"shell\":\"a\",\"umask\":\"9\"}",
		"umask must be octal text from 000 to 777, got \"9\"" },
	{ "{\"shell\":\"a\",\"umask\":512}", "umask must be octal text from 000 to 777, got 512" },
	{ "{\"shell\":\"a\",\"umask\":\"1777\"}",
		"umask must be octal text from 000 to 777, got \"1777\"" },
	{ "{\"shell\":\"a\",\"git\":\"abc\"}", "git must be an object, got \"abc\"" },
	{ "{\"shell\":\"a\",\"git\":{\"commit\":1}}", "git.commit must be text, got 1" },
	{ "{\"shell\":\"a\",\"git\":{\"dirty\":\"yes\"}}",
		"git.dirty must be true or false, got \"yes\"" },
	{ "{\"shell\":\"a\",\"git\":{\"branch\":\"m\"}}", "there is no field \"git.branch\"" },
	{ "{\"shell\":\"a\",\"execution_id\":\"../x\"}",
		"execution_id must be 1 to 128 letters, digits, _ or -, the first a letter "
		"or digit, got \"../x\"" },
	{ "{\"shell\":\"a\",\"execution_id\":\"\"}",
		"execution_id must be 1 to 128 letters, digits, _ or -, the first a letter "
		"or digit, got \"\"" },
};

static void each_mistake_in_a_submission_has_its_sentence(void **state)
{
	for (size_t i = 0; i < sizeof(bad_submissions) / sizeof(bad_submissions[0]); i++) {
		struct job_record r;
		struct err e = { 0 };
		assert_int_equal(wire_read_submit(str_of(bad_submissions[i].body), &facts_arena, &r,
					 &e),
			-1);
		assert_string_equal(e.text, bad_submissions[i].sentence);
		assert_int_equal(err_http_status(e.kind) / 100, 4);
	}
}

static void every_field_that_is_to_come_is_refused_by_name(void **state)
{
#define X(name) name,
	static const char *const later[] = { SUBMIT_LATER(X) };
#undef X
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		struct job_record r;
		struct err e = { 0 };
		char *body = arena_format(&facts_arena, "{\"shell\":\"a\",\"%s\":null}", later[i]);
		assert_int_equal(wire_read_submit(str_of(body), &facts_arena, &r, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_holds(e.text, later[i]);
	}
}

static void a_cancel_needs_no_body(void **state)
{
	struct cancel_body c;
	assert_int_equal(wire_read_cancel(STR(" "), &facts_arena, &c, NULL), 0);
	assert_int_equal(c.mode, CANCEL_NOW);
	assert_true(c.wait);
	assert_string_equal(c.reason, "");
	assert_int_equal(c.grace_ms, -1);
	assert_int_equal(wire_read_cancel(STR("{\"mode\":\"checkpoint\",\"reason\":\"overfit\","
					      "\"grace_seconds\":0.5}"),
				 &facts_arena, &c, NULL),
		0);
	assert_int_equal(c.mode, CANCEL_CHECKPOINT);
	assert_false(c.wait);
	assert_string_equal(c.reason, "overfit");
	assert_int_equal(c.grace_ms, 500);
}

static void each_mistake_in_a_cancel_has_its_sentence(void **state)
{
	static const char *const cases[][2] = {
		{ "null", "the body must be an object, got null" },
		{ "{\"mode\":\"later\"}",
			"mode must be now, checkpoint or next_checkpoint, got \"later\"" },
		{ "{\"mode\":1}", "mode must be text, got 1" },
		{ "{\"why\":1}", "there is no field \"why\"" },
		{ "{\"wait\":\"yes\"}", "wait must be true or false, got \"yes\"" },
		{ "{\"grace_seconds\":\"1\"}",
			"grace_seconds must be a number from 0 to 86400, got \"1\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cancel_body c;
		struct err e = { 0 };
		assert_int_equal(wire_read_cancel(str_of(cases[i][0]), &facts_arena, &c, &e), -1);
		assert_string_equal(e.text, cases[i][1]);
	}
}

static struct job_record running(void)
{
	struct job_record r = {
		.job = { .id = "j1",
			.state = JOB_RUNNING,
			.attempt = 1,
			.gpus = -1,
			.grace_ms = -1,
			.end.exit_code = -1,
			.created_wall_ms = 1000,
			.started_wall_ms = 2000,
			.devices = 5 },
		.spec = { .name = "n",
			.owner = "ana",
			.command_json = "[\"a\",\"b\"]",
			.env_json = "{\"HF_TOKEN\":\"hf_verysecret\",\"LANG\":\"C\"}",
			.config_json = "{\"k\":1}",
			.umask_bits = -1 },
	};
	progress_set(&r.progress, PROGRESS_STEP, 7);
	progress_set(&r.progress, PROGRESS_LOSS, NAN);
	return r;
}

static const char *shown(const struct job_view *view, enum job_detail detail)
{
	struct buf text = { 0 };
	struct json_out out = { .to = &text };
	wire_job(&out, view, detail, &facts_arena);
	char *kept = arena_copy(&facts_arena, text.bytes, text.length_bytes);
	buf_finish(&text);
	assert_non_null(json_parse(str_of(kept), JSON_REQUEST, &facts_arena, NULL));
	return kept;
}

static void a_running_job_shows_what_is_known_and_null_for_the_rest(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r, .now_wall_ms = 12999, .live.process_pid = 42 };
	const char *text = shown(&view, JOB_STATUS);
	assert_holds(text, "\"job_id\":\"j1\",\"id\":\"j1\"");
	assert_holds(text, "\"status\":\"running\"");
	assert_holds(text, "\"current_step\":7");
	assert_holds(text, "\"total_steps\":null");
	assert_holds(text, "\"progress\":0,");
	assert_holds(text, "\"loss\":null,\"loss_word\":\"NaN\"");
	assert_holds(text, "\"elapsed_seconds\":10");
	assert_holds(text, "\"started_at\":\"1970-01-01T00:00:02.000Z\",\"completed_at\":null");
	assert_holds(text, "\"exit_code\":null,\"exit_signal\":null,\"end_reason\":null");
	assert_holds(text, "\"stop\":null");
	assert_holds(text, "\"devices\":[0,2]");
	assert_holds(text, "\"num_gpus\":2");
	assert_holds(text, "\"process_pid\":42,\"poll_after_ms\":2000");
	assert_lacks(text, "\"env\"");
}

static void the_progress_of_a_completed_job_that_told_none_is_whole(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r, .now_wall_ms = 99999 };
	r.job.state = JOB_COMPLETED;
	assert_holds(shown(&view, JOB_STATUS), "\"progress\":100,");
	progress_set(&r.progress, PROGRESS_PERCENT, 62.5);
	assert_holds(shown(&view, JOB_STATUS), "\"progress\":62.5,");
}

static void an_ended_job_tells_how_and_asks_for_no_more_polls(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r, .now_wall_ms = 99999 };
	r.job.state = JOB_FAILED;
	r.job.ended_wall_ms = 5000;
	r.job.paused_ms = 1000;
	r.job.end = (struct job_end){ END_EXIT_CODE, 3, 0, "it exited with code 3" };
	const char *text = shown(&view, JOB_STATUS);
	assert_holds(text, "\"elapsed_seconds\":2");
	assert_holds(text, "\"exit_code\":3,\"exit_signal\":null,\"end_reason\":\"exit_code\"");
	assert_holds(text,
		"\"error_message\":\"it exited with code 3\","
		"\"error\":\"it exited with code 3\"");
	assert_holds(text, "\"poll_after_ms\":null");
}

static void a_stop_under_way_tells_who_why_and_until_when(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r, .now_wall_ms = 99999 };
	r.job.stop = (struct job_stop){ .phase = STOP_TERMINATING,
		.by = "ana",
		.reason = "enough",
		.asked_wall_ms = 3000,
		.deadline_wall_ms = 13000 };
	assert_holds(shown(&view, JOB_STATUS),
		"\"stop\":{\"phase\":\"terminating\",\"by\":\"ana\",\"reason\":\"enough\","
		"\"asked_at\":\"1970-01-01T00:00:03.000Z\","
		"\"deadline\":\"1970-01-01T00:00:13.000Z\"}");
}

static void a_queued_job_has_a_position_and_a_reason(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r, .live = { 2, "no slot is free", 0 } };
	r.job.state = JOB_QUEUED;
	r.job.started_wall_ms = 0;
	const char *text = shown(&view, JOB_STATUS);
	assert_holds(text, "\"queue_position\":2,\"waiting_reason\":\"no slot is free\"");
	assert_holds(text, "\"elapsed_seconds\":null");
}

static void environment_and_config_are_the_owners(void **state)
{
	struct job_record r = running();
	struct job_view view = { .record = &r };
	const char *theirs = shown(&view, JOB_WHOLE);
	assert_holds(theirs, "\"command\":null,\"cwd\":null,\"env\":null,\"config\":null");
	view.show_private = true;
	const char *mine = shown(&view, JOB_WHOLE);
	assert_holds(mine, "\"command\":[\"a\",\"b\"]");
	assert_holds(mine, "\"env\":{\"HF_TOKEN\":\"[redacted]\",\"LANG\":\"C\"}");
	assert_holds(mine, "\"config\":{\"k\":1}");
	assert_lacks(mine, "verysecret");
}

static void secrets_show_nowhere_in_a_command(void **state)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	redact_command(&out,
		"[\"x\",\"--api-key\",\"abc\",\"--tokenizer\",\"gpt2\",\"--hub-token=abc\","
		"\"url=pg:s3cr3t!@h\",\"--max_tokens=5\",\"--password\"]",
		"{\"DB_PASSWORD\":\"s3cr3t!\",\"SHORT_KEY\":\"x\"}", &facts_arena);
	assert_string_equal(text.bytes,
		"[\"x\",\"--api-key\",\"[redacted]\",\"--tokenizer\",\"gpt2\","
		"\"--hub-token=[redacted]\",\"url=pg:[redacted]@h\",\"--max_tokens=5\","
		"\"--password\"]");
	assert_true(redact_is_secret("aws_secret_access_key"));
	assert_false(redact_is_secret("PATH"));
}

static void a_list_tells_count_total_and_the_next_page(void **state)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	struct job_page page = { .count = 0, .total = 12, .next_before = 77 };
	struct job_query query = { .limit = 5, .offset = 10 };
	wire_list_begin(&out, &page);
	wire_list_end(&out, &page, &query);
	assert_string_equal(text.bytes,
		"{\"success\":true,\"count\":0,\"jobs\":[],\"total\":12,\"limit\":5,\"offset\":10,"
		"\"next_cursor\":\"77\"}");
}

static void the_queue_has_the_shape_of_older_clients(void **state)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	struct job_record r = running(), q = running();
	q.job.state = JOB_QUEUED;
	struct queue_view queue = { &r, 1, &q, 3, 1, 2, false };
	wire_queue(&out, &queue);
	assert_string_equal(text.bytes,
		"{\"running_count\":1,\"queued_count\":3,\"running_jobs\":[{\"job_id\":\"j1\","
		"\"name\":\"n\",\"status\":\"running\",\"owner\":\"ana\",\"progress\":0,"
		"\"current_epoch\":null,\"total_epochs\":null}],\"queued_jobs\":[{"
		"\"job_id\":\"j1\","
		"\"name\":\"n\",\"position\":1,\"status\":\"queued\",\"owner\":\"ana\","
		"\"priority\":0,\"created_at\":\"1970-01-01T00:00:01.000Z\"}],\"slots\":2,"
		"\"queue_active\":true}");
}

static void health_is_both_lists_empty(void **state)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	const char *const ids[] = { "a" };
	struct health_report report = { ids, 1, NULL, 0, 2, 1, 1000 };
	wire_health(&out, &report);
	assert_string_equal(text.bytes,
		"{\"healthy\":false,\"orphaned_jobs\":[\"a\"],\"stale_pending\":[],"
		"\"total_running_db\":2,\"total_running_memory\":1,"
		"\"checked_at\":\"1970-01-01T00:00:01.000Z\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(a_submission_is_read_field_by_field),
		FACT(what_a_submission_leaves_out_is_left_to_the_server),
		FACT(each_mistake_in_a_submission_has_its_sentence),
		FACT(every_field_that_is_to_come_is_refused_by_name),
		FACT(a_cancel_needs_no_body),
		FACT(each_mistake_in_a_cancel_has_its_sentence),
		FACT(a_running_job_shows_what_is_known_and_null_for_the_rest),
		FACT(the_progress_of_a_completed_job_that_told_none_is_whole),
		FACT(an_ended_job_tells_how_and_asks_for_no_more_polls),
		FACT(a_stop_under_way_tells_who_why_and_until_when),
		FACT(a_queued_job_has_a_position_and_a_reason),
		FACT(environment_and_config_are_the_owners),
		FACT(secrets_show_nowhere_in_a_command),
		FACT(a_list_tells_count_total_and_the_next_page),
		FACT(the_queue_has_the_shape_of_older_clients),
		FACT(health_is_both_lists_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
