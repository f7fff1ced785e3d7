/* pact/test_pact.c -- facts about records, messages and what is left on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/scope.h"
#include "pact/disk.h"

static void what_is_encoded_decodes_the_same(void **state)
{
	static const char *const argv[] = { "sh", "-c", "", "two words\n\xff", NULL };
	static const char *const env[] = { NULL };
	struct pact_message out, in;
	unsigned char body[1024];

	pact_message_init(&out, PACT_KIND_START);
	out.start.nonce = "n";
	out.start.job = "job-1";
	out.start.attempt = INT64_MAX;
	out.start.umask = INT64_MIN;
	out.start.argv.items = argv;
	out.start.env.items = env;
	size_t length = pact_encode(&out, body, sizeof(body));
	assert_true(length > 0 && length <= sizeof(body));
	assert_true(pact_decode(&in, body, length));
	assert_int_equal(in.kind, PACT_KIND_START);
	assert_string_equal(in.start.job, "job-1");
	assert_null(in.start.cwd);
	assert_true(in.start.attempt == INT64_MAX && in.start.umask == INT64_MIN);
	assert_int_equal(in.start.argv.count, 4);
	for (int i = 0; argv[i]; i++)
		assert_string_equal(pact_list_next(&in.start.argv), argv[i]);
	assert_null(pact_list_next(&in.start.argv));
	assert_null(pact_list_next(&in.start.env));
}

static void what_is_not_said_has_its_default(void **state)
{
	struct pact_message m;

	assert_true(pact_decode(&m, "ended\0nonce\0x\0", 14));
	assert_int_equal(m.ended.code, -1);
	assert_int_equal(m.ended.known, 0);
	assert_null(m.ended.outcome);
}

static void names_and_kinds_of_a_newer_side_are_skipped(void **state)
{
	struct pact_message m;
	static const char body[] = "stop\0colour\0red\0grace_ms\0"
				   "5\0nonce\0x";
	static const char kind[] = "dance\0nonce\0x";

	assert_true(pact_decode(&m, body, sizeof(body)));
	assert_int_equal(m.stop.grace_ms, 5);
	assert_true(pact_decode(&m, kind, sizeof(kind)));
	assert_int_equal(m.kind, PACT_KIND_UNKNOWN);
}

static void malformed_bodies_are_refused(void **state)
{
	static const struct {
		const char *body;
		size_t length;
	} bad[] = {
		{ "", 0 },
		{ "stop", 4 },
		{ "\0", 1 },
		{ "Stop\0", 5 },
		{ "st op\0", 6 },
		{ "stop\0nonce\0", 11 },
		{ "stop\0nonce\0x", 12 },
		{ "stop\0\0x\0", 8 },
		{ "stop\0grace_ms\0ten\0", 18 },
		{ "stop\0grace_ms\0\0", 15 },
		{ "stop\0grace_ms\0"
		  "99999999999999999999\0",
			35 },
		{ "stop\0a_name_that_is_longer_than_the_32_allowed\0x\0", 49 },
	};
	struct pact_message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (pact_decode(&m, bad[i].body, bad[i].length))
			fail_msg("row %zu was accepted", i);
}

/* Whatever bytes come: refused or understood, never read beyond their end (the sanitizers look). */
static void no_cut_or_flipped_body_is_read_beyond_its_end(void **state)
{
	static const char good[] = "start\0nonce\0n\0argv\0sh\0argv\0-c\0env\0A=b\0umask\0"
				   "18\0cwd\0/";
	struct pact_message m;

	for (size_t cut = 0; cut <= sizeof(good); cut++)
		for (int flip = 0; flip < 256; flip += 5) {
			AUTO_FREE char *copy = malloc(cut ? cut : 1);
			memcpy(copy, good, cut);
			if (cut > 0)
				copy[(size_t)flip * 7 % cut] = (char)flip;
			if (!pact_decode(&m, copy, cut) || m.kind != PACT_KIND_START)
				continue;
			size_t items = 0;
			while (pact_list_next(&m.start.argv))
				items++;
			assert_int_equal(items, m.start.argv.count);
		}
}

static void a_body_that_does_not_fit_tells_what_it_needs(void **state)
{
	struct pact_message m;
	unsigned char body[8], larger[256];

	pact_message_init(&m, PACT_KIND_STOP);
	m.stop.nonce = "0123456789";
	size_t needed = pact_encode(&m, body, sizeof(body));
	assert_true(needed > sizeof(body));
	assert_int_equal(pact_encode(&m, larger, sizeof(larger)), needed);
	assert_int_equal(pact_encode(&m, NULL, 0), needed);
}

