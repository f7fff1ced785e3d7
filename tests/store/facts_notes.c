/* tests/store/facts_notes.c -- what every store does with events, keys, tokens and users. */
#include "store/room.h"

static void events_come_in_order_and_can_be_followed(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct store_event *events;
	size_t count;
	MUST(store_begin(s, &e));
	for (int i = 0; i < 10; i++) {
		struct store_event event = { .at_wall_ms = i,
			.job_id = i % 2 ? "odd" : "even",
			.kind = "state",
			.from = "queued",
			.to = "pending" };
		MUST(store_event_append(s, &event, &e));
	}
	struct store_event drain = { .at_wall_ms = 10,
		.kind = "drain",
		.who = "ana",
		.why = "upgrade",
		.data_json = "{}" };
	MUST(store_event_append(s, &drain, &e));
	MUST(store_commit(s, &e));
	MUST(store_events(s, "odd", 0, 100, &a, &events, &count, &e));
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(events[i].at_wall_ms, 2 * i + 1);
		assert_true(i == 0 || events[i].seq > events[i - 1].seq);
	}
	MUST(store_events(s, "odd", events[2].seq, 1, &a, &events, &count, &e));
	assert_int_equal(count, 1);
	assert_int_equal(events[0].at_wall_ms, 7);
	assert_string_equal(events[0].to, "pending");
	assert_null(events[0].who);
	MUST(store_events(s, NULL, 0, 100, &a, &events, &count, &e));
	assert_int_equal(count, 11);
	assert_null(events[10].job_id);
	assert_string_equal(events[10].who, "ana");
	assert_string_equal(events[10].why, "upgrade");
	assert_string_equal(events[10].data_json, "{}");
	arena_finish(&a);
}

static struct store_idempotency sample_key(const char *owner, int64_t created_wall_ms)
{
	struct store_idempotency i = { .key = "k",
		.job_id = "j",
		.created_wall_ms = created_wall_ms };
	str_copy(i.owner, sizeof(i.owner), owner);
	memset(i.body_hash, 0xab, sizeof(i.body_hash));
	return i;
}

