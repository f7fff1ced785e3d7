/* cli/capture.c -- see capture.h. */
#include "cli/capture.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "core/job.h"
#include "wire/submit.h"

extern char **environ;

bool capture_withholds(const char *name, size_t length_bytes)
{
	static const char *const exact[] = { "JOB_ID", "JOB_USER_ID", "JOB_TOKEN",
		"METRICS_API_URL", "CUDA_VISIBLE_DEVICES" };
	struct str s = { name, length_bytes };
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (str_is(s, exact[i]))
			return true;
	}
	return str_starts(s, "TRAINYARD_");
}

/* Was the variable given with --env? Then that one counts, and JSON has every key once. */
static bool is_given(const struct args *a, struct str name)
{
	const char *given;
	for (int at = 0; (given = args_each(a, "env", &at));) {
		size_t length = strcspn(given, "=");
		if (length == name.length_bytes && memcmp(given, name.at, length) == 0)
			return true;
	}
	return false;
}

static void put_variable(struct json_out *j, const char *assignment)
{
	AUTO_BUF name = { 0 };
	size_t length = strcspn(assignment, "=");
	buf_add(&name, assignment, length);
	json_put_text(j, name.bytes, assignment + length + 1);
}

/* The later of two equal names counts, in --env as in the environment itself. */
static bool comes_again(const char *const *list, int at, int count)
{
	size_t length = strcspn(list[at], "=");
	for (int i = at + 1; i < count; i++) {
		if (strncmp(list[i], list[at], length + 1) == 0)
			return true;
	}
	return false;
}

static int check_given(const char *assignment, struct err *e)
{
	size_t length = strcspn(assignment, "=");
	if (length == 0 || assignment[length] != '=')
		return err_set(e, ERR_INPUT, "--env needs NAME=VALUE, not '%s'", assignment);
	if (capture_withholds(assignment, length))
		return err_set(e, ERR_INPUT,
			"--env may not set %.*s: the server gives every job its own", (int)length,
			assignment);
	if (!str_is_utf8(str_of(assignment)))
		return err_set(e, ERR_INPUT,
			"--env %.*s is not UTF-8, and JSON carries nothing else", (int)length,
			assignment);
	return 0;
}

/* A variable that is not UTF-8 cannot be sent; the caller hears of it and goes on. */
static int put_environment(struct json_out *j, const struct args *a, struct err *e)
{
	AUTO_FREE const char **given = mem_array((size_t)a->value_count + 1, sizeof(*given));
	const char *value;
	int count = 0, total = 0;
	while (environ[total])
		total++;
	for (int at = 0; (value = args_each(a, "env", &at));) {
		if (check_given(value, e))
			return -1;
		given[count++] = value;
	}
	json_key(j, "env");
	json_object(j);
	for (int i = 0; i < total; i++) {
		const char *variable = environ[i];
		size_t length = strcspn(variable, "=");
		if (length == 0 || !variable[length] || capture_withholds(variable, length) ||
			is_given(a, (struct str){ variable, length }) ||
			comes_again((const char *const *)environ, i, total))
			continue;
		if (str_is_utf8(str_of(variable)))
			put_variable(j, variable);
		else
			fprintf(stderr, "trainyard: a variable is not UTF-8 and is not sent\n");
	}
	for (int i = 0; i < count; i++) {
		if (!comes_again(given, i, count))
			put_variable(j, given[i]);
	}
	json_end(j);
	return 0;
}

