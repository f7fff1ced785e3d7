/* wire/submit.c -- see submit.h. */
#include "wire/submit.h"

#include <string.h>

#include "base/buf.h"
#include "base/json_out.h"
#include "json/json.h"

#define COMMAND_WORDS_MAX 4096
#define ENV_NAMES_MAX 4096
#define TAGS_MAX 64
#define TEXT_BYTES_MAX 100
#define NOTES_BYTES_MAX (16 << 10)
#define PATH_BYTES_MAX 4095
#define SHELL_BYTES_MAX (128 << 10)
#define LOG_LIMIT_LEAST (64 << 10)
#define LOG_LIMIT_MOST (INT64_C(1) << 50)

static const char *const known_fields[] = {
#define X(name, kind, words) name,
	SUBMIT_FIELDS(X)
#undef X
};

static const char *const later_fields[] = {
#define X(name) name,
	SUBMIT_LATER(X)
#undef X
};

static int refuse_later(const struct json *body, struct err *e)
{
	for (size_t i = 0; i < sizeof(later_fields) / sizeof(later_fields[0]); i++) {
		if (json_member(body, later_fields[i]))
			return err_set(e, ERR_INVALID, "%s is not supported yet: leave it out",
				later_fields[i]);
	}
	return 0;
}

static const char *kept(struct arena *a, const struct json *value)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	json_write(&out, value);
	return arena_copy(a, text.bytes, text.length_bytes);
}

/* Names, groups, tags: one line that shows up in lists. */
static int read_line(struct json_fields f, const char *key, size_t bytes_max, const char **value,
	struct err *e)
{
	const char *text = NULL;
	if (json_read_text(f, key, bytes_max, &text, e))
		return -1;
	if (!text)
		return 0;
	if (strpbrk(text, "\n\t"))
		return err_set(e, ERR_INPUT, "%s%s must be a single line", f.prefix, key);
	if (str_trim(str_of(text)).length_bytes == 0)
		return err_set(e, ERR_INPUT, "%s%s must not be empty", f.prefix, key);
	*value = text;
	return 0;
}

static int check_texts(const struct json *list, const char *what, size_t bytes_max, struct err *e)
{
	char got[JSON_GOT_BYTES];
	for (int i = 0; i < list->count; i++) {
		const struct json *item = &list->items[i];
		if (item->kind != JSON_IS_TEXT)
			return err_set(e, ERR_INPUT, "%s[%d] must be text, %s", what, i,
				json_got(got, item));
		if (item->text.length_bytes > bytes_max)
			return err_set(e, ERR_INPUT, "%s[%d] has %zu bytes, more than %zu", what, i,
				item->text.length_bytes, bytes_max);
	}
	return 0;
}

static const char *shell_command(struct arena *a, const char *line)
{
	AUTO_BUF text = { 0 };
	struct json_out out = { .to = &text };
	json_array(&out);
	json_text(&out, "/bin/sh");
	json_text(&out, "-c");
	json_text(&out, line);
	json_end(&out);
	return arena_copy(a, text.bytes, text.length_bytes);
}

static int read_shell(struct json_fields f, const char **line, struct err *e)
{
	const struct json *value = json_member(f.object, "shell");
	char got[JSON_GOT_BYTES];
	if (!value || value->kind == JSON_IS_NULL)
		return 0;
	if (value->kind != JSON_IS_TEXT)
		return err_set(e, ERR_INPUT, "shell must be text, %s", json_got(got, value));
	if (value->text.length_bytes > SHELL_BYTES_MAX)
		return err_set(e, ERR_INPUT, "shell has %zu bytes, more than %d",
			value->text.length_bytes, SHELL_BYTES_MAX);
	if (str_trim(value->text).length_bytes == 0)
		return err_set(e, ERR_INPUT, "shell must not be empty");
	*line = value->text.at;
	return 0;
}

