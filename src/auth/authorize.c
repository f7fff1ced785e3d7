/* auth/authorize.c -- who may do what: one function over one list; see auth.h. */
#include <string.h>

#include "auth/auth.h"

static const char *const role_names[] = {
#define X(name, word) word,
	AUTH_ROLES(X)
#undef X
};

static const struct {
	const char *words;
	enum auth_role least;
	bool own;
	bool job_token;
} rules[] = {
#define X(name, words, least, own, job_token) { words, AUTH_##least, own, job_token },
	AUTH_ACTIONS(X)
#undef X
};

const char *auth_role_name(enum auth_role role)
{
	return role_names[role];
}

int auth_role_of(struct str word)
{
	for (int role = 0; role < AUTH_ROLE_COUNT; role++) {
		if (str_is(word, role_names[role]))
			return role;
	}
	return -1;
}

const char *auth_action_words(enum auth_action action)
{
	return rules[action].words;
}

/* A job's token stands for the job, not for its owner: whatever else its role says, it may do only
 * what is allowed to job tokens, to its own job. */
static int authorize_job(const struct auth_identity *who, enum auth_action action,
	struct auth_object object, struct err *e)
{
	bool own = object.job_id && strcmp(object.job_id, who->job_id) == 0;
	if (rules[action].job_token && (own || action == AUTH_MAY_ANYBODY))
		return 0;
	return err_set(e, ERR_DENIED, "access denied: the token of job %s may not %s%s",
		who->job_id, rules[action].words,
		rules[action].job_token ? " other than its own" : "");
}

int auth_authorize(const struct auth_identity *who, enum auth_action action,
	struct auth_object object, struct err *e)
{
	if (action == AUTH_MAY_ANYBODY)
		return 0;
	if (who->role == AUTH_NONE)
		return err_set(e, ERR_AUTH,
			"a token is needed to %s: send it as \"Authorization: "
			"Bearer TOKEN\"",
			rules[action].words);
	if (who->job_id[0])
		return authorize_job(who, action, object, e);
	if (who->role < rules[action].least)
		return err_set(e, ERR_DENIED,
			"access denied: to %s takes the role %s, and %s has %s",
			rules[action].words, role_names[rules[action].least], who->user,
			role_names[who->role]);
	if (!rules[action].own || who->role == AUTH_ADMIN)
		return 0;
	if (object.owner && strcmp(object.owner, who->user) == 0)
		return 0;
	return err_set(e, ERR_DENIED, "access denied: only the owner (%s) and admins may %s",
		object.owner ? object.owner : "none", rules[action].words);
}

bool auth_peer_is_admin(uid_t peer, uid_t server)
{
	return peer == 0 || peer == server;
}
