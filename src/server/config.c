/* server/config.c -- see config.h. */
#include "server/config.h"

#include <ctype.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_BYTES, KIND_FLAG };

static const struct {
	const char *name;
	enum kind kind;
	const char *value;
	const char *help;
} keys[CONFIG_KEY_COUNT] = {
#define X(key, kind, value, help) [CONFIG_##key] = { #key, KIND_##kind, value, help },
	CONFIG_KEYS(X)
#undef X
};

static const char *const source_names[] = {
	[CONFIG_DEFAULT] = "default",
	[CONFIG_FILE] = "configuration file",
	[CONFIG_ENVIRONMENT] = "environment",
	[CONFIG_ARGUMENT] = "argument",
};

static int number_of(enum config_key key, const char *value, int64_t *number, struct err *e)
{
	static const char *const words[][2] = { { "off", "on" }, { "false", "true" },
		{ "no", "yes" }, { "0", "1" } };
	if (keys[key].kind != KIND_FLAG) {
		bool whole = str_to_i64(str_of(value), number) && *number >= 0;
		if (whole && keys[key].kind == KIND_NUMBER && *number > INT32_MAX)
			return err_set(e, ERR_INPUT, "%s is at most %d, not \"%s\"", keys[key].name,
				INT32_MAX, value);
		if (whole)
			return 0;
		return err_set(e, ERR_INPUT, "%s must be a whole number from 0 up, not \"%s\"",
			keys[key].name, value);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int on = 0; on < 2; on++) {
			if (strcmp(value, words[i][on]) == 0) {
				*number = on;
				return 0;
			}
		}
	}
	return err_set(e, ERR_INPUT, "%s must be on or off, not \"%s\"", keys[key].name, value);
}

/* A stronger source is never overwritten by a weaker one, whatever the order of reading. */
static int put(struct config *c, enum config_key key, const char *value, enum config_source source,
	struct err *e)
{
	struct err why;
	int64_t number = 0;
	if (c->value[key] && c->source[key] > source)
		return 0;
	if (keys[key].kind != KIND_TEXT && number_of(key, value, &number, &why) < 0)
		return err_set(e, ERR_INPUT, "%s (from the %s)", why.text, source_names[source]);
	c->value[key] = arena_string(&c->memory, value);
	c->number[key] = number;
	c->source[key] = source;
	return 0;
}

static int key_of(const char *name, size_t length)
{
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *known = keys[key].name;
		size_t i = 0;
		while (i < length && known[i] &&
			(known[i] == name[i] || (known[i] == '_' && name[i] == '-')))
			i++;
		if (i == length && !known[i])
			return key;
	}
	return -1;
}

static int read_arguments(struct config *c, int argc, char *const argv[], struct err *e)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		if (strcmp(name, "--print-config") == 0) {
			c->print = true;
			continue;
		}
		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
			c->help = true;
			continue;
		}
		if (strncmp(name, "--", 2) != 0)
			return err_set(e, ERR_INPUT, "unexpected argument \"%s\" (see --help)",
				name);
		size_t length = strcspn(name + 2, "=");
		int key = key_of(name + 2, length);
		if (key < 0)
			return err_set(e, ERR_INPUT, "unknown option \"%s\" (see --help)", name);
		const char *value = name[2 + length] ? name + 3 + length : argv[++i];
		if (!value)
			return err_set(e, ERR_INPUT, "%s needs a value", name);
		if (put(c, (enum config_key)key, value, CONFIG_ARGUMENT, e) < 0)
			return -1;
	}
	return 0;
}

static int read_environment(struct config *c, char *const environment[], struct err *e)
{
	static const char prefix[] = "TRAINYARD_";
	for (; environment && *environment; environment++) {
		if (strncmp(*environment, prefix, sizeof(prefix) - 1) != 0)
			continue;
		const char *name = *environment + sizeof(prefix) - 1;
		size_t length = strcspn(name, "=");
		char lower[64] = "";
		for (size_t i = 0; i < length && i < sizeof(lower) - 1; i++)
			lower[i] = (char)tolower((unsigned char)name[i]);
		int key = length < sizeof(lower) ? key_of(lower, length) : -1;
		if (key >= 0 &&
			put(c, (enum config_key)key, name + length + 1, CONFIG_ENVIRONMENT, e) < 0)
			return -1;
	}
	return 0;
}