static void an_idempotency_key_belongs_to_its_owner_for_a_day(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct store_idempotency ana = sample_key("ana", 1000), bo = sample_key("bo", 1000), got;
	MUST(store_begin(s, &e));
	MUST(store_idempotency_put(s, &ana, &e));
	MUST_FAIL(ERR_CONFLICT, store_idempotency_put(s, &ana, &e));
	MUST(store_idempotency_put(s, &bo, &e));
	MUST(store_commit(s, &e));
	MUST(store_idempotency_get(s, "ana", "k", 2000, &got, &e));
	assert_string_equal(got.job_id, "j");
	assert_memory_equal(got.body_hash, ana.body_hash, sizeof(got.body_hash));
	MUST_FAIL(ERR_NOT_FOUND, store_idempotency_get(s, "ana", "other", 2000, &got, &e));
	int64_t day = 1000 + STORE_IDEMPOTENCY_MS;
	MUST(store_idempotency_get(s, "ana", "k", day - 1, &got, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_idempotency_get(s, "ana", "k", day, &got, &e));
	ana.created_wall_ms = day;
	str_copy(ana.job_id, sizeof(ana.job_id), "j2");
	MUST_COMMIT(s, store_idempotency_put(s, &ana, &e));
	MUST(store_idempotency_get(s, "ana", "k", day, &got, &e));
	assert_string_equal(got.job_id, "j2");
}

static void old_idempotency_keys_are_cleared_away(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct store_idempotency old = sample_key("ana", 0), young = sample_key("bo", 10), got;
	MUST(store_begin(s, &e));
	MUST(store_idempotency_put(s, &old, &e));
	MUST(store_idempotency_put(s, &young, &e));
	MUST(store_commit(s, &e));
	MUST_COMMIT(s, store_idempotency_expire(s, STORE_IDEMPOTENCY_MS, &e));
	MUST_FAIL(ERR_NOT_FOUND, store_idempotency_get(s, "ana", "k", 0, &got, &e));
	MUST(store_idempotency_get(s, "bo", "k", 0, &got, &e));
}

static struct store_token sample_token(const char *id, uint8_t fill, int64_t created_wall_ms)
{
	struct store_token t = { .user = "ana",
		.role = "admin",
		.label = "first",
		.created_wall_ms = created_wall_ms };
	str_copy(t.id, sizeof(t.id), id);
	memset(t.hash, fill, sizeof(t.hash));
	return t;
}

static void a_token_is_found_by_its_hash_alone(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct store_token one = sample_token("t1", 1, 20), two = sample_token("t2", 2, 10), got;
	str_copy(two.job_id, sizeof(two.job_id), "j");
	two.expires_wall_ms = 99;
	MUST(store_begin(s, &e));
	MUST(store_token_put(s, &one, &e));
	MUST(store_token_put(s, &two, &e));
	MUST(store_commit(s, &e));
	MUST(store_token_by_hash(s, two.hash, &got, &e));
	assert_string_equal(got.id, "t2");
	assert_string_equal(got.user, "ana");
	assert_string_equal(got.role, "admin");
	assert_string_equal(got.label, "first");
	assert_string_equal(got.job_id, "j");
	assert_int_equal(got.expires_wall_ms, 99);
	uint8_t unknown[STORE_HASH_BYTES] = { 3 };
	MUST_FAIL(ERR_NOT_FOUND, store_token_by_hash(s, unknown, &got, &e));
}

static void a_token_is_revoked_by_putting_it_again(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct store_token one = sample_token("t1", 1, 20), two = sample_token("t2", 2, 10), *all;
	struct store_token thief = sample_token("t3", 1, 30);
	size_t count;
	MUST(store_begin(s, &e));
	MUST(store_token_put(s, &one, &e));
	MUST(store_token_put(s, &two, &e));
	MUST_FAIL(ERR_CONFLICT, store_token_put(s, &thief, &e));
	one.revoked_wall_ms = 30;
	one.last_used_wall_ms = 25;
	MUST(store_token_put(s, &one, &e));
	MUST(store_commit(s, &e));
	MUST(store_tokens(s, &a, &all, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(all[0].id, "t2");
	assert_int_equal(all[1].revoked_wall_ms, 30);
	assert_int_equal(all[1].last_used_wall_ms, 25);
	arena_finish(&a);
}

static void users_are_kept_by_name(void **state)
{
	struct room *room = *state;
	struct store *s = room->store;
	struct arena a = { 0 };
	struct store_user bo = { .name = "bo", .role = "user", .created_wall_ms = 1 };
	struct store_user ana = { .name = "ana", .role = "admin", .created_wall_ms = 2 };
	struct store_user got, *all;
	size_t count;
	MUST(store_begin(s, &e));
	MUST(store_user_put(s, &bo, &e));
	MUST(store_user_put(s, &ana, &e));
	bo.disabled = true;
	MUST(store_user_put(s, &bo, &e));
	MUST(store_commit(s, &e));
	MUST(store_user_get(s, "bo", &got, &e));
	assert_true(got.disabled);
	assert_string_equal(got.role, "user");
	MUST_FAIL(ERR_NOT_FOUND, store_user_get(s, "cy", &got, &e));
	MUST(store_users(s, &a, &all, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(all[0].name, "ana");
	assert_string_equal(all[1].name, "bo");
	arena_finish(&a);
}

const struct CMUnitTest note_facts[] = {
	FACT(events_come_in_order_and_can_be_followed),
	FACT(an_idempotency_key_belongs_to_its_owner_for_a_day),
	FACT(old_idempotency_keys_are_cleared_away),
	FACT(a_token_is_found_by_its_hash_alone),
	FACT(a_token_is_revoked_by_putting_it_again),
	FACT(users_are_kept_by_name),
};
const size_t note_fact_count = sizeof(note_facts) / sizeof(note_facts[0]);
