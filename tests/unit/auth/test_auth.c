/* tests/unit/auth/test_auth.c -- facts about who may do what, and about tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"

enum caller { NOBODY, VIEWER, VIEWER_OWNER, USER, OWNER, ADMIN, JOB, OTHER_JOB, CALLERS };

/* One column a caller, in the order of enum caller: y = may, 4 = is told to show a token,
 * n = is denied. Written out, not derived: the rules must not be able to check themselves. */
static const struct {
	enum auth_action action;
	const char *may;
} product[] = {
	{ AUTH_MAY_ANYBODY, "yyyyyyyy" },
	{ AUTH_MAY_LOOK, "4yyyyynn" },
	{ AUTH_MAY_LOOK_ONE, "4yyyyyyn" },
	{ AUTH_MAY_LOOK_INTO, "4nynyyyn" },
	{ AUTH_MAY_SUBMIT, "4nnyyynn" },
	{ AUTH_MAY_CONTROL, "4nnnyynn" },
	{ AUTH_MAY_REPORT, "4nnnyyyn" },
	{ AUTH_MAY_ADMINISTER, "4nnnnynn" },
};

static struct auth_identity caller(enum caller which)
{
	static const struct auth_identity callers[] = {
		[NOBODY] = { AUTH_NONE, "", "" },
		[VIEWER] = { AUTH_VIEWER, "vera", "" },
		[VIEWER_OWNER] = { AUTH_VIEWER, "ana", "" },
		[USER] = { AUTH_USER, "uwe", "" },
		[OWNER] = { AUTH_USER, "ana", "" },
		[ADMIN] = { AUTH_ADMIN, "root", "" },
		[JOB] = { AUTH_USER, "ana", "job-1" },
		[OTHER_JOB] = { AUTH_USER, "ana", "job-2" },
	};
	return callers[which];
}

static void every_caller_may_exactly_what_the_table_says(void **state)
{
	struct auth_object object = { "ana", "job-1" };
	assert_int_equal(sizeof(product) / sizeof(product[0]), AUTH_ACTION_COUNT);
	for (size_t i = 0; i < sizeof(product) / sizeof(product[0]); i++) {
		assert_int_equal(strlen(product[i].may), CALLERS);
		for (int c = 0; c < CALLERS; c++) {
			struct auth_identity who = caller(c);
			struct err e = { 0 };
			int rc = auth_authorize(&who, product[i].action, object, &e);
			char expected = product[i].may[c];
			char got = rc == 0 ? 'y' : e.kind == ERR_AUTH ? '4' : 'n';
			if (got != expected)
				fail_msg("%s, caller %d: expected %c, got %c (%s)",
					auth_action_words(product[i].action), c, expected, got,
					e.text);
			if (got == 'n') {
				assert_int_equal(e.kind, ERR_DENIED);
				assert_true(strncmp(e.text, "access denied: ", 15) == 0);
			}
		}
	}
}

static void an_object_without_an_owner_belongs_to_admins_only(void **state)
{
	struct auth_identity owner = caller(OWNER), admin = caller(ADMIN), job = caller(JOB);
	struct auth_object none = { NULL, NULL };
	assert_int_equal(auth_authorize(&owner, AUTH_MAY_CONTROL, none, NULL), -1);
	assert_int_equal(auth_authorize(&job, AUTH_MAY_REPORT, none, NULL), -1);
	assert_int_equal(auth_authorize(&admin, AUTH_MAY_CONTROL, none, NULL), 0);
}

static void the_token_of_an_admins_job_is_no_admin(void **state)
{
	struct auth_identity job = { AUTH_ADMIN, "root", "job-1" };
	struct auth_object other = { "root", "job-2" }, own = { "root", "job-1" };
	struct err e = { 0 };
	assert_int_equal(auth_authorize(&job, AUTH_MAY_CONTROL, own, &e), -1);
	assert_string_equal(e.text, "access denied: the token of job job-1 may not control a job");
	assert_int_equal(auth_authorize(&job, AUTH_MAY_REPORT, other, NULL), -1);
	assert_int_equal(auth_authorize(&job, AUTH_MAY_REPORT, own, NULL), 0);
}

static void a_token_is_made_new_each_time_and_hashes_to_what_is_kept(void **state)
{
	char first[AUTH_TOKEN_BYTES], second[AUTH_TOKEN_BYTES];
	uint8_t kept[AUTH_HASH_BYTES], other[AUTH_HASH_BYTES], sent[AUTH_HASH_BYTES];
	auth_token_make(first, kept);
	auth_token_make(second, other);
	assert_string_not_equal(first, second);
	assert_int_equal(strlen(first), AUTH_TOKEN_BYTES - 1);
	assert_true(auth_token_hash(str_of(first), sent));
	assert_true(auth_hash_same(sent, kept));
	assert_false(auth_hash_same(sent, other));
}

static void what_has_not_the_form_of_a_token_is_no_token(void **state)
{
	char token[AUTH_TOKEN_BYTES];
	uint8_t hash[AUTH_HASH_BYTES];
	auth_token_make(token, hash);
	assert_false(auth_token_hash(str_of(token + 1), hash));
	assert_false(auth_token_hash(str_of(""), hash));
	token[20] = '%';
	assert_false(auth_token_hash(str_of(token), hash));
}

static void sha256_is_sha256(void **state)
{
	uint8_t hash[AUTH_HASH_BYTES];
	char hex[2 * AUTH_HASH_BYTES + 1];
	auth_sha256(STR("abc"), hash);
	str_to_hex(hex, hash, sizeof(hash));
	assert_string_equal(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void only_bearer_headers_carry_a_token(void **state)
{
	struct str token;
	assert_true(auth_bearer(STR("Bearer abc"), &token) && str_is(token, "abc"));
	assert_true(auth_bearer(STR("bearer  abc "), &token) && str_is(token, "abc"));
	assert_false(auth_bearer(STR("Basic abc"), &token));
	assert_false(auth_bearer(STR("Bearer "), &token));
	assert_false(auth_bearer(STR("Bearer  "), &token));
	assert_false(auth_bearer(STR("Bearerabc"), &token));
	assert_false(auth_bearer(STR(""), &token));
}

static void root_and_the_servers_own_user_are_admins(void **state)
{
	assert_true(auth_peer_is_admin(0, 1000));
	assert_true(auth_peer_is_admin(1000, 1000));
	assert_false(auth_peer_is_admin(1001, 1000));
	assert_false(auth_peer_is_admin(1000, 0));
}

static void roles_have_names(void **state)
{
	for (int role = 0; role < AUTH_ROLE_COUNT; role++)
		assert_int_equal(auth_role_of(str_of(auth_role_name(role))), role);
	assert_int_equal(auth_role_of(STR("king")), -1);
}

static int setup(void **state)
{
	return auth_init(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_caller_may_exactly_what_the_table_says),
		cmocka_unit_test(an_object_without_an_owner_belongs_to_admins_only),
		cmocka_unit_test(the_token_of_an_admins_job_is_no_admin),
		cmocka_unit_test(a_token_is_made_new_each_time_and_hashes_to_what_is_kept),
		cmocka_unit_test(what_has_not_the_form_of_a_token_is_no_token),
		cmocka_unit_test(sha256_is_sha256),
		cmocka_unit_test(only_bearer_headers_carry_a_token),
		cmocka_unit_test(root_and_the_servers_own_user_are_admins),
		cmocka_unit_test(roles_have_names),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