struct file_reading {
	struct config *config;
	const char *path;
	struct err *e;
};

static int on_entry(void *context, const char *section, const char *name, const char *value)
{
	struct file_reading *reading = context;
	int key = key_of(name, strlen(name));
	if (*section && strcmp(section, "server") != 0)
		return !err_set(reading->e, ERR_INPUT, "%s: unknown section [%s]", reading->path,
			section);
	if (key < 0 || key == CONFIG_config || key == CONFIG_state)
		return !err_set(reading->e, ERR_INPUT, "%s: unknown key \"%s\"", reading->path,
			name);
	return put(reading->config, (enum config_key)key, value, CONFIG_FILE, reading->e) == 0;
}

static int read_file(struct config *c, struct err *e)
{
	const char *named = c->value[CONFIG_config];
	const char *path = *named
		? named
		: arena_format(&c->memory, "%s/trainyard.conf", c->value[CONFIG_state]);
	struct file_reading reading = { c, path, e };
	if (!*named && access(path, F_OK) < 0)
		return 0;
	int status = ini_parse(path, on_entry, &reading);
	if (status == -1)
		return err_errno(e, ERR_INPUT, "cannot read the configuration file %s", path);
	if (status == 0)
		return 0;
	if (!e->text[0])
		return err_set(e, ERR_INPUT, "%s, line %d: not `key = value`", path, status);
	char said[sizeof(e->text)];
	str_copy_cut(said, sizeof(said), e->text);
	return err_set(e, ERR_INPUT, "%.300s (line %d)", said, status);
}

/* Like the command line's own choice, so that both find each other without being told. */
static const char *state_default(struct config *c, char *const environment[])
{
	const char *home = "";
	if (geteuid() == 0)
		return "/var/lib/trainyard";
	for (; environment && *environment; environment++) {
		if (strncmp(*environment, "HOME=", 5) == 0)
			home = *environment + 5;
	}
	return arena_format(&c->memory, "%s/.local/share/trainyard", home);
}

static int finish_paths(struct config *c, char *const environment[], struct err *e)
{
	char here[PATH_MAX];
	if (!*c->value[CONFIG_state])
		c->value[CONFIG_state] = state_default(c, environment);
	if (*c->value[CONFIG_state] == '/')
		return 0;
	if (!getcwd(here, sizeof(here)))
		return err_errno(e, ERR_IO, "cannot tell the working directory");
	c->value[CONFIG_state] = arena_format(&c->memory, "%s/%s", here, c->value[CONFIG_state]);
	return 0;
}

int config_read(struct config *c, int argc, char *const argv[], char *const environment[],
	struct err *e)
{
	e->text[0] = '\0';
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		if (put(c, (enum config_key)key, keys[key].value, CONFIG_DEFAULT, e) < 0)
			return -1;
	}
	if (read_arguments(c, argc, argv, e) < 0 || read_environment(c, environment, e) < 0 ||
		finish_paths(c, environment, e) < 0 || read_file(c, e) < 0)
		return -1;
	if (!*c->value[CONFIG_socket])
		c->value[CONFIG_socket] = arena_format(&c->memory, "%s/trainyard.sock",
			c->value[CONFIG_state]);
	return 0;
}

void config_finish(struct config *c)
{
	arena_finish(&c->memory);
}

void config_print(const struct config *c, struct buf *out)
{
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		buf_format(out, "%s = %s  # %s\n", keys[key].name, c->value[key],
			source_names[c->source[key]]);
}

void config_help(struct buf *out)
{
	buf_text(out,
		"usage: trainyard serve [--print-config] [--OPTION VALUE]...\n\n"
		"Each option may also be set as TRAINYARD_OPTION in the environment, or as\n"
		"`option = value` in the configuration file.\n\n");
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		char flag[40];
		snprintf(flag, sizeof(flag), "--%s", keys[key].name);
		for (char *c = flag + 2; *c; c++) {
			if (*c == '_')
				*c = '-';
		}
		buf_format(out, "  %-24s %s", flag, keys[key].help);
		if (*keys[key].value)
			buf_format(out, " [%s]", keys[key].value);
		buf_char(out, '\n');
	}
}