static void an_exit_slot_reads_back_and_every_torn_byte_is_seen(void **state)
{
	unsigned char slot[PACT_SLOT_BYTES];
	struct pact_message out, in;

	pact_message_init(&out, PACT_KIND_ENDED);
	out.ended.nonce = "abc";
	out.ended.outcome = "exited";
	out.ended.code = 7;
	assert_true(pact_slot_fill(slot, &out));
	assert_true(pact_slot_read(slot, "abc", &in));
	assert_int_equal(in.ended.code, 7);
	assert_false(pact_slot_read(slot, "abd", &in));
	size_t length = pact_encode(&out, NULL, 0);
	for (size_t i = 0; i < PACT_SLOT_HEAD_BYTES + length; i++) {
		slot[i] ^= 0x10;
		assert_false(pact_slot_read(slot, "abc", &in));
		slot[i] ^= 0x10;
	}
	memset(slot, 0, sizeof(slot));
	assert_false(pact_slot_read(slot, NULL, &in));
}

static void a_nonce_leads_to_its_runner_and_turn(void **state)
{
	char nonce[PACT_NONCE_BYTES], runner[PACT_RUNNER_BYTES], file[PACT_FILE_BYTES];
	uint32_t turn;

	pact_nonce_make(nonce, "0123456789abcdef01234567", 0xdeadbeef);
	assert_string_equal(nonce, "0123456789abcdef01234567deadbeef");
	assert_true(pact_nonce_split(nonce, runner, &turn));
	assert_string_equal(runner, "0123456789abcdef01234567");
	assert_int_equal(turn, 0xdeadbeef);
	pact_file_name(file, "started", 31);
	assert_string_equal(file, "started-0000001f");
	assert_false(pact_nonce_split("../../../etc/passwd", runner, &turn));
	assert_false(pact_nonce_split("0123456789abcdef01234567deadbeeF", runner, &turn));
	assert_false(pact_nonce_split("0123456789abcdef01234567deadbee", runner, &turn));
}

/* What runners of version 1 say, as they said it: later versions must go on understanding it. */
static void the_recorded_speech_of_version_1_is_understood(void **state)
{
	static const enum pact_kind kinds[] = { PACT_KIND_HELLO, PACT_KIND_START, PACT_KIND_STARTED,
		PACT_KIND_STOP, PACT_KIND_UNKILLABLE, PACT_KIND_ENDED, PACT_KIND_ACKNOWLEDGE,
		PACT_KIND_READY, PACT_KIND_LEAVE, PACT_KIND_TROUBLE, PACT_KIND_MARKER };
	AUTO_BUF stream = { 0 };
	struct pact_message m;
	struct err e;
	size_t at = 0;

	assert_int_equal(io_read_file(getenv("PACT_VERSION_1"), 1 << 20, &stream, &e), 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		assert_true(at + PACT_FRAME_BYTES <= stream.length_bytes);
		size_t length = pact_frame_get((unsigned char *)stream.bytes + at);
		at += PACT_FRAME_BYTES;
		assert_true(at + length <= stream.length_bytes);
		assert_true(pact_decode(&m, stream.bytes + at, length));
		assert_int_equal(m.kind, kinds[i]);
		at += length;
		if (m.kind == PACT_KIND_HELLO)
			assert_int_equal(m.hello.version, 1);
		if (m.kind == PACT_KIND_START)
			assert_int_equal(m.start.argv.count, 3);
		if (m.kind == PACT_KIND_ENDED)
			assert_true(
				m.ended.code == 7 && m.ended.known == 1 && m.ended.cpu_ms == 12);
	}
	assert_int_equal(at, stream.length_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_decodes_the_same),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(names_and_kinds_of_a_newer_side_are_skipped),
		cmocka_unit_test(malformed_bodies_are_refused),
		cmocka_unit_test(no_cut_or_flipped_body_is_read_beyond_its_end),
		cmocka_unit_test(a_body_that_does_not_fit_tells_what_it_needs),
		cmocka_unit_test(an_exit_slot_reads_back_and_every_torn_byte_is_seen),
		cmocka_unit_test(a_nonce_leads_to_its_runner_and_turn),
		cmocka_unit_test(the_recorded_speech_of_version_1_is_understood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