static int read_command(struct json_fields f, struct arena *a, struct job_spec *spec, struct err *e)
{
	const struct json *words = NULL;
	const char *line = NULL;
	if (json_read_list(f, "command", COMMAND_WORDS_MAX, &words, e) || read_shell(f, &line, e))
		return -1;
	if (words && line)
		return err_set(e, ERR_INPUT, "command and shell exclude each other: give one");
	if (line) {
		spec->command_json = shell_command(a, line);
		return 0;
	}
	if (!words)
		return err_set(e, ERR_INPUT,
			"command is missing: give the program and its "
			"arguments as a list of texts, or shell as one text");
	if (words->count == 0)
		return err_set(e, ERR_INPUT, "command must not be empty");
	if (check_texts(words, "command", SHELL_BYTES_MAX, e))
		return -1;
	if (words->items[0].text.length_bytes == 0)
		return err_set(e, ERR_INPUT, "command[0], the program, must not be empty");
	spec->command_json = kept(a, words);
	return 0;
}

static int check_variable(const struct json_member *variable, struct err *e)
{
	char got[JSON_GOT_BYTES];
	if (variable->key[0] == '\0' || strpbrk(variable->key, "=\n"))
		return err_set(e, ERR_INPUT, "env: \"%.100s\" is no name of a variable",
			variable->key);
	if (variable->value.kind != JSON_IS_TEXT)
		return err_set(e, ERR_INPUT, "env.%.100s must be text, %s", variable->key,
			json_got(got, &variable->value));
	if (variable->value.text.length_bytes > SHELL_BYTES_MAX)
		return err_set(e, ERR_INPUT, "env.%.100s has %zu bytes, more than %d",
			variable->key, variable->value.text.length_bytes, SHELL_BYTES_MAX);
	return 0;
}

static int read_env(struct json_fields f, struct arena *a, struct job_spec *spec, struct err *e)
{
	const struct json *env = NULL;
	if (json_read_object(f, "env", &env, e))
		return -1;
	if (!env)
		return 0;
	if (env->count > ENV_NAMES_MAX)
		return err_set(e, ERR_INPUT, "env has %d variables, more than %d", env->count,
			ENV_NAMES_MAX);
	for (int i = 0; i < env->count; i++) {
		if (check_variable(&env->members[i], e))
			return -1;
	}
	spec->env_json = kept(a, env);
	return 0;
}

static int read_cwd(struct json_fields f, struct job_spec *spec, struct err *e)
{
	if (json_read_text(f, "cwd", PATH_BYTES_MAX, &spec->cwd, e))
		return -1;
	if (spec->cwd && spec->cwd[0] != '/')
		return err_set(e, ERR_INPUT, "cwd must be an absolute path, got \"%.100s\"",
			spec->cwd);
	return 0;
}

static int read_tags(struct json_fields f, struct arena *a, struct job_spec *spec, struct err *e)
{
	const struct json *tags = NULL;
	if (json_read_list(f, "tags", TAGS_MAX, &tags, e))
		return -1;
	if (!tags)
		return 0;
	if (check_texts(tags, "tags", TEXT_BYTES_MAX, e))
		return -1;
	for (int i = 0; i < tags->count; i++) {
		struct str tag = tags->items[i].text;
		if (str_trim(tag).length_bytes == 0 || strpbrk(tag.at, ",\n\t"))
			return err_set(e, ERR_INPUT,
				"tags[%d] must be a single line, not empty, without a comma", i);
	}
	spec->tags_json = kept(a, tags);
	return 0;
}

static int read_git(struct json_fields f, struct job_spec *spec, struct err *e)
{
	static const char *const names[] = { "commit", "dirty" };
	struct json_fields git = { NULL, "git." };
	if (json_read_object(f, "git", &git.object, e))
		return -1;
	if (!git.object)
		return 0;
	if (json_only(git, names, 2, e) ||
		read_line(git, "commit", TEXT_BYTES_MAX, &spec->git_commit, e))
		return -1;
	return json_read_bool(git, "dirty", &spec->git_dirty, e);
}

