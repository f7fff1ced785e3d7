/* wire/redact.c -- see redact.h. */
#include "wire/redact.h"

#include <string.h>
#include <strings.h>

#include "json/json.h"

/* A shorter value is found everywhere by chance, and guards nothing. */
#define SECRET_BYTES_LEAST 6

static const char *const secret_words[] = {
#define X(word) word,
	SECRET_WORDS(X)
#undef X
};

bool redact_is_secret(const char *name)
{
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++) {
		if (strcasestr(name, secret_words[i]))
			return true;
	}
	return false;
}

static const struct json *parse(const char *text, struct arena *a)
{
	return text ? json_parse(str_of(text), JSON_REQUEST, a, NULL) : NULL;
}

void redact_env(struct json_out *out, const char *env_json, struct arena *a)
{
	const struct json *env = parse(env_json, a);
	if (!env || env->kind != JSON_IS_OBJECT) {
		json_null(out);
		return;
	}
	json_object(out);
	for (int i = 0; i < env->count; i++) {
		const struct json_member *variable = &env->members[i];
		json_key(out, variable->key);
		if (redact_is_secret(variable->key))
			json_text(out, REDACTED);
		else
			json_write(out, &variable->value);
	}
	json_end(out);
}

/* The first secret of env that text holds, or an empty str. */
static struct str secret_in(struct str text, const struct json *env, size_t *at)
{
	for (int i = 0; env && i < env->count; i++) {
		struct str value = env->members[i].value.text;
		if (env->members[i].value.kind != JSON_IS_TEXT ||
			value.length_bytes < SECRET_BYTES_LEAST ||
			!redact_is_secret(env->members[i].key))
			continue;
		const char *found = memmem(text.at, text.length_bytes, value.at,
			value.length_bytes);
		if (found) {
			*at = (size_t)(found - text.at);
			return value;
		}
	}
	return (struct str){ 0 };
}

/* "--api-key" or "--api-key=": an option whose whole words say secret. A substring is not enough
 * here: --tokenizer and --max_tokens are no secrets. */
static bool is_secret_option(struct str option)
{
	static const char *const words[] = { "key", "token", "secret", "password", "passwd",
		"apikey", "credential", "credentials", "passphrase" };
	struct str last = option;
	for (size_t i = 0; i < option.length_bytes; i++) {
		if (option.at[i] == '-' || option.at[i] == '_')
			last = (struct str){ option.at + i + 1, option.length_bytes - i - 1 };
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (last.length_bytes == strlen(words[i]) &&
			strncasecmp(last.at, words[i], last.length_bytes) == 0)
			return option.length_bytes > 1 && option.at[0] == '-';
	}
	return false;
}

/* True when the next argument is this option's secret. */
static bool write_argument(struct json_out *out, struct str argument, const struct json *env)
{
	AUTO_BUF shown = { 0 };
	struct str rest = argument, option, secret;
	size_t at = 0;
	str_next(&rest, '=', &option);
	if (argument.length_bytes > 0 && is_secret_option(option)) {
		bool joined = option.length_bytes < argument.length_bytes;
		buf_add(&shown, argument.at, option.length_bytes);
		buf_text(&shown, joined ? "=" REDACTED : "");
		json_str(out, (struct str){ shown.bytes, shown.length_bytes });
		return !joined;
	}
	while ((secret = secret_in(argument, env, &at)).length_bytes > 0) {
		buf_add(&shown, argument.at, at);
		buf_text(&shown, REDACTED);
		argument.at += at + secret.length_bytes;
		argument.length_bytes -= at + secret.length_bytes;
	}
	buf_add(&shown, argument.at, argument.length_bytes);
	json_str(out, (struct str){ shown.bytes, shown.length_bytes });
	return false;
}

void redact_command(struct json_out *out, const char *command_json, const char *env_json,
	struct arena *a)
{
	const struct json *command = parse(command_json, a);
	const struct json *env = parse(env_json, a);
	bool secret = false;
	if (!command || command->kind != JSON_IS_LIST) {
		json_null(out);
		return;
	}
	json_array(out);
	for (int i = 0; i < command->count; i++) {
		if (secret)
			json_text(out, REDACTED);
		secret = !secret && write_argument(out, command->items[i].text, env);
	}
	json_end(out);
}
