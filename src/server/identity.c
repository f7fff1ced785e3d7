/* server/identity.c -- tokens and users: the admin's token is made on the first start and kept,
 * readable by its owner alone, in STATE/admin.token. */
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/server.h"

#define ADMIN_LABEL "made on the first start"

/* Whoever takes the file away wants its token gone: only the one of the file is good. */
static int revoke_admins(struct server *s, struct arena *a, struct err *e)
{
	struct store_token *tokens;
	size_t count;
	if (store_tokens(s->store, a, &tokens, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (tokens[i].revoked_wall_ms || strcmp(tokens[i].label, ADMIN_LABEL) != 0)
			continue;
		tokens[i].revoked_wall_ms = loop_now().wall_ms;
		if (store_token_put(s->store, &tokens[i], e) < 0)
			return -1;
	}
	return 0;
}

static int keep(struct server *s, const uint8_t hash[AUTH_HASH_BYTES], struct err *e)
{
	struct store_token token = { .created_wall_ms = loop_now().wall_ms };
	memcpy(token.hash, hash, sizeof(token.hash));
	str_to_hex(token.id, hash, 16);
	str_copy_cut(token.user, sizeof(token.user), s->user);
	str_copy_cut(token.role, sizeof(token.role), auth_role_name(AUTH_ADMIN));
	str_copy_cut(token.label, sizeof(token.label), ADMIN_LABEL);
	if (store_begin(s->store, e) < 0)
		return -1;
	struct arena a = { 0 };
	int status = revoke_admins(s, &a, e);
	arena_finish(&a);
	if (status < 0 || store_token_put(s->store, &token, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	return store_commit(s->store, e);
}

/* The file is written before its hash is stored: a token that nobody can read helps nobody. */
static int make_admin(struct server *s, const char *path, struct err *e)
{
	char text[AUTH_TOKEN_BYTES + 1];
	uint8_t hash[AUTH_HASH_BYTES];
	auth_token_make(text, hash);
	size_t length = strlen(text);
	text[length] = '\n';
	if (io_write_file(path, text, length + 1, 0600, e) < 0)
		return -1;
	log_info("the admin's token is in %s", path);
	return keep(s, hash, e);
}

int identity_open(struct server *s, struct err *e)
{
	const struct passwd *user = getpwuid(geteuid());
	AUTO_BUF path = { 0 };
	AUTO_BUF text = { 0 };
	struct store_token known;
	uint8_t hash[AUTH_HASH_BYTES];
	s->user = mem_string(user ? user->pw_name : "admin");
	s->facts.user = s->user;
	s->facts.uid = geteuid();
	buf_format(&path, "%s/admin.token", s->config->value[CONFIG_state]);
	if (io_read_file(path.bytes, 4096, &text, e) < 0)
		return e->kind == ERR_NOT_FOUND ? make_admin(s, path.bytes, e) : -1;
	struct str token = str_trim((struct str){ text.bytes, text.length_bytes });
	if (!auth_token_hash(token, hash))
		return err_set(e, ERR_INPUT, "%s holds no token; remove it to have a new one made",
			path.bytes);
	int status = store_token_by_hash(s->store, hash, &known, e);
	if (status == 0 && known.revoked_wall_ms == 0)
		return 0;
	return status == 0 || e->kind == ERR_NOT_FOUND ? keep(s, hash, e) : -1;
}

/* The same few tokens come with every request: they are looked up once. Tokens are only ever added
 * while the server runs, so nothing here can go stale; expiry is looked at each time. */
static int find(struct server *s, const uint8_t hash[AUTH_HASH_BYTES],
	const struct store_token **token, struct err *e)
{
	struct store_token *known = &s->tokens_seen[hash[0] % TOKENS_SEEN_MAX];
	*token = known;
	if (known->id[0] && memcmp(known->hash, hash, AUTH_HASH_BYTES) == 0)
		return 0;
	struct store_token stored;
	if (store_token_by_hash(s->store, hash, &stored, e) < 0)
		return -1;
	*known = stored;
	return 0;
}

static int token_by_hash(void *server, const uint8_t hash[AUTH_HASH_BYTES],
	struct auth_token *token, struct err *e)
{
	struct server *s = server;
	const struct store_token *known;
	if (find(s, hash, &known, e) < 0)
		return -1;
	int role = auth_role_of(str_of(known->role));
	bool over = known->revoked_wall_ms != 0 ||
		(known->expires_wall_ms != 0 && known->expires_wall_ms <= loop_now().wall_ms);
	/* A job's own token is good while the job is. */
	if (known->job_id[0] && !live_find(s, known->job_id))
		over = true;
	if (role < 0 || over)
		return err_set(e, ERR_NOT_FOUND, "the token was revoked or has expired");
	*token = (struct auth_token){ .identity.role = (enum auth_role)role };
	memcpy(token->hash, known->hash, sizeof(token->hash));
	str_copy_cut(token->identity.user, sizeof(token->identity.user), known->user);
	str_copy_cut(token->identity.job_id, sizeof(token->identity.job_id), known->job_id);
	return 0;
}

static int user_by_uid(void *server, uid_t uid, struct auth_identity *who, struct err *e)
{
	struct server *s = server;
	const struct passwd *user = getpwuid(uid);
	struct store_user stored;
	if (!user)
		return err_set(e, ERR_NOT_FOUND, "no user has the uid %u", (unsigned)uid);
	if (auth_peer_is_admin(uid, s->facts.uid)) {
		*who = (struct auth_identity){ .role = AUTH_ADMIN };
	} else {
		if (store_user_get(s->store, user->pw_name, &stored, e) < 0)
			return -1;
		int role = auth_role_of(str_of(stored.role));
		if (role < 0 || stored.disabled)
			return err_set(e, ERR_NOT_FOUND, "%s may not use this server", stored.name);
		*who = (struct auth_identity){ .role = (enum auth_role)role };
	}
	str_copy_cut(who->user, sizeof(who->user), user->pw_name);
	return 0;
}

void identity_ports(struct ports *p)
{
	p->token_by_hash = token_by_hash;
	p->user_by_uid = user_by_uid;
}
