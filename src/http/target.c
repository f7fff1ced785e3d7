/* http/target.c -- the request's target, split and decoded once. See inside.h.
 *
 * Decoding happens after splitting, so that %2F never makes a new segment, and never again after
 * that. What decodes to a control character, to bad UTF-8 or to a step upwards is refused here,
 * before any handler could take it for a name. */
#include <string.h>

#include "http/inside.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false on a malformed escape. */
static bool decode(char *text, bool plus_is_space)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		char c = *from;
		if (c == '%') {
			int high = hex(from[1]);
			int low = high < 0 ? -1 : hex(from[2]);
			if (low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high << 4 | low);
			from += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		*to++ = c;
	}
	*to = 0;
	return true;
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return true;
	}
	return false;
}

static int segment_add(struct http_request *r, char *segment)
{
	if (r->segment_count == SEGMENTS_MAX)
		return request_refuse(r, ERR_NOT_FOUND, "there is nothing at this path");
	if (strchr(segment, '%')) {
		if (!decode(segment, false) || !str_is_utf8(str_of(segment)) ||
			has_control(segment))
			return request_refuse(r, ERR_INPUT,
				"the path has an escape that is no plain UTF-8 text");
		if (strchr(segment, '/'))
			return request_refuse(r, ERR_INPUT, "a name in the path holds a slash");
	}
	if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
		return request_refuse(r, ERR_INPUT, "the path has a step upwards");
	r->segments[r->segment_count++] = segment;
	return 0;
}

static int parse_path(struct http_request *r)
{
	char *at = arena_string(&r->arena, r->path) + 1;
	for (;;) {
		char *slash = strchr(at, '/');
		if (slash)
			*slash = 0;
		if (segment_add(r, at) < 0)
			return -1;
		if (!slash)
			return 0;
		at = slash + 1;
	}
}

static int query_add(struct http_request *r, char *pair)
{
	if (r->query_count == QUERY_MAX)
		return request_refuse(r, ERR_INPUT, "the query has too many parts");
	char *equals = strchr(pair, '=');
	if (equals)
		*equals = 0;
	struct query *q = &r->queries[r->query_count];
	q->name = pair;
	q->value = equals ? equals + 1 : pair + strlen(pair);
	if (!decode(q->name, true) || !decode(q->value, true) || !str_is_utf8(str_of(q->name)) ||
		!str_is_utf8(str_of(q->value)))
		return request_refuse(r, ERR_INPUT,
			"the query has an escape that is no plain UTF-8 text");
	r->query_count++;
	return 0;
}

static int parse_query(struct http_request *r, const char *query)
{
	r->queries = arena_array(&r->arena, struct query, QUERY_MAX);
	char *at = arena_string(&r->arena, query);
	while (*at) {
		char *and = strchr(at, '&');
		if (and)
			*and = 0;
		if (*at && query_add(r, at) < 0)
			return -1;
		if (!and)
			return 0;
		at = and+1;
	}
	return 0;
}

int target_parse(struct http_request *r)
{
	const char *query = NULL;
	for (const char *at = r->target; *at; at++) {
		unsigned char c = (unsigned char)*at;
		if (c <= 0x20 || c >= 0x7F || c == '#')
			return request_refuse(r, ERR_INPUT,
				"the target has a character that must be percent-encoded");
		if (c == '?' && !query)
			query = at;
	}
	if (r->target[0] != '/')
		return request_refuse(r, ERR_INPUT, "the target does not begin with a slash");
	r->path = r->target;
	if (query) {
		r->path = arena_copy(&r->arena, r->target, (size_t)(query - r->target));
		if (parse_query(r, query + 1) < 0)
			return -1;
	}
	return parse_path(r);
}
