/* tests/unit/wire/test_points.c -- facts about metric points, posted and shown. */
#include <math.h>

#include "unit/wire/wire_facts.h"

#include "wire/points.h"

static struct points_body read_points(const char *body)
{
	struct points_body points = { 0 };
	struct err e = { 0 };
	if (wire_read_points(str_of(body), "j1", 5000, &facts_arena, &points, &e))
		fail_msg("%s: %s", body, e.text);
	return points;
}

static void points_are_read_with_their_steps_and_times(void **state)
{
	struct points_body p = read_points(
		"{\"job_id\":\"j1\",\"metrics\":[{\"step\":1,\"loss\":2.5,\"eval_loss\":null,"
		"\"timestamp\":\"1970-01-01T00:00:01Z\",\"loss_trend\":\"stable\"},"
		"{\"step\":2,\"loss\":NaN,\"x/y\":\"Infinity\",\"total_steps\":10}]}");
	assert_int_equal(p.entries, 2);
	assert_int_equal(p.count, 3);
	assert_string_equal(p.points[0].key, "loss");
	assert_int_equal(p.points[0].step, 1);
	assert_int_equal(p.points[0].at_wall_ms, 1000);
	assert_true(p.points[0].value == 2.5);
	assert_true(isnan(p.points[1].value));
	assert_int_equal(p.points[1].at_wall_ms, 5000);
	assert_string_equal(p.points[2].key, "x/y");
	assert_true(p.points[2].value == INFINITY);
	assert_int_equal(p.position_count, 3);
	assert_string_equal(p.positions[2].key, "total_steps");
	assert_true(p.positions[2].value == 10);
}

static void one_entry_may_come_alone(void **state)
{
	struct points_body p = read_points("{\"global_step\":0,\"train_loss\":1}");
	assert_int_equal(p.entries, 1);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.points[0].step, 0);
	assert_int_equal(p.position_count, 1);
}

/* {"metrics":[...]} of so many entries, each with so many fields, the step among them. */
static const char *wide_post(int entries, int fields)
{
	AUTO_BUF text = { 0 };
	buf_text(&text, "{\"metrics\":[");
	for (int i = 0; i < entries; i++) {
		buf_format(&text, "%s{\"step\":%d", i ? "," : "", i);
		for (int k = 1; k < fields; k++)
			buf_format(&text, ",\"k%d\":1", k);
		buf_char(&text, '}');
	}
	buf_text(&text, "]}");
	return arena_copy(&facts_arena, text.bytes, text.length_bytes);
}

