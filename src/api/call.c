/* api/call.c -- from a request to its handler: identity, role, query, job; see call.h. */
#include "api/call.h"

#include "api/api.h"

const struct api_route api_table[] = {
#define X(method, path, may, handler, flags, limit, query, takes, gives, summary)             \
	{ method, path, AUTH_MAY_##may, handler, flags, limit, query, takes, gives, summary },
	API_ROUTES(X)
#undef X
};

static const struct http_route http_table[] = {
#define X(method, path, may, handler, flags, limit, query, takes, gives, summary)            \
	{ method, path, NULL, flags, limit },
	API_ROUTES(X)
#undef X
};

const size_t api_table_count = sizeof(api_table) / sizeof(api_table[0]);

const struct http_route *api_routes(size_t *count)
{
	*count = api_table_count;
	return http_table;
}

void call_fail(struct call *c, const struct err *e)
{
	if (e->kind == ERR_AUTH)
		http_add_header(c->r, "WWW-Authenticate", "Bearer realm=\"trainyard\"");
	http_error(c->r, e, c->id);
}

bool call_may(const struct call *c, enum auth_action action)
{
	struct auth_object object = { c->job.spec.owner, c->job.job.id };
	return auth_authorize(&c->who, action, object, NULL) == 0;
}

int call_number(struct call *c, const char *name, int64_t least, int64_t most, int64_t *value)
{
	const char *text = http_query(c->r, name);
	int64_t number;
	struct err e;
	if (!text)
		return 0;
	if (str_to_i64(str_of(text), &number) && number >= least && number <= most) {
		*value = number;
		return 0;
	}
	err_set(&e, ERR_INPUT, "%s must be an integer from %lld to %lld, got \"%.60s\"", name,
		(long long)least, (long long)most, text);
	call_fail(c, &e);
	return -1;
}

struct job_view call_view(struct call *c, const struct job_record *record)
{
	struct job_view view = { .record = record,
		.now_wall_ms = c->ports->now(c->server).wall_ms };
	if (!job_state_in(record->job.state, JOB_SET_TERMINAL))
		c->ports->job_live(c->server, record->job.id, c->arena, &view.live);
	return view;
}

static int identify_token(struct call *c, const char *header, struct err *e)
{
	uint8_t hash[AUTH_HASH_BYTES];
	struct auth_token token;
	struct str text;
	if (!auth_bearer(str_of(header), &text))
		return err_set(e, ERR_AUTH,
			"the Authorization header must be \"Bearer TOKEN\", one space between");
	if (!auth_token_hash(text, hash) ||
		c->ports->token_by_hash(c->server, hash, &token, NULL) ||
		!auth_hash_same(hash, token.hash))
		return err_set(e, ERR_AUTH, "this token is not known here, or was revoked");
	c->who = token.identity;
	return 0;
}

/* A token decides where one was sent; without one, a peer of the unix socket is who it is. */
static int identify(struct call *c, struct err *e)
{
	const char *header = http_header(c->r, "Authorization");
	const struct http_peer *peer = http_peer(c->r);
	const struct server_facts *facts = c->ports->facts(c->server);
	if (header)
		return identify_token(c, header, e);
	if (!peer->is_unix)
		return 0;
	if (auth_peer_is_admin(peer->uid, facts->uid)) {
		c->who.role = AUTH_ADMIN;
		str_copy_cut(c->who.user, sizeof(c->who.user),
			peer->uid == facts->uid ? facts->user : "root");
		return 0;
	}
	if (c->ports->user_by_uid(c->server, peer->uid, &c->who, NULL))
		c->who = (struct auth_identity){ 0 };
	return 0;
}

static bool names_query(const char *names, const char *name)
{
	struct str rest = str_of(names), one;
	while (str_next(&rest, ',', &one)) {
		if (str_is(one, name))
			return true;
	}
	return false;
}

static int check_query(struct call *c, struct err *e)
{
	for (size_t i = 0; i < http_query_count(c->r); i++) {
		const char *value, *name = http_query_at(c->r, i, &value);
		if (!names_query(c->route->query, name))
			return err_set(e, ERR_INPUT, "there is no parameter \"%.60s\" here%s%s",
				name, c->route->query[0] ? ", only: " : "", c->route->query);
		if (http_query(c->r, name) != value)
			return err_set(e, ERR_INPUT, "%s is given twice", name);
	}
	return 0;
}

/* The job that the request names, if its route names one. */
static int find_job(struct call *c, struct err *e)
{
	bool by_query = names_query(c->route->query, "job_id");
	const char *id = by_query ? http_query(c->r, "job_id") : http_param(c->r, "id");
	if (by_query && !id)
		return err_set(e, ERR_INPUT, "job_id is missing in the query");
	if (!id)
		return 0;
	if (!str_is_id(str_of(id)))
		return err_set(e, ERR_INPUT,
			"\"%.100s\" is no job's id: 1 to 128 letters, digits, "
			"_ or -, the first a letter or digit",
			id);
	if (c->ports->job_get(c->server, id, c->arena, &c->job, e))
		return -1;
	c->id = id;
	return 0;
}

/* Nobody learns whether a job exists before showing who asks. */
static int admit_somebody(struct call *c, struct err *e)
{
	struct auth_object object = { 0 };
	if (c->route->action == AUTH_MAY_ANYBODY)
		return 0; /* open to all, whatever they hold */
	if (identify(c, e))
		return -1;
	if (c->who.role != AUTH_NONE)
		return 0;
	return auth_authorize(&c->who, c->route->action, object, e);
}

static int admit(struct call *c, struct err *e)
{
	struct auth_object object = { 0 };
	if (admit_somebody(c, e))
		return -1;
	if (check_query(c, e) || find_job(c, e))
		return -1;
	if (c->id)
		object = (struct auth_object){ c->job.spec.owner, c->job.job.id };
	return auth_authorize(&c->who, c->route->action, object, e);
}

static struct call call_of(struct api *api, struct http_request *r, const struct http_route *route)
{
	return (struct call){
		.api = api,
		.ports = api->ports,
		.server = api->ports->server,
		.r = r,
		.arena = http_arena(r),
		.route = &api_table[route - http_table],
	};
}

int api_admit(void *context, struct http_request *r, const struct http_route *route, struct err *e)
{
	struct call c = call_of(context, r, route);
	return admit_somebody(&c, e);
}

void api_handle(void *context, struct http_request *r, const struct http_route *route)
{
	struct err e = { 0 };
	struct call c = call_of(context, r, route);
	if (admit(&c, &e))
		call_fail(&c, &e);
	else
		c.route->handle(&c);
}
