/* api/openapi.c -- /openapi.json and /docs, made from the tables of routes and schemas. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/call.h"
#include "api/schemas.h"
#include "base/mem.h"

static void put_state_enum(struct json_out *out)
{
	json_key(out, "enum");
	json_array(out);
#define X(name, word, next) json_text(out, word);
	JOB_STATES(X)
#undef X
	json_end(out);
}

/* null is not in the list: it is said beside it, by the type. */
static void put_end_reason_enum(struct json_out *out)
{
	json_key(out, "enum");
	json_array(out);
	for (int reason = END_NONE + 1; reason < END_REASON_COUNT; reason++)
		json_text(out, end_reason_name((enum end_reason)reason));
	json_null(out);
	json_end(out);
}

static void put_ref(struct json_out *out, const char *name)
{
	char path[80];
	snprintf(path, sizeof(path), "#/components/schemas/%s", name);
	json_put_text(out, "$ref", path);
}

static void put_type(struct json_out *out, struct str type)
{
	char name[40];
	bool nullable = type.length_bytes > 0 && type.at[type.length_bytes - 1] == '?';
	if (nullable)
		type.length_bytes--;
	bool list = type.at[0] == '[';
	bool state = str_is(type, "state"), end = str_is(type, "end_reason");
	struct str base = list ? STR("array") : state || end ? STR("string") : type;
	if (type.at[0] == '#') {
		snprintf(name, sizeof(name), "%.*s", (int)type.length_bytes - 1, type.at + 1);
		put_ref(out, name);
		return;
	}
	json_key(out, "type");
	if (nullable)
		json_array(out);
	json_str(out, base);
	if (nullable) {
		json_text(out, "null");
		json_end(out);
	}
	if (state)
		put_state_enum(out);
	if (end)
		put_end_reason_enum(out);
	if (list) {
		json_key(out, "items");
		json_object(out);
		put_type(out, (struct str){ type.at + 1, type.length_bytes - 2 });
		json_end(out);
	} else if (str_is(base, "array")) {
		json_put_raw(out, "items", "{}");
	}
}

static void put_field(struct json_out *out, const struct schema_field *field)
{
	json_key(out, field->name);
	json_object(out);
	put_type(out, str_of(field->type));
	if (field->words[0])
		json_put_text(out, "description", field->words);
	json_end(out);
}

static void put_properties(struct json_out *out, const struct schema *schema)
{
	json_put_text(out, "type", "object");
	json_key(out, "properties");
	json_object(out);
	for (size_t i = 0; i < schema->count; i++)
		put_field(out, &schema->fields[i]);
	json_end(out);
}

static void put_schema(struct json_out *out, const struct schema *schema)
{
	json_key(out, schema->name);
	json_object(out);
	if (!schema->base) {
		put_properties(out, schema);
		json_end(out);
		return;
	}
	json_key(out, "allOf");
	json_array(out);
	json_object(out);
	put_ref(out, schema->base);
	json_end(out);
	json_object(out);
	put_properties(out, schema);
	json_end(out);
	json_end(out);
	json_end(out);
}

static void put_content(struct json_out *out, const char *type, const char *schema)
{
	json_key(out, "content");
	json_object(out);
	json_key(out, type);
	json_object(out);
	json_key(out, "schema");
	json_object(out);
	put_ref(out, schema);
	json_end(out);
	json_end(out);
	json_end(out);
}

static void put_parameter(struct json_out *out, struct str name, const char *in, bool needed)
{
	json_object(out);
	json_key(out, "name");
	json_str(out, name);
	json_put_text(out, "in", in);
	json_put_bool(out, "required", needed);
	for (size_t i = 0; i < api_parameter_count; i++) {
		const struct schema_field *field = &api_parameters[i];
		if (!str_is(name, field->name))
			continue;
		if (field->words[0])
			json_put_text(out, "description", field->words);
		json_key(out, "schema");
		json_object(out);
		put_type(out, str_of(field->type));
		json_end(out);
		json_end(out);
		return;
	}
	json_put_raw(out, "schema", "{\"type\":\"string\"}");
	json_end(out);
}

static void put_parameters(struct json_out *out, const struct api_route *route)
{
	struct str rest = str_of(route->query), name;
	json_key(out, "parameters");
	json_array(out);
	if (strstr(route->path, ":id"))
		put_parameter(out, STR("id"), "path", true);
	while (str_next(&rest, ',', &name))
		put_parameter(out, name, "query", str_is(name, "job_id"));
	if (strcmp(route->path, JOBS "/jobs") == 0 && strcmp(route->method, "POST") == 0)
		put_parameter(out, STR("Idempotency-Key"), "header", false);
	json_end(out);
}

static void put_responses(struct json_out *out, const struct api_route *route)
{
	bool created = route->takes && strcmp(route->takes, "Submission") == 0;
	json_key(out, "responses");
	json_object(out);
	json_key(out, created ? "201" : "200");
	json_object(out);
	json_put_text(out, "description", route->summary);
	if (route->gives)
		put_content(out, "application/json", route->gives);
	json_end(out);
	json_key(out, "default");
	json_object(out);
	json_put_text(out, "description", "what is wrong, a sentence");
	put_content(out, "application/json", "Error");
	json_end(out);
	json_end(out);
}