/* Octal text as people write it; a number is taken as one, for programs. */
static int read_umask(struct json_fields f, struct job_spec *spec, struct err *e)
{
	const struct json *value = json_member(f.object, "umask");
	char got[JSON_GOT_BYTES];
	int32_t bits = 0;
	spec->umask_bits = -1;
	if (!value || value->kind == JSON_IS_NULL)
		return 0;
	bool good = value->kind == JSON_IS_TEXT && value->text.length_bytes >= 1 &&
		value->text.length_bytes <= 4;
	for (size_t i = 0; good && i < value->text.length_bytes; i++) {
		char digit = value->text.at[i];
		good = digit >= '0' && digit <= '7';
		bits = bits * 8 + (digit - '0');
	}
	if (value->kind == JSON_IS_INT) {
		good = value->integer >= 0 && value->integer <= 0777;
		bits = good ? (int32_t)value->integer : 0;
	}
	if (!good || bits > 0777)
		return err_set(e, ERR_INPUT, "umask must be octal text from 000 to 777, %s",
			json_got(got, value));
	spec->umask_bits = bits;
	return 0;
}

static int read_output(struct json_fields f, struct job_spec *spec, struct err *e)
{
	const char *way = "fifo";
	if (json_read_text(f, "stdout", TEXT_BYTES_MAX, &way, e))
		return -1;
	spec->direct_output = strcmp(way, "direct") == 0;
	if (!spec->direct_output && strcmp(way, "fifo") != 0)
		return err_set(e, ERR_INPUT, "stdout must be fifo or direct, got \"%.40s\"", way);
	return json_read_int(f, "log_limit_bytes", LOG_LIMIT_LEAST, LOG_LIMIT_MOST,
		&spec->log_limit_bytes, e);
}

static int read_rules(struct json_fields f, struct job *job, struct err *e)
{
	int64_t gpus = -1, priority = 0;
	double grace_seconds = -1;
	if (json_read_int(f, "gpus", 0, JOB_DEVICES_MAX, &gpus, e) ||
		json_read_int(f, "priority", -SUBMIT_PRIORITY_MAX, SUBMIT_PRIORITY_MAX, &priority,
			e) ||
		json_read_number(f, "grace_seconds", 0, SUBMIT_GRACE_SECONDS_MAX, &grace_seconds,
			e))
		return -1;
	job->gpus = (int32_t)gpus;
	job->priority = (int32_t)priority;
	job->grace_ms = grace_seconds < 0 ? -1 : (int64_t)(grace_seconds * 1000);
	return 0;
}

static int read_id(struct json_fields f, struct job *job, struct err *e)
{
	const char *id = NULL;
	if (json_read_text(f, "execution_id", 4096, &id, e))
		return -1;
	if (id && !str_is_id(str_of(id)))
		return err_set(e, ERR_INPUT,
			"execution_id must be 1 to 128 letters, digits, _ or "
			"-, the first a letter or digit, got \"%.100s\"",
			id);
	return id ? str_copy(job->id, sizeof(job->id), id) : 0;
}

static int read_spec(struct json_fields f, struct arena *a, struct job_spec *spec, struct err *e)
{
	const struct json *config = NULL;
	if (read_line(f, "name", SUBMIT_NAME_BYTES_MAX, &spec->name, e) ||
		read_command(f, a, spec, e) || read_cwd(f, spec, e) || read_env(f, a, spec, e) ||
		json_read_object(f, "config", &config, e) || read_tags(f, a, spec, e) ||
		read_line(f, "group", TEXT_BYTES_MAX, &spec->group, e) ||
		json_read_text(f, "notes", NOTES_BYTES_MAX, &spec->notes, e) ||
		read_output(f, spec, e) || read_umask(f, spec, e) || read_git(f, spec, e) ||
		read_line(f, "host", 255, &spec->host, e))
		return -1;
	if (config)
		spec->config_json = kept(a, config);
	return 0;
}

int wire_read_submit(struct str body, struct arena *a, struct job_record *record, struct err *e)
{
	if (str_trim(body).length_bytes == 0)
		return err_set(e, ERR_INPUT, "the body is empty: send the job as a JSON object");
	const struct json *value = json_parse(body, JSON_REQUEST, a, e);
	struct json_fields f = { value, "" };
	*record = (struct job_record){ 0 };
	record->job.end.exit_code = -1;
	if (!value || json_open(value, "the body", e) || refuse_later(value, e) ||
		json_only(f, known_fields, sizeof(known_fields) / sizeof(known_fields[0]), e))
		return -1;
	if (read_id(f, &record->job, e) || read_rules(f, &record->job, e))
		return -1;
	return read_spec(f, a, &record->spec, e);
}
