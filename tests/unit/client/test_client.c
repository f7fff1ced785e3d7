/* tests/unit/client/test_client.c -- facts about finding the server and about its replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/scope.h"
#include "client/client.h"
#include "unit/net/fake.h"

#define JOB(id, name, status) \
	"{\"job_id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\"}"

static char folder[64];

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/client-XXXXXX");
	unsetenv("TRAINYARD_SERVER");
	unsetenv("TRAINYARD_TOKEN");
	unsetenv("TRAINYARD_STATE");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int remove_folder(void **state)
{
	unlink(in_folder("address"));
	unlink(in_folder("admin.token"));
	unlink(in_folder("trainyard.sock"));
	unlink(in_folder("lock"));
	return rmdir(folder);
}

static void put(const char *name, const char *text)
{
	assert_int_equal(io_write_file(in_folder(name), text, strlen(text), 0600, NULL), 0);
}

/* A process that holds the directory's lock, as a server does, until server_end closes its pipe. */
struct server {
	pid_t pid;
	int hold;
};

static struct server server_begin(void)
{
	int hold[2], ready[2];
	char byte = 0;
	put("lock", "1\n");
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(in_folder("lock"), O_RDWR);
		close(hold[1]);
		byte = fcntl(fd, F_SETLK, &whole) == 0;
		if (write(ready[1], &byte, 1) == 1)
			(void)!read(hold[0], &byte, 1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	close(ready[0]);
	close(ready[1]);
	close(hold[0]);
	return (struct server){ pid, hold[1] };
}

static void server_end(struct server s)
{
	close(s.hold);
	assert_int_equal(waitpid(s.pid, NULL, 0), s.pid);
}

static void a_socket_is_preferred_and_needs_no_token(void **state)
{
	struct place p;
	put("address", "http://127.0.0.1:7\n");
	put("admin.token", "ty_secret\n");
	put("trainyard.sock", "");
	assert_int_equal(place_find(&p, &(struct client_where){ .state = folder }, NULL), 0);
	assert_string_equal(p.socket_path, in_folder("trainyard.sock"));
	assert_null(p.token);
	place_finish(&p);
}

static void without_a_socket_address_and_admin_token_count(void **state)
{
	struct place p;
	struct server server = server_begin();
	put("address", "http://127.0.0.1:7\n");
	put("admin.token", "ty_secret\n");
	assert_int_equal(place_find(&p, &(struct client_where){ .state = folder }, NULL), 0);
	assert_null(p.socket_path);
	assert_string_equal(p.url, "http://127.0.0.1:7");
	assert_string_equal(p.token, "ty_secret");
	place_finish(&p);
	server_end(server);
}

static void the_admin_token_is_kept_from_whoever_took_a_dead_servers_address(void **state)
{
	struct place p;
	struct client_where named = { .state = folder, .server = "127.0.0.1:7" };
	put("address", "http://127.0.0.1:7\n");
	put("admin.token", "ty_secret\n");
	server_end(server_begin());
	assert_int_equal(place_find(&p, &(struct client_where){ .state = folder }, NULL), 0);
	assert_null(p.token);
	place_finish(&p);
	assert_int_equal(place_find(&p, &named, NULL), 0);
	assert_null(p.token);
	place_finish(&p);
}

static void the_admin_token_goes_to_its_own_server_only(void **state)
{
	struct place p;
	struct server server = server_begin();
	put("address", "http://127.0.0.1:7\n");
	put("admin.token", "ty_secret\n");
	struct client_where own = { .state = folder, .server = "127.0.0.1:7/" };
	struct client_where other = { .state = folder, .server = "http://example.org" };
	assert_int_equal(place_find(&p, &own, NULL), 0);
	assert_string_equal(p.token, "ty_secret");
	place_finish(&p);
	assert_int_equal(place_find(&p, &other, NULL), 0);
	assert_null(p.token);
	place_finish(&p);
	server_end(server);
}

static void flags_count_more_than_the_environment(void **state)
{
	struct place p;
	setenv("TRAINYARD_SERVER", "http://127.0.0.1:1", 1);
	setenv("TRAINYARD_TOKEN", "env", 1);
	assert_int_equal(place_find(&p, &(struct client_where){ .state = folder }, NULL), 0);
	assert_string_equal(p.url, "http://127.0.0.1:1");
	assert_string_equal(p.token, "env");
	place_finish(&p);
	struct client_where flags = { .state = folder,
		.server = "http://127.0.0.1:2",
		.token = "flag" };
	assert_int_equal(place_find(&p, &flags, NULL), 0);
	assert_string_equal(p.url, "http://127.0.0.1:2");
	assert_string_equal(p.token, "flag");
	place_finish(&p);
}

static void an_empty_state_directory_says_how_to_start_a_server(void **state)
{
	struct place p;
	struct err e = { 0 };
	assert_int_equal(place_find(&p, &(struct client_where){ .state = folder }, &e), -1);
	assert_int_equal(e.kind, ERR_NO_SERVER);
	assert_non_null(strstr(e.text, "trainyard serve"));
	assert_non_null(strstr(e.text, folder));
}

static void a_token_or_address_that_would_break_a_header_is_refused(void **state)
{
	struct place p;
	struct err e = { 0 };
	struct client_where bad_token = { .server = "http://127.0.0.1:1", .token = "a\r\nX: y" };
	struct client_where bad_server = { .server = "http://127.0.0.1:1/ HTTP/1.1\r\nX: y" };
	struct client_where bad_scheme = { .server = "file:///etc/passwd" };
	assert_int_equal(place_find(&p, &bad_token, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(place_find(&p, &bad_server, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(place_find(&p, &bad_scheme, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

/* A client of a fake with these JSON replies, NULL at the end. */
struct scene {
	struct fake fake;
	struct client *client;
	struct answer answer;
	struct job_facts facts;
	struct err e;
	struct client_where where;
	char *replies[8];
};

static void open_scene(struct scene *s, const char *const *replies)
{
	*s = (struct scene){ 0 };
	for (int i = 0; replies[i]; i++) {
		bool plain = replies[i] == FAKE_CUT || replies[i] == FAKE_SILENCE;
		s->replies[i] = plain ? (char *)(uintptr_t)replies[i]
				      : fake_json(atoi(replies[i]), replies[i] + 4);
	}
	fake_start(&s->fake, (const char *const *)s->replies);
	s->where.server = s->fake.url;
	s->client = client_open(&s->where, &s->e);
	assert_non_null(s->client);
}

static void close_scene(struct scene *s)
{
	client_close(s->client);
	answer_finish(&s->answer);
	fake_stop(&s->fake);
	for (int i = 0; i < 8; i++) {
		if (s->replies[i] && s->replies[i] != FAKE_CUT && s->replies[i] != FAKE_SILENCE)
			free(s->replies[i]);
	}
}

static void a_lost_reply_to_a_submission_is_asked_for_under_the_same_key(void **state)
{
	struct scene s;
	const char *const replies[] = { FAKE_CUT,
		"503 {\"error\":\"wait\",\"code\":\"unavailable\"}",
		"201 " JOB("j1", "n", "queued"), NULL };
	open_scene(&s, replies);
	assert_int_equal(client_submit(s.client, "{}", &s.answer, &s.facts, &s.e), 0);
	assert_string_equal(s.facts.id, "j1");
	assert_true(fake_count(&s.fake, "POST /api/training/jobs") >= 3);
	AUTO_BUF asked = { 0 };
	fake_asked(&s.fake, &asked);
	char key[64] = "";
	sscanf(strstr(asked.bytes, "Idempotency-Key: "), "Idempotency-Key: %60s", key);
	assert_int_equal(strlen(key), 32);
	assert_int_equal(fake_count(&s.fake, key), fake_count(&s.fake, "POST /api/training/jobs"));
	close_scene(&s);
}

static void two_submissions_have_two_keys(void **state)
{
	struct scene s;
	const char *const replies[] = { "201 " JOB("j1", "n", "queued"), NULL };
	open_scene(&s, replies);
	assert_int_equal(client_submit(s.client, "{}", &s.answer, &s.facts, &s.e), 0);
	AUTO_BUF asked = { 0 };
	fake_asked(&s.fake, &asked);
	char key[64] = "";
	sscanf(strstr(asked.bytes, "Idempotency-Key: "), "Idempotency-Key: %60s", key);
	assert_int_equal(client_submit(s.client, "{}", &s.answer, &s.facts, &s.e), 0);
	assert_int_equal(fake_count(&s.fake, key), 1);
	close_scene(&s);
}

static void a_refused_submission_is_not_sent_again(void **state)
{
	struct scene s;
	const char *const replies[] = {
		"400 {\"success\":false,\"error\":\"gpus: at most 64\",\"code\":\"bad_input\"}",
		NULL
	};
	open_scene(&s, replies);
	assert_int_equal(client_submit(s.client, "{}", &s.answer, &s.facts, &s.e), -1);
	assert_int_equal(s.e.kind, ERR_INPUT);
	assert_string_equal(s.e.text, "gpus: at most 64");
	assert_int_equal(fake_count(&s.fake, "POST "), 1);
	close_scene(&s);
}

#define LIST                                                                          \
	"{\"jobs\":[" JOB("aa11", "red", "running") "," JOB("aa22", "blue", "failed") "," \
	JOB("bb33", "blue", "completed") "," JOB("cc44", "aa", "queued")              \
	"],\"total\":4,\"next_cursor\":null}"

static void find(struct scene *s, const char *word, const char *then)
{
	const char *const replies[] = { "404 {\"error\":\"no such job\",\"code\":\"not_found\"}",
		"200 " LIST, then, NULL };
	open_scene(s, replies);
	int failed = client_find(s->client, word, &s->answer, &s->facts, &s->e);
	assert_int_equal(failed, then ? 0 : -1);
}

static void a_job_is_found_by_the_beginning_of_its_id_or_by_its_name(void **state)
{
	struct scene s;
	find(&s, "bb", "200 " JOB("bb33", "blue", "completed"));
	assert_int_equal(fake_count(&s.fake, "GET /api/training/jobs/bb33 "), 1);
	close_scene(&s);
	find(&s, "red", "200 " JOB("aa11", "red", "running"));
	assert_int_equal(fake_count(&s.fake, "GET /api/training/jobs/aa11 "), 1);
	close_scene(&s);
}

static void a_name_counts_more_than_the_beginning_of_an_id(void **state)
{
	struct scene s;
	find(&s, "aa", "200 " JOB("cc44", "aa", "queued"));
	assert_int_equal(fake_count(&s.fake, "GET /api/training/jobs/cc44 "), 1);
	close_scene(&s);
}

static void an_ambiguous_name_lists_what_it_may_mean(void **state)
{
	struct scene s;
	find(&s, "blue", NULL);
	assert_int_equal(s.e.kind, ERR_CONFLICT);
	assert_non_null(strstr(s.e.text, "aa22"));
	assert_non_null(strstr(s.e.text, "bb33"));
	close_scene(&s);
	find(&s, "a", NULL);
	assert_int_equal(s.e.kind, ERR_CONFLICT);
	assert_non_null(strstr(s.e.text, "aa11"));
	close_scene(&s);
}

static void an_unknown_name_is_not_found(void **state)
{
	struct scene s;
	find(&s, "green", NULL);
	assert_int_equal(s.e.kind, ERR_NOT_FOUND);
	close_scene(&s);
}

static void a_name_that_is_no_id_never_becomes_a_path(void **state)
{
	struct scene s;
	const char *const replies[] = { "200 " LIST, NULL };
	open_scene(&s, replies);
	assert_int_equal(client_find(s.client, "../x?y", &s.answer, &s.facts, &s.e), -1);
	assert_int_equal(s.e.kind, ERR_NOT_FOUND);
	assert_int_equal(fake_count(&s.fake, "../"), 0);
	close_scene(&s);
}

static void count(void *context, const struct job_facts *facts)
{
	++*(int *)context;
}

static void a_list_goes_on_page_after_page(void **state)
{
	struct scene s;
	int jobs = 0;
	int64_t total = 0;
	const char *const replies[] = { "200 {\"jobs\":[" JOB("a", "a",
						"queued") "],\"total\":2,\"next_cursor\":\"c/1\"}",
		"200 {\"jobs\":[" JOB("b", "b", "queued") "],\"total\":2,\"next_cursor\":null}",
		NULL };
	open_scene(&s, replies);
	struct jobs_ask ask = { .status = "active,failed" };
	assert_int_equal(client_jobs(s.client, &ask, count, &jobs, &total, &s.e), 0);
	assert_int_equal(jobs, 2);
	assert_int_equal(total, 2);
	assert_int_equal(fake_count(&s.fake, "status=active,failed"), 2);
	assert_int_equal(fake_count(&s.fake, "cursor=c%2F1"), 1);
	close_scene(&s);
}

static void what_a_reply_leaves_out_is_not_known(void **state)
{
	struct scene s;
	const char *const replies[] = {
		"200 {\"job_id\":\"a\",\"status\":\"running\",\"loss\":null,"
		"\"loss_word\":\"NaN\",\"current_step\":7,\"exit_code\":null,"
		"\"stop\":{\"phase\":\"killing\"}}",
		NULL
	};
	open_scene(&s, replies);
	assert_int_equal(client_job(s.client, "a", &s.answer, &s.facts, &s.e), 0);
	assert_int_equal(s.facts.state, JOB_RUNNING);
	assert_int_equal(s.facts.step, 7);
	assert_int_equal(s.facts.total_steps, -1);
	assert_int_equal(s.facts.exit_code, -1);
	assert_true(isnan(s.facts.loss));
	assert_string_equal(s.facts.loss_word, "NaN");
	assert_string_equal(s.facts.name, "a");
	assert_string_equal(s.facts.stop_phase, "killing");
	close_scene(&s);
}

static void a_reply_that_is_no_job_is_an_error_and_no_crash(void **state)
{
	static const char *const odd[] = { "200 []", "200 {}", "200 nonsense", "200 {\"job_id\":1}",
		"200 null", "500 ", "401 {}", "404 <html>" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct scene s;
		const char *const replies[] = { odd[i], NULL };
		open_scene(&s, replies);
		assert_int_equal(client_job(s.client, "a", &s.answer, &s.facts, &s.e), -1);
		assert_true(s.e.text[0]);
		close_scene(&s);
	}
}

static void a_cancellation_carries_reason_and_grace(void **state)
{
	struct scene s;
	const char *message;
	const char *const replies[] = {
		"200 {\"success\":true,\"message\":\"Job cancelled (was running)\"}", NULL
	};
	open_scene(&s, replies);
	struct cancel_wish wish = { .reason = "too \"slow\"", .grace_ms = 1500 };
	assert_int_equal(client_cancel(s.client, "a", &wish, &s.answer, &message, &s.e), 0);
	assert_string_equal(message, "Job cancelled (was running)");
	assert_int_equal(fake_count(&s.fake,
				 "{\"reason\":\"too \\\"slow\\\"\",\"grace_seconds\":1.5}"),
		1);
	close_scene(&s);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_socket_is_preferred_and_needs_no_token),
		IN_FOLDER(without_a_socket_address_and_admin_token_count),
		IN_FOLDER(the_admin_token_is_kept_from_whoever_took_a_dead_servers_address),
		IN_FOLDER(the_admin_token_goes_to_its_own_server_only),
		IN_FOLDER(flags_count_more_than_the_environment),
		IN_FOLDER(an_empty_state_directory_says_how_to_start_a_server),
		IN_FOLDER(a_token_or_address_that_would_break_a_header_is_refused),
		IN_FOLDER(a_lost_reply_to_a_submission_is_asked_for_under_the_same_key),
		IN_FOLDER(two_submissions_have_two_keys),
		IN_FOLDER(a_refused_submission_is_not_sent_again),
		IN_FOLDER(a_job_is_found_by_the_beginning_of_its_id_or_by_its_name),
		IN_FOLDER(a_name_counts_more_than_the_beginning_of_an_id),
		IN_FOLDER(an_ambiguous_name_lists_what_it_may_mean),
		IN_FOLDER(an_unknown_name_is_not_found),
		IN_FOLDER(a_name_that_is_no_id_never_becomes_a_path),
		IN_FOLDER(a_list_goes_on_page_after_page),
		IN_FOLDER(what_a_reply_leaves_out_is_not_known),
		IN_FOLDER(a_reply_that_is_no_job_is_an_error_and_no_crash),
		IN_FOLDER(a_cancellation_carries_reason_and_grace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
