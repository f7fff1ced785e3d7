/* auth/auth.h -- who is asking, and who may do what: tokens, peers, roles, one decision function.
 *
 * A token is "ty_" and 256 random bits in base64url. Only its SHA-256 is kept anywhere. The one
 * room that sees libsodium. Pure values: nothing to free. */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define AUTH_HASH_BYTES 32
#define AUTH_TOKEN_BYTES 47 /* "ty_", 43 characters, NUL */
#define AUTH_USER_BYTES 64
#define AUTH_JOB_BYTES 129

/* Each role may do all that the roles before it may. NONE is somebody without a token. */
#define AUTH_ROLES(X) X(NONE, "none") X(VIEWER, "viewer") X(USER, "user") X(ADMIN, "admin")

enum auth_role {
#define X(name, word) AUTH_##name,
	AUTH_ROLES(X)
#undef X
	AUTH_ROLE_COUNT
};

/* What a request wants, and what it takes: the least role, whether the object must be one's own
 * (admins own everything), and whether the token of a job may do it to that job.
 *        action      words                               least    own    job's own token */
#define AUTH_ACTIONS(X)                                                                 \
	X(ANYBODY,    "without a token",                  NONE,    false, true)         \
	X(LOOK,       "see jobs",                         VIEWER,  false, false)        \
	X(LOOK_ONE,   "see a job",                        VIEWER,  false, true)         \
	X(LOOK_INTO,  "see a job's logs and environment", VIEWER,  true,  true)         \
	X(SUBMIT,     "submit a job",                     USER,    false, false)        \
	X(CONTROL,    "control a job",                    USER,    true,  false)        \
	X(REPORT,     "report a job's metrics",           USER,    true,  true)         \
	X(ADMINISTER, "administer the server",            ADMIN,   false, false)

enum auth_action {
#define X(name, words, least, own, job_token) AUTH_MAY_##name,
	AUTH_ACTIONS(X)
#undef X
	AUTH_ACTION_COUNT
};

/* Who asks. A zeroed one is nobody. */
struct auth_identity {
	enum auth_role role;
	char user[AUTH_USER_BYTES];  /* a user's name */
	char job_id[AUTH_JOB_BYTES]; /* a job's own token: may touch this job only; else empty */
};

/* A stored token. */
struct auth_token {
	uint8_t hash[AUTH_HASH_BYTES];
	struct auth_identity identity;
};

/* What is acted upon; both NULL when the action has no object (a list, a submission). */
struct auth_object {
	const char *owner;
	const char *job_id;
};

/* Once per process, before anything else here. */
int auth_init(struct err *e);

/* A new token's text, and the hash to keep. */
void auth_token_make(char text[AUTH_TOKEN_BYTES], uint8_t hash[AUTH_HASH_BYTES]);
/* The hash of a token as it was sent. False when it does not have a token's form. */
bool auth_token_hash(struct str text, uint8_t hash[AUTH_HASH_BYTES]);
void auth_sha256(struct str bytes, uint8_t hash[AUTH_HASH_BYTES]);
bool auth_hash_same(const uint8_t a[AUTH_HASH_BYTES], const uint8_t b[AUTH_HASH_BYTES]);

/* The token inside an Authorization header: "Bearer TOKEN", any case. False for other schemes. */
bool auth_bearer(struct str header, struct str *token);

/* Root and the server's own user are admins; false for anybody else: ask the users' table. */
bool auth_peer_is_admin(uid_t peer, uid_t server);

/* The one decision. ERR_AUTH for nobody, ERR_DENIED ("access denied: ...") for the rest. */
int auth_authorize(const struct auth_identity *who, enum auth_action action,
	struct auth_object object, struct err *e);

const char *auth_role_name(enum auth_role role);
int auth_role_of(struct str word); /* -1 when no such word */
const char *auth_action_words(enum auth_action action);

#endif