static int put_command(struct json_out *j, const struct args *a, struct err *e)
{
	const char *shell = args_text(a, "shell");
	if (shell && a->operand_count > 0)
		return err_set(e, ERR_INPUT, "--shell and a command: only one of them can run");
	if (!shell && a->operand_count == 0)
		return err_set(e, ERR_INPUT,
			"what shall run? trainyard %s -- COMMAND..., "
			"or --shell 'SCRIPT'",
			a->command->name);
	if (shell && !*shell)
		return err_set(e, ERR_INPUT, "--shell is empty");
	if (!shell && !*a->operands[0])
		return err_set(e, ERR_INPUT, "the command's first word is empty");
	for (int i = 0; i < a->operand_count; i++) {
		if (!str_is_utf8(str_of(a->operands[i])))
			return err_set(e, ERR_INPUT,
				"word %d of the command is not UTF-8, and JSON "
				"carries nothing else",
				i + 1);
	}
	if (shell) {
		json_put_text(j, "shell", shell);
		return 0;
	}
	json_key(j, "command");
	json_array(j);
	for (int i = 0; i < a->operand_count; i++)
		json_text(j, a->operands[i]);
	json_end(j);
	return 0;
}

/* The directory that the job gets, absolute; the server checks that it exists when it starts. */
static int find_directory(const struct args *a, char directory[PATH_MAX], struct err *e)
{
	const char *asked = args_text(a, "cwd");
	if (!asked && getcwd(directory, PATH_MAX))
		return 0;
	if (!asked)
		return err_errno(e, ERR_INPUT, "the current directory has no name any more");
	if (!realpath(asked, directory))
		return err_errno(e, ERR_INPUT, "--cwd %s", asked);
	struct stat st;
	if (stat(directory, &st) || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_INPUT, "--cwd %s is no directory", asked);
	return 0;
}

static int put_numbers(struct json_out *j, const struct args *a, struct err *e)
{
	int64_t gpus = -1, priority = 0, grace_ms = -1;
	if (args_int(a, "gpus", 0, JOB_DEVICES_MAX, &gpus, e) ||
		args_int(a, "priority", -SUBMIT_PRIORITY_MAX, SUBMIT_PRIORITY_MAX, &priority, e) ||
		args_duration_ms(a, "grace", &grace_ms, e))
		return -1;
	if (gpus >= 0)
		json_put_int(j, "gpus", gpus);
	if (args_has(a, "priority"))
		json_put_int(j, "priority", priority);
	if (grace_ms >= 0)
		json_put_double(j, "grace_seconds", (double)grace_ms / 1000);
	return 0;
}

static void put_surroundings(struct json_out *j, const char *directory)
{
	char host[HOST_NAME_MAX + 1] = "", commit[65];
	bool dirty;
	mode_t mask = umask(0);
	umask(mask);
	json_put_text(j, "cwd", directory);
	json_put_int(j, "umask", mask);
	if (gethostname(host, sizeof(host) - 1) == 0 && *host)
		json_put_text(j, "host", host);
	if (capture_git(directory, commit, &dirty)) {
		json_key(j, "git");
		json_object(j);
		json_put_text(j, "commit", commit);
		json_put_bool(j, "dirty", dirty);
		json_end(j);
	}
}

int capture_submission(const struct args *a, struct buf *json, struct err *e)
{
	struct json_out j = { .to = json };
	char directory[PATH_MAX];
	const char *text;
	if (find_directory(a, directory, e))
		return -1;
	json_object(&j);
	if (put_command(&j, a, e) || put_numbers(&j, a, e))
		return -1;
	if ((text = args_text(a, "name")))
		json_put_text(&j, "name", text);
	if ((text = args_text(a, "id")) && !str_is_id(str_of(text)))
		return err_set(e, ERR_INPUT,
			"--id %s: an id begins with a letter or a digit and holds "
			"only letters, digits, - and _, at most 128",
			text);
	if (text)
		json_put_text(&j, "execution_id", text);
	if (args_has(a, "tag")) {
		json_key(&j, "tags");
		json_array(&j);
		for (int at = 0; (text = args_each(a, "tag", &at));)
			json_text(&j, text);
		json_end(&j);
	}
	put_surroundings(&j, directory);
	if (put_environment(&j, a, e))
		return -1;
	json_end(&j);
	return 0;
}