static void a_post_of_more_values_than_the_store_takes_at_a_time_is_refused(void **state)
{
	static const struct {
		int entries, fields;
		const char *sentence;
	} cases[] = {
		{ 1, POINTS_ENTRY_VALUES_MAX, NULL },
		{ 1, POINTS_ENTRY_VALUES_MAX + 1, "an entry has 1001 fields, more than 1000" },
		{ 4000, 25, NULL },
		{ 4000, 26, "the entries have 104000 fields, more than 100000" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct points_body points;
		struct err e = { 0 };
		const char *post = wide_post(cases[i].entries, cases[i].fields);
		int rc = wire_read_points(str_of(post), "j1", 5, &facts_arena, &points, &e);
		assert_int_equal(rc, cases[i].sentence ? -1 : 0);
		if (cases[i].sentence)
			assert_non_null(strstr(e.text, cases[i].sentence));
	}
}

static void each_mistake_in_points_has_its_sentence(void **state)
{
	static const char *const cases[][2] = {
		{ "", "the body is empty: send points as a JSON object" },
		{ "[]", "the body must be an object, got a list" },
		{ "{\"loss\":1}", "step is missing" },
		{ "{\"metrics\":[{\"loss\":1}]}", "metrics[0].step is missing" },
		{ "{\"metrics\":[{\"step\":1},{\"step\":-1}]}",
			"metrics[1].step must be an integer from 0 to 9007199254740992, got -1" },
		{ "{\"metrics\":[{\"step\":1.5}]}",
			"metrics[0].step must be an integer from 0 to 9007199254740992, got 1.5" },
		{ "{\"metrics\":[{\"step\":NaN}]}",
			"metrics[0].step must be an integer from 0 to 9007199254740992, got nan" },
		{ "{\"metrics\":[7]}", "each entry of metrics must be an object, got 7" },
		{ "{\"metrics\":{}}", "metrics must be a list, got an object" },
		{ "{\"metrics\":[],\"x\":1}", "there is no field \"x\"" },
		{ "{\"metrics\":null}", "metrics is missing" },
		{ "{\"step\":1,\"loss\":\"low\"}", "loss must be a number, got \"low\"" },
		{ "{\"step\":1,\"loss\":\"1.5\"}", "loss must be a number, got \"1.5\"" },
		{ "{\"step\":1,\"ok\":true}", "ok must be a number, got true" },
		{ "{\"step\":1,\"a\":{}}", "a must be a number, got an object" },
		{ "{\"step\":1,\"\":1}", "a metric's name has 0 bytes, not 1 to 250" },
		{ "{\"step\":1,\"a\\u0007\":1}", "a metric's name holds a control character" },
		{ "{\"step\":1,\"timestamp\":\"noon\"}",
			"timestamp must be like 2026-01-31T12:00:00Z, got \"noon\"" },
		{ "{\"step\":1,\"job_id\":\"other\"}",
			"job_id is \"other\", but the path names j1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct points_body p;
		struct err e = { 0 };
		assert_int_equal(wire_read_points(str_of(cases[i][0]), "j1", 0, &facts_arena, &p,
					 &e),
			-1);
		assert_string_equal(e.text, cases[i][1]);
	}
}

static const char *shown(const struct point *points, int count)
{
	struct buf text = { 0 };
	struct json_out out = { .to = &text };
	wire_points(&out, "j1", points, count);
	char *kept = arena_copy(&facts_arena, text.bytes, text.length_bytes);
	buf_finish(&text);
	return kept;
}

static void points_of_a_step_are_one_entry_under_the_names_of_older_clients(void **state)
{
	const struct point points[] = {
		{ "loss", 1, 2.5, 1000 },
		{ "mine", 1, -INFINITY, 2000 },
		{ "lr", 2, 0.5, 3000 },
		{ "val_loss", 2, NAN, 3000 },
	};
	const char *text = shown(points, 4);
	assert_holds(text, "{\"step\":1,\"epoch\":null,\"train_loss\":2.5,\"eval_loss\":null,");
	assert_holds(text,
		"\"mine\":null,\"mine_word\":\"-Infinity\","
		"\"timestamp\":\"1970-01-01T00:00:02.000Z\"},{\"step\":2,");
	assert_holds(text, "\"eval_loss\":null,\"eval_loss_word\":\"NaN\",\"learning_rate\":0.5,");
}

static void the_name_itself_wins_over_its_alias(void **state)
{
	const struct point points[] = { { "loss", 1, 2, 1000 }, { "train_loss", 1, 3, 1000 } };
	const char *text = shown(points, 2);
	assert_holds(text, "\"train_loss\":3");
	assert_holds(text, "\"loss\":2");
	assert_lacks(text, "\"train_loss\":2");
}

static void a_job_without_points_says_so(void **state)
{
	assert_string_equal(shown(NULL, 0),
		"{\"job_id\":\"j1\",\"metrics\":[],\"message\":\"No metrics available yet\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(points_are_read_with_their_steps_and_times),
		FACT(one_entry_may_come_alone),
		FACT(a_post_of_more_values_than_the_store_takes_at_a_time_is_refused),
		FACT(each_mistake_in_points_has_its_sentence),
		FACT(points_of_a_step_are_one_entry_under_the_names_of_older_clients),
		FACT(the_name_itself_wins_over_its_alias),
		FACT(a_job_without_points_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
