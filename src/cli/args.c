/* cli/args.c -- see args.h. */
#include "cli/args.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/suggest.h"

static const struct option *const *tables_of(const struct command *c, const struct option **three)
{
	static const struct option none[] = { OPTION_END };
	three[0] = c->options ? c->options : none;
	three[1] = c->no_server ? none : server_options;
	three[2] = common_options;
	return three;
}

static const struct option *find_option(const struct command *c, struct str name, char letter)
{
	const struct option *three[3];
	tables_of(c, three);
	for (int i = 0; i < 3; i++) {
		for (const struct option *o = three[i]; o->name; o++) {
			if (letter ? o->letter == letter : str_is(name, o->name))
				return o;
		}
	}
	return NULL;
}

static int unknown_option(const struct command *c, struct str name, struct err *e)
{
	AUTO_FREE char *word = mem_copy(name.at, name.length_bytes);
	struct suggestion best = suggestion_for(word);
	const struct option *three[3];
	tables_of(c, three);
	for (int i = 0; i < 3; i++) {
		for (const struct option *o = three[i]; o->name; o++)
			suggestion_try(&best, o->name);
	}
	if (best.word)
		return err_set(e, ERR_INPUT, "%s has no option --%s; did you mean --%s?", c->name,
			word, best.word);
	return err_set(e, ERR_INPUT, "%s has no option --%s; see `trainyard %s --help`", c->name,
		word, c->name);
}

static void keep(struct args *a, const struct option *o, const char *value)
{
	a->values[a->value_count++] = (struct arg_value){ o, value };
}

/* --name, --name=value. *at is moved when the value is the next word. */
static int parse_long(struct args *a, int argc, char *const *argv, int *at, struct err *e)
{
	struct str rest = str_of(argv[*at] + 2);
	struct str name = { 0 };
	const char *value = strchr(rest.at, '=');
	str_next(&rest, '=', &name);
	const struct option *o = find_option(a->command, name, 0);
	if (!o)
		return unknown_option(a->command, name, e);
	if (!o->argument && value)
		return err_set(e, ERR_INPUT, "--%s takes no value", o->name);
	if (!o->argument) {
		keep(a, o, NULL);
		return 0;
	}
	if (!value && *at + 1 >= argc)
		return err_set(e, ERR_INPUT, "--%s needs a value: --%s %s", o->name, o->name,
			o->argument);
	keep(a, o, value ? value + 1 : argv[++*at]);
	return 0;
}

/* -f, -fq, -n5, -n 5. */
static int parse_letters(struct args *a, int argc, char *const *argv, int *at, struct err *e)
{
	for (const char *letter = argv[*at] + 1; *letter; letter++) {
		const struct option *o = find_option(a->command, (struct str){ 0 }, *letter);
		if (!o)
			return err_set(e, ERR_INPUT,
				"%s has no option -%c; see `trainyard %s --help`", a->command->name,
				*letter, a->command->name);
		if (!o->argument) {
			keep(a, o, NULL);
			continue;
		}
		if (!letter[1] && *at + 1 >= argc)
			return err_set(e, ERR_INPUT, "-%c needs a value: -%c %s", *letter, *letter,
				o->argument);
		keep(a, o, letter[1] ? letter + 1 : argv[++*at]);
		return 0;
	}
	return 0;
}

static int check_operands(const struct args *a, struct err *e)
{
	const struct command *c = a->command;
	if (args_has(a, "help"))
		return 0;
	if (a->operand_count < c->operands_min)
		return err_set(e, ERR_INPUT, "%s needs %s; see `trainyard %s --help`", c->name,
			c->operands, c->name);
	if (c->operands_max >= 0 && a->operand_count > c->operands_max)
		return err_set(e, ERR_INPUT, "%s: one word too many: %s", c->name,
			a->operands[c->operands_max]);
	return 0;
}

int args_parse(struct args *a, const struct command *command, int argc, char *const *argv,
	struct err *e)
{
	*a = (struct args){ .command = command };
	/* Letters can stand together, so that one word may hold several values. */
	size_t letters = 0;
	for (int i = 1; i < argc; i++)
		letters += strlen(argv[i]) + 1;
	a->values = mem_array(letters + 1, sizeof(*a->values));
	a->operands = mem_array((size_t)argc + 1, sizeof(*a->operands));
	bool only_operands = command->raw;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (only_operands || word[0] != '-' || !word[1]) {
			a->operands[a->operand_count++] = word;
			only_operands = only_operands || command->tail;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		int failed = word[1] == '-' ? parse_long(a, argc, argv, &i, e)
					    : parse_letters(a, argc, argv, &i, e);
		if (failed)
			return -1;
	}
	return command->raw ? 0 : check_operands(a, e);
}

void args_finish(struct args *a)
{
	free(a->values);
	free(a->operands);
	*a = (struct args){ 0 };
}

static const struct arg_value *last_of(const struct args *a, const char *name)
{
	const struct option *o = find_option(a->command, str_of(name), 0);
	assert(o);
	for (int i = a->value_count - 1; i >= 0; i--) {
		if (a->values[i].option == o)
			return &a->values[i];
	}
	return NULL;
}

bool args_has(const struct args *a, const char *name)
{
	return last_of(a, name) != NULL;
}

const char *args_text(const struct args *a, const char *name)
{
	const struct arg_value *v = last_of(a, name);
	return v ? v->value : NULL;
}

const char *args_each(const struct args *a, const char *name, int *at)
{
	const struct option *o = find_option(a->command, str_of(name), 0);
	assert(o);
	while (*at < a->value_count) {
		const struct arg_value *v = &a->values[(*at)++];
		if (v->option == o)
			return v->value;
	}
	return NULL;
}

int args_int(const struct args *a, const char *name, int64_t least, int64_t most, int64_t *value,
	struct err *e)
{
	const char *text = args_text(a, name);
	int64_t number;
	if (!text)
		return 0;
	if (!str_to_i64(str_of(text), &number))
		return err_set(e, ERR_INPUT, "--%s needs a whole number, not '%s'", name, text);
	if (number < least || number > most)
		return err_set(e, ERR_INPUT, "--%s is %s; it may be %lld to %lld", name, text,
			(long long)least, (long long)most);
	*value = number;
	return 0;
}

int args_duration_ms(const struct args *a, const char *name, int64_t *value, struct err *e)
{
	static const struct {
		const char *suffix;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1e3 }, { "m", 60e3 }, { "h", 3600e3 }, { "d", 86400e3 },
		{ "", 1e3 } };
	const char *text = args_text(a, name);
	if (!text)
		return 0;
	size_t digits = strspn(text, "0123456789.");
	for (size_t i = 0; digits && i < sizeof(units) / sizeof(units[0]); i++) {
		double number;
		if (strcmp(text + digits, units[i].suffix) != 0 ||
			!str_to_double((struct str){ text, digits }, &number))
			continue;
		if (number * units[i].ms > 10 * 366 * 86400e3)
			return err_set(e, ERR_INPUT, "--%s %s is more than ten years", name, text);
		*value = (int64_t)llround(number * units[i].ms);
		return 0;
	}
	return err_set(e, ERR_INPUT, "--%s needs a time such as 30, 90s, 5m or 2h, not '%s'", name,
		text);
}