static void put_operation(struct json_out *out, const struct api_route *route)
{
	char *method = mem_string(route->method);
	for (char *c = method; *c; c++)
		*c = (char)(*c | 0x20);
	json_key(out, method);
	free(method);
	json_object(out);
	json_put_text(out, "summary", route->summary);
	json_put_text(out, "x-allowed-to", auth_action_words(route->action));
	if (route->action == AUTH_MAY_ANYBODY)
		json_put_raw(out, "security", "[]");
	put_parameters(out, route);
	if (route->takes) {
		json_key(out, "requestBody");
		json_object(out);
		put_content(out, "application/json", route->takes);
		json_end(out);
	}
	put_responses(out, route);
	json_end(out);
}

/* "/a/:id" is "/a/{id}" there. */
static void put_path_key(struct json_out *out, const char *path)
{
	AUTO_BUF text = { 0 };
	bool named = false;
	for (const char *c = path; *c; c++) {
		if (named && *c == '/')
			buf_char(&text, '}');
		named = named && *c != '/';
		buf_char(&text, *c == ':' ? '{' : *c);
		named = named || *c == ':';
	}
	if (named)
		buf_char(&text, '}');
	json_key(out, text.bytes);
}

static bool first_of_path(size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(api_table[i].path, api_table[at].path) == 0)
			return false;
	}
	return true;
}

static void put_paths(struct json_out *out)
{
	json_key(out, "paths");
	json_object(out);
	for (size_t at = 0; at < api_table_count; at++) {
		if (!first_of_path(at))
			continue;
		put_path_key(out, api_table[at].path);
		json_object(out);
		for (size_t i = at; i < api_table_count; i++) {
			if (strcmp(api_table[i].path, api_table[at].path) == 0)
				put_operation(out, &api_table[i]);
		}
		json_end(out);
	}
	json_end(out);
}

static char *make_openapi(const char *version)
{
	struct buf text = { 0 };
	struct json_out out = { .to = &text };
	json_object(&out);
	json_put_text(&out, "openapi", "3.1.0");
	json_key(&out, "info");
	json_object(&out);
	json_put_text(&out, "title", "trainyard");
	json_put_text(&out, "version", version);
	json_end(&out);
	json_put_raw(&out, "security", "[{\"token\":[]}]");
	put_paths(&out);
	json_key(&out, "components");
	json_object(&out);
	json_put_raw(&out, "securitySchemes",
		"{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
	json_key(&out, "schemas");
	json_object(&out);
	for (size_t i = 0; i < api_schema_count; i++)
		put_schema(&out, &api_schemas[i]);
	json_end(&out);
	json_end(&out);
	json_end(&out);
	return buf_take(&text);
}

static void page_fields(struct buf *page, const struct schema *schema)
{
	buf_format(page, "<h3 id=\"%s\">%s</h3>\n<table>\n", schema->name, schema->name);
	if (schema->base)
		buf_format(page, "<tr><td colspan=3>all of <a href=\"#%s\">%s</a>, and\n",
			schema->base, schema->base);
	for (size_t i = 0; i < schema->count; i++)
		buf_format(page, "<tr><td><code>%s</code><td>%s<td>%s\n", schema->fields[i].name,
			schema->fields[i].type, schema->fields[i].words);
	buf_text(page, "</table>\n");
}

static void page_route(struct buf *page, const struct api_route *route)
{
	buf_format(page, "<tr><td><code>%s %s</code><td>%s", route->method, route->path,
		route->summary);
	if (route->query[0])
		buf_format(page, "<br>query: <code>%s</code>", route->query);
	if (route->takes)
		buf_format(page, "<br>takes <a href=\"#%s\">%s</a>", route->takes, route->takes);
	if (route->gives)
		buf_format(page, "<br>gives <a href=\"#%s\">%s</a>", route->gives, route->gives);
	buf_format(page, "<td>%s\n", auth_action_words(route->action));
}

static char *make_page(const char *version)
{
	struct buf page = { 0 };
	buf_format(&page,
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<title>trainyard %s: API</title>\n<style>body{font:16px/1.5 sans-serif;"
		"max-width:60rem;margin:2rem auto;padding:0 1rem}td{vertical-align:top;"
		"padding:.2rem .8rem .2rem 0}</style>\n<h1>trainyard %s: API</h1>\n"
		"<p>Send <code>Authorization: Bearer TOKEN</code>. JSON in and out, UTF-8, times "
		"RFC 3339 UTC. Errors are an <a href=\"#Error\">Error</a> with the fitting status. "
		"The same for programs: <a href=\"/openapi.json\">/openapi.json</a>.</p>\n"
		"<h2>Routes</h2>\n<table>\n",
		version, version);
	for (size_t i = 0; i < api_table_count; i++)
		page_route(&page, &api_table[i]);
	buf_text(&page, "</table>\n<h2>Shapes</h2>\n");
	for (size_t i = 0; i < api_schema_count; i++)
		page_fields(&page, &api_schemas[i]);
	return buf_take(&page);
}

struct api *api_create(const struct ports *ports, struct err *e)
{
	if (auth_init(e))
		return NULL;
	struct api *api = mem_alloc(sizeof(*api));
	const char *version = ports->facts(ports->server)->version;
	api->ports = ports;
	api->openapi = make_openapi(version);
	api->page = make_page(version);
	return api;
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	free(api->openapi);
	free(api->page);
	free(api);
}

const char *api_openapi(const struct api *api)
{
	return api->openapi;
}

void api_openapi_json(struct call *c)
{
	http_reply(c->r, 200, NULL, c->api->openapi, strlen(c->api->openapi));
}

void api_openapi_page(struct call *c)
{
	http_add_header(c->r, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
		"base-uri 'none'");
	http_reply(c->r, 200, "text/html; charset=utf-8", c->api->page, strlen(c->api->page));
}
