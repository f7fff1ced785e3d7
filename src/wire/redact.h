/* wire/redact.h -- keeps secrets out of what is shown.
 *
 * A variable whose name says that it is a secret shows no value, and that value shows nowhere else
 * either: a command that holds it is cut there. */
#ifndef WIRE_REDACT_H
#define WIRE_REDACT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/json_out.h"
#include "base/str.h"

#define REDACTED "[redacted]"

/* Words that make a variable's name a secret's, anywhere in it and in any case. */
#define SECRET_WORDS(X)                                                            \
	X("KEY") X("TOKEN") X("SECRET") X("PASSWORD") X("PASSWD") X("PASSPHRASE") \
	X("CREDENTIAL") X("PRIVATE") X("COOKIE") X("AUTH") X("DSN") X("WEBHOOK")

bool redact_is_secret(const char *name);

/* Writes both as values; either text may be NULL (null). They were validated when they were
 * stored: what does not parse is written as null. */
void redact_env(struct json_out *out, const char *env_json, struct arena *a);
void redact_command(struct json_out *out, const char *command_json, const char *env_json,
	struct arena *a);

#endif
