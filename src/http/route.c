/* http/route.c -- from a path to its row: a tree of segments. See http.h for what wins. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/inside.h"

#define METHODS_MAX 8

struct node {
	const char *text; /* the literal; NULL below names */
	size_t length_bytes;
	struct node *literals; /* children, linked by next */
	struct node *name;     /* the child of `:name` */
	struct node *rest;     /* the child of `*name` */
	struct node *next;
	const struct http_route *routes[METHODS_MAX];
	int route_count;
};

struct router {
	struct node root;
};

static struct node *child_literal(struct node *n, const char *text, size_t length_bytes, bool make)
{
	for (struct node *c = n->literals; c; c = c->next) {
		if (c->length_bytes == length_bytes && memcmp(c->text, text, length_bytes) == 0)
			return c;
	}
	if (!make)
		return NULL;
	struct node *c = mem_alloc(sizeof(*c));
	c->text = text;
	c->length_bytes = length_bytes;
	c->next = n->literals;
	n->literals = c;
	return c;
}

static struct node *child_any(struct node **slot)
{
	if (!*slot)
		*slot = mem_alloc(sizeof(**slot));
	return *slot;
}

static void add(struct router *t, const struct http_route *route)
{
	assert(route->path[0] == '/');
	struct node *n = &t->root;
	struct str left = str_of(route->path + 1), piece;
	if (left.length_bytes == 0)
		n = child_literal(n, "", 0, true);
	while (str_next(&left, '/', &piece)) {
		if (piece.length_bytes > 1 && piece.at[0] == ':') {
			n = child_any(&n->name);
		} else if (piece.length_bytes > 1 && piece.at[0] == '*') {
			assert(left.length_bytes == 0 && "a wildcard is the last segment");
			n = child_any(&n->rest);
		} else {
			n = child_literal(n, piece.at, piece.length_bytes, true);
		}
	}
	assert(n->route_count < METHODS_MAX);
	for (int i = 0; i < n->route_count; i++)
		assert(strcmp(n->routes[i]->method, route->method) != 0 && "two routes the same");
	n->routes[n->route_count++] = route;
}

struct router *router_create(const struct http_route *routes, size_t count)
{
	struct router *t = mem_alloc(sizeof(*t));
	for (size_t i = 0; i < count; i++)
		add(t, &routes[i]);
	return t;
}

static void free_below(struct node *n)
{
	struct node *next;
	for (struct node *c = n->literals; c; c = next) {
		next = c->next;
		free_below(c);
		free(c);
	}
	if (n->name)
		free_below(n->name);
	free(n->name);
	free(n->rest);
}

void router_destroy(struct router *t)
{
	if (!t)
		return;
	free_below(&t->root);
	free(t);
}

/* The methods of all paths that match, for Allow; a method of the best path that has it. */
struct search {
	struct http_request *r;
	const char *method;
	const char *seen[METHODS_MAX * 2];
	int seen_count;
};

static void note_method(struct search *s, const char *method)
{
	for (int i = 0; i < s->seen_count; i++) {
		if (strcmp(s->seen[i], method) == 0)
			return;
	}
	if (s->seen_count < METHODS_MAX * 2)
		s->seen[s->seen_count++] = method;
}

static bool at_end(struct search *s, const struct node *n)
{
	for (int i = 0; i < n->route_count; i++) {
		if (strcmp(n->routes[i]->method, s->method) == 0) {
			s->r->route = n->routes[i];
			return true;
		}
		note_method(s, n->routes[i]->method);
	}
	return false;
}

static bool rest_is_named(const struct http_request *r, int from)
{
	for (int i = from; i < r->segment_count; i++) {
		if (!r->segments[i][0])
			return false;
	}
	return true;
}

static bool walk(struct search *s, const struct node *n, int depth)
{
	struct http_request *r = s->r;
	if (depth == r->segment_count)
		return at_end(s, n);
	const char *segment = r->segments[depth];
	const struct node *c = child_literal((struct node *)n, segment, strlen(segment), false);
	if (c && walk(s, c, depth + 1))
		return true;
	if (n->name && segment[0] && walk(s, n->name, depth + 1))
		return true;
	return n->rest && rest_is_named(r, depth) && at_end(s, n->rest);
}

static const char *allow_list(struct search *s)
{
	bool has_get = false;
	for (int i = 0; i < s->seen_count; i++)
		has_get = has_get || strcmp(s->seen[i], "GET") == 0;
	if (has_get)
		note_method(s, "HEAD");
	const char *list = s->seen[0];
	for (int i = 1; i < s->seen_count; i++)
		list = arena_format(&s->r->arena, "%s, %s", list, s->seen[i]);
	return list;
}

int router_find(struct http_request *r)
{
	struct search s = { .r = r, .method = r->method };
	if (strcmp(r->method, "HEAD") == 0)
		s.method = "GET";
	if (walk(&s, &r->http->router->root, 0))
		return 0;
	if (s.seen_count == 0)
		return request_refuse(r, ERR_NOT_FOUND, "there is nothing at this path");
	r->allow = allow_list(&s);
	return request_refuse(r, ERR_METHOD, "this path does not take this method");
}

static const char *rest_of(const struct http_request *r, int from)
{
	struct arena *a = &((struct http_request *)r)->arena;
	const char *text = r->segments[from];
	for (int i = from + 1; i < r->segment_count; i++)
		text = arena_format(a, "%s/%s", text, r->segments[i]);
	return text;
}

const char *http_param(const struct http_request *r, const char *name)
{
	struct str left = str_of(r->route->path + 1), piece;
	for (int i = 0; str_next(&left, '/', &piece); i++) {
		if (piece.length_bytes < 2 || (piece.at[0] != ':' && piece.at[0] != '*'))
			continue;
		struct str found = { piece.at + 1, piece.length_bytes - 1 };
		if (str_is(found, name))
			return piece.at[0] == ':' ? r->segments[i] : rest_of(r, i);
	}
	return NULL;
}
