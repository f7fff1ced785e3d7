#include "charlm/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "charlm/train.h"
#include "trainyard.h"

enum kind { KIND_long, KIND_double };

struct row {
	const char *flag;
	enum kind kind;
	size_t offset;
	double first, least, most;
	const char *help;
};

#define OPTIONS_ROW(type, field, flag, first, least, most, help) \
	{flag, KIND_##type, offsetof(struct options, field), first, least, most, help},

static const struct row rows[] = { OPTIONS(OPTIONS_ROW) };

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void set(struct options *options, const struct row *row, double value)
{
	char *field = (char *)options + row->offset;

	if (row->kind == KIND_long)
		*(long *)field = (long)value;
	else
		*(double *)field = value;
}

static void print_help(void)
{
	puts("charlm -- trains a small transformer to guess the next character of a text\n\n"
	     "usage: charlm [--text FILE]... [--out DIR] [--resume CHECKPOINT] [options]\n\n"
	     "  --text FILE      train on this file; may be given several times\n"
	     "                   (default: the licences in /usr/share/common-licenses)\n"
	     "  --out DIR        where checkpoints go (default: $TRAINYARD_RUN_DIR or .)\n"
	     "  --resume PATH    go on from this checkpoint, exactly as if never stopped\n"
	     "                   (default: $TRAINYARD_RESUME_FROM_CHECKPOINT)");
	for (size_t i = 0; i < ROWS; i++)
		printf("  %-16s %s (default: %g)\n", rows[i].flag, rows[i].help, rows[i].first);
	puts("\nSIGTERM, and `stop` or `pause` from trainyard, save a checkpoint and leave.\n"
	     "Exit codes: 0 trained to the end, 1 failed, 2 wrong usage, 143 saved and left.");
}

static int parse_number(struct options *options, const struct row *row, const char *text)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (errno || *end || end == text || !(value >= row->least && value <= row->most) ||
		(row->kind == KIND_long && value > (double)(long)value)) {
		fprintf(stderr, "charlm: %s must be %s from %g to %g, not \"%s\"\n", row->flag,
			row->kind == KIND_long ? "a whole number" : "a number", row->least,
			row->most, text);
		return -1;
	}
	set(options, row, value);
	return 0;
}

/* One flag with its value. */
static int parse_pair(struct options *options, const char *flag, char *value)
{
	if (strcmp(flag, "--out") == 0) {
		options->out = value;
		return 0;
	}
	if (strcmp(flag, "--resume") == 0) {
		options->resume = value;
		return 0;
	}
	if (strcmp(flag, "--text") == 0) {
		if (options->text_count == TEXTS_MAX) {
			fprintf(stderr, "charlm: more than %d texts\n", TEXTS_MAX);
			return -1;
		}
		options->text[options->text_count++] = value;
		return 0;
	}
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(flag, rows[i].flag) == 0)
			return parse_number(options, &rows[i], value);
	fprintf(stderr, "charlm: unknown option %s; see charlm --help\n", flag);
	return -1;
}

static int check(struct options *options)
{
	if (options->hidden % options->heads) {
		fprintf(stderr, "charlm: --heads %ld does not divide --hidden %ld\n",
			options->heads, options->hidden);
		return -1;
	}
	if (options->steps > 0 && options->epochs > 0) {
		fprintf(stderr, "charlm: give --steps or --epochs, not both\n");
		return -1;
	}
	if (options->threads == 0)
		options->threads = sysconf(_SC_NPROCESSORS_ONLN);
	if (options->threads < 1)
		options->threads = 1;
	if (options->threads > SHARDS)
		options->threads = SHARDS;
	if (!options->out)
		options->out = ".";
	return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	memset(options, 0, sizeof(*options));
	options->out = trainyard_run_dir();
	options->resume = trainyard_resume_path();
	for (size_t i = 0; i < ROWS; i++)
		set(options, &rows[i], rows[i].first);
	for (int i = 1; i < argc; i += 2) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help();
			return 1;
		}
		if (argv[i][0] == '-' && i + 1 == argc) {
			fprintf(stderr, "charlm: %s needs a value; see charlm --help\n", argv[i]);
			return -1;
		}
		if (parse_pair(options, argv[i], argv[i + 1]))
			return -1;
	}
	return check(options);
}
