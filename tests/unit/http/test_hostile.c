/* http/test_hostile.c -- the table of hostile requests, tests/data/hostile-http.txt, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "unit/http/site.h"

#define ROWS_LEAST 150
#define RULES_LEAST 40

struct row {
	int line;
	struct str rule;
	int status;
	struct buf bytes;
};

static struct site site;
static struct buf table;

static int open_site(void **state)
{
	struct err e = { 0 };
	if (io_read_file(TEST_DATA "/hostile-http.txt", 1u << 20, &table, &e) < 0) {
		print_error("%s\n", e.text);
		return -1;
	}
	site_open(&site, (struct http_config){ .head_ms = 100, .body_ms = 100 });
	site_serve(&site);
	return 0;
}

static int close_site(void **state)
{
	buf_finish(&table);
	site_close(&site);
	return 0;
}

static void unescape(struct buf *to, struct str text);

/* \{1000*abc} */
static const char *repeat(struct buf *to, const char *at, const char *end)
{
	char *star;
	unsigned long count = strtoul(at, &star, 10);
	const char *close = star;
	while (close < end && *close != '}')
		close++;
	assert_true(*star == '*' && close < end);
	struct buf piece = { 0 };
	unescape(&piece, (struct str){ star + 1, (size_t)(close - star - 1) });
	for (unsigned long i = 0; i < count; i++)
		buf_add(to, piece.bytes, piece.length_bytes);
	buf_finish(&piece);
	return close;
}

static void unescape(struct buf *to, struct str text)
{
	const char *end = text.at + text.length_bytes;
	for (const char *at = text.at; at < end; at++) {
		if (*at != '\\') {
			buf_char(to, *at);
			continue;
		}
		char hex[3] = { 0 };
		switch (*++at) {
		case 'r':
			buf_char(to, '\r');
			break;
		case 'n':
			buf_char(to, '\n');
			break;
		case 't':
			buf_char(to, '\t');
			break;
		case '\\':
			buf_char(to, '\\');
			break;
		case 'x':
			memcpy(hex, at + 1, 2);
			buf_char(to, (char)strtoul(hex, NULL, 16));
			at += 2;
			break;
		case 'H':
			buf_text(to, "Host: localhost\r\n");
			break;
		case 'J':
			buf_text(to, "Content-Type: application/json\r\n");
			break;
		case '{':
			at = repeat(to, at + 1, end);
			break;
		default:
			fail_msg("an unknown escape in the table: \\%c", *at);
		}
	}
}

static bool next_row(struct str *left, int *line, struct row *row)
{
	struct str text, rule, status;
	while (str_next(left, '\n', &text)) {
		++*line;
		if (text.length_bytes == 0 || text.at[0] == '#')
			continue;
		int64_t number;
		assert_true(str_next(&text, '\t', &rule));
		assert_true(str_next(&text, '\t', &status));
		assert_true(str_to_i64(status, &number));
		*row = (struct row){ .line = *line, .rule = rule, .status = (int)number };
		unescape(&row->bytes, text);
		return true;
	}
	return false;
}

/* Every answer of our own is JSON with a sentence; the library's own are HTML, with one as well. */
static bool has_sentence(const struct reply *r)
{
	return r->body.length_bytes > 20 &&
		(strstr(r->body.bytes, "\"success\":false,\"error\":\"") ||
			strstr(r->body.bytes, "<html>"));
}

/* libmicrohttpd 0.9.75 sends the head of some of its own refusals twice before it closes. */
static bool ends_well(const struct reply *r)
{
	return r->rest.length_bytes == 0 || strstr(r->body.bytes, "<html>");
}

static bool try_row(const struct row *row)
{
	struct reply reply = { 0 };
	int handled = site.handled;
	int fd = site_dial(&site);
	site_send_bytes(&site, fd, row->bytes.bytes, row->bytes.length_bytes);
	site_read(&site, fd, &reply, row->bytes.bytes[0] == 'H');
	bool right = reply.status == row->status && site.handled == handled &&
		(row->status == 0 || row->bytes.bytes[0] == 'H' || has_sentence(&reply)) &&
		ends_well(&reply);
	if (!right)
		print_error("line %d, %.*s: %d, not %d%s: %s%s\n", row->line,
			(int)row->rule.length_bytes, row->rule.at, reply.status, row->status,
			site.handled == handled ? "" : " (handled)",
			reply.body.bytes ? reply.body.bytes : "",
			reply.rest.length_bytes ? " (and more)" : "");
	close(fd);
	reply_clear(&reply);
	return right;
}

static void each_hostile_request_gets_its_status_and_reaches_no_handler(void **state)
{
	struct str left = { table.bytes, table.length_bytes };
	struct row row;
	int line = 0, rows = 0, wrong = 0, rules = 0;
	struct str last = { 0 };
	while (next_row(&left, &line, &row)) {
		rows++;
		if (row.rule.length_bytes != last.length_bytes ||
			memcmp(row.rule.at, last.at, last.length_bytes) != 0)
			rules++;
		last = row.rule;
		wrong += !try_row(&row);
		buf_finish(&row.bytes);
	}
	print_message("# %d requests, %d rules\n", rows, rules);
	assert_int_equal(wrong, 0);
	assert_true(rows >= ROWS_LEAST);
	assert_true(rules >= RULES_LEAST);
	SITE_UNTIL(&site, http_busy(site.http) == 0);
}

/* The same bytes, cut anywhere, end in an answer or a closed connection, and the server lives. */
static void a_request_cut_at_any_byte_ends(void **state)
{
	static const char whole[] = "POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n"
				    "Content-Type: application/json\r\n"
				    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
	for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
		int fd = site_dial(&site);
		site_send_bytes(&site, fd, whole, cut);
		close(fd);
	}
	SITE_UNTIL(&site, http_busy(site.http) == 0);
	struct reply reply = { 0 };
	site_ask(&site, whole, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
}

static void a_request_sent_byte_by_byte_is_answered(void **state)
{
	struct reply reply = { 0 };
	static const char whole[] = "POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n"
				    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
	struct site slow;
	site_open(&slow, (struct http_config){ 0 });
	site_serve(&slow);
	int fd = site_dial(&slow);
	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		site_send_bytes(&slow, fd, whole + i, 1);
	site_read(&slow, fd, &reply, false);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body.bytes, "{}");
	close(fd);
	reply_clear(&reply);
	site_close(&slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hostile_request_gets_its_status_and_reaches_no_handler),
		cmocka_unit_test(a_request_cut_at_any_byte_ends),
		cmocka_unit_test(a_request_sent_byte_by_byte_is_answered),
	};
	return cmocka_run_group_tests(tests, open_site, close_site);
}
