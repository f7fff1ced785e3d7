/* sdk/c/trainyard.h -- what a training program in C or C++ tells trainyard, in one header.
 *
 * In ONE source file of your program:
 *
 *	#define TRAINYARD_IMPLEMENTATION
 *	#include "trainyard.h"
 *
 * and in all others only the #include. A trainer then looks like this:
 *
 *	struct trainyard ty;
 *	struct trainyard_request request;
 *
 *	trainyard_init(&ty);
 *	trainyard_catch_stop();
 *	trainyard_totals(&ty, total_steps, total_epochs);
 *	if (trainyard_resume_path())
 *		load(trainyard_resume_path());
 *	trainyard_control_ready(&ty);
 *	while (step < total_steps && !trainyard_should_stop()) {
 *		loss = train(++step);
 *		trainyard_log(&ty, step, epoch, loss, learning_rate);
 *		while (trainyard_poll(&ty, &request) > 0)
 *			if (request.action == TRAINYARD_SAVE)
 *				save_and_announce();
 *	}
 *	trainyard_finish(&ty);
 *
 * Outside trainyard the same program runs unchanged: nothing is written anywhere, and
 * trainyard_init says so once on stderr.
 *
 * Needs libc and POSIX.1-2008 only; C99 to C17 and C++11. With a strict -std=c99 include this
 * header first in the file that holds the implementation. Functions return 0, or -1 with errno
 * set; a trainer may ignore that: no failure here is a reason to stop training. Logging may be
 * done from any thread (one write(2) a line, O_APPEND); polling from one thread at a time. */
#ifndef TRAINYARD_H
#define TRAINYARD_H

#if defined(TRAINYARD_IMPLEMENTATION) && defined(__STRICT_ANSI__) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#include <float.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A number with this value is left out of its line. (NaN is a value: a diverged loss is news.) */
#define TRAINYARD_ABSENT (-DBL_MAX)
#define TRAINYARD_LINE_MAX 4096

/* The caller's memory; trainyard_init makes it whole, trainyard_finish closes what it opened. */
struct trainyard {
	int metrics_fd;     /* -1: not under trainyard */
	int control_fd;     /* -1: not opened (yet) */
	int is_torn;        /* the last line was cut short, by a full disk for instance */
	int is_skipping;    /* inside a request that is too long to keep */
	size_t control_len; /* bytes waiting in control */
	char control[TRAINYARD_LINE_MAX];
};

struct trainyard_metric {
	const char *name;
	double value;
};

struct trainyard_checkpoint {
	const char *path; /* a file or a folder, complete and renamed into place */
	long long step;
	double epoch; /* these three may be TRAINYARD_ABSENT */
	double eval_loss;
	double train_loss;
};

enum trainyard_action {
	TRAINYARD_OTHER, /* a request that this header does not know: see line */
	TRAINYARD_SAVE,  /* write a checkpoint now, announce it, train on */
	TRAINYARD_STOP,  /* save and leave */
	TRAINYARD_PAUSE, /* save and leave: a resume will come */
	TRAINYARD_SET    /* change a setting: see trainyard_request_number */
};

struct trainyard_request {
	enum trainyard_action action;
	char line[TRAINYARD_LINE_MAX]; /* the request as it was sent, one JSON object */
};

/* Opens the metrics file. 1: under trainyard; 0: outside, all calls do nothing; -1: the file that
 * TRAINYARD_METRICS names cannot be opened, all calls do nothing. */
int trainyard_init(struct trainyard *ty);
void trainyard_finish(struct trainyard *ty);

/* Where this attempt shall go on from; NULL when it starts fresh. */
const char *trainyard_resume_path(void);
/* The folder of the job, the same for all its attempts; NULL outside trainyard. */
const char *trainyard_run_dir(void);

/* From now on SIGTERM no longer ends the program: trainyard_should_stop returns its number, and
 * the program is expected to save and leave within the job's grace (10 s unless told otherwise).
 * These two work outside trainyard as well. */
int trainyard_catch_stop(void);
int trainyard_should_stop(void);

/* How long the run will be; 0 = not known. */
int trainyard_totals(struct trainyard *ty, long long total_steps, long long total_epochs);
/* {"step":..,"epoch":..,"loss":..,"learning_rate":..} */
int trainyard_log(struct trainyard *ty, long long step, double epoch, double loss,
	double learning_rate);
/* {"step":..,"epoch":..,"eval_loss":..} */
int trainyard_log_eval(struct trainyard *ty, long long step, double epoch, double eval_loss);
/* Any metrics under any names, as one line. */
int trainyard_log_metrics(struct trainyard *ty, long long step,
	const struct trainyard_metric *metrics, size_t count);

/* Announces a checkpoint. By this word it counts as complete: write to a temporary name, fsync,
 * rename and fsync the folder first. A relative path is made absolute. */
int trainyard_log_checkpoint(struct trainyard *ty, const struct trainyard_checkpoint *checkpoint);

/* Promises that trainyard_poll is called often: requests to save will come as control lines. */
int trainyard_control_ready(struct trainyard *ty);
/* Takes the next request. 1: request is filled; 0: none is waiting (never blocks); -1: error. */
int trainyard_poll(struct trainyard *ty, struct trainyard_request *request);
/* The number called name in a request, such as "learning_rate". 1: found; 0: not there. */
int trainyard_request_number(const struct trainyard_request *request, const char *name,
	double *value);

#ifdef __cplusplus
}
#endif
#endif /* TRAINYARD_H */

#if defined(TRAINYARD_IMPLEMENTATION) && !defined(TRAINYARD_IMPLEMENTED)
#define TRAINYARD_IMPLEMENTED

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one line of JSON, built on the stack ---- */

struct trainyard_line {
	char text[TRAINYARD_LINE_MAX];
	size_t len;
	int error; /* an errno value; kept until the line is written */
};

static void trainyard_put(struct trainyard_line *line, const char *bytes, size_t len)
{
	if (len > sizeof(line->text) - line->len) {
		line->error = EMSGSIZE;
		return;
	}
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
}

static void trainyard_put_text(struct trainyard_line *line, const char *text)
{
	trainyard_put(line, text, strlen(text));
}

/* The length of the UTF-8 character at s, 0 when it is not one. JSON text is UTF-8, so a line with
 * anything else in it could not be read back. */
static size_t trainyard_utf8_len(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1
		: s[0] < 0xc2    ? 0
		: s[0] < 0xe0    ? 2
		: s[0] < 0xf0    ? 3
		: s[0] < 0xf5    ? 4
				 : 0;
	size_t i;

	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len > 2) {
		unsigned first_two = (unsigned)s[0] << 8 | s[1];

		/* Overlong forms, surrogates, and what lies above U+10FFFF. */
		if (first_two < 0xe0a0 || (first_two >= 0xeda0 && first_two <= 0xedbf) ||
			(first_two >= 0xf000 && first_two < 0xf090) || first_two > 0xf48f)
			return 0;
	}
	return len;
}

static void trainyard_put_string(struct trainyard_line *line, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	trainyard_put(line, "\"", 1);
	while (*s) {
		size_t len = trainyard_utf8_len(s);
		char escaped[8];

		if (len == 0) {
			line->error = EILSEQ;
			return;
		}
		if (*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7f) {
			snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*s);
			trainyard_put(line, escaped, 6);
		} else {
			trainyard_put(line, (const char *)s, len);
		}
		s += len;
	}
	trainyard_put(line, "\"", 1);
}

/* The shortest of three forms that reads back as the same number. NaN and the infinities are
 * written as Python's json module writes and reads them. */
static void trainyard_put_number(struct trainyard_line *line, double value)
{
	static const int digits[] = { 9, 15, 17 };
	char text[40];
	size_t i, kept = 0;

	if (isnan(value) || isinf(value)) {
		trainyard_put_text(line,
			isnan(value)        ? "NaN"
				: value > 0 ? "Infinity"
					    : "-Infinity");
		return;
	}
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%.*g", digits[i], value);
		/* Not less and not greater: equal, said so that -Wfloat-equal is content. */
		if (!(strtod(text, NULL) < value) && !(strtod(text, NULL) > value))
			break;
	}
	/* A program that called setlocale may have gotten a decimal comma, or several bytes. */
	for (i = 0; text[i]; i++) {
		if (strchr("0123456789+-eE", text[i]))
			text[kept++] = text[i];
		else if (kept == 0 || text[kept - 1] != '.')
			text[kept++] = '.';
	}
	trainyard_put(line, text, kept);
}

static void trainyard_begin(struct trainyard_line *line)
{
	line->len = 0;
	line->error = 0;
	/* This first newline is sent only after a line that was cut short. */
	trainyard_put(line, "\n{", 2);
}

static void trainyard_put_name(struct trainyard_line *line, const char *name)
{
	if (line->len > 2)
		trainyard_put(line, ",", 1);
	trainyard_put_string(line, name);
	trainyard_put(line, ":", 1);
}

static void trainyard_add_integer(struct trainyard_line *line, const char *name, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	trainyard_put_name(line, name);
	trainyard_put_text(line, text);
}

static void trainyard_add_number(struct trainyard_line *line, const char *name, double value)
{
	if (value <= TRAINYARD_ABSENT && !isinf(value))
		return;
	trainyard_put_name(line, name);
	trainyard_put_number(line, value);
}

static void trainyard_add_string(struct trainyard_line *line, const char *name, const char *value)
{
	trainyard_put_name(line, name);
	trainyard_put_string(line, value);
}

/* Ends the line and hands it to the kernel whole: with O_APPEND and a single write, lines of
 * several threads or processes never mix. */
static int trainyard_send(struct trainyard *ty, struct trainyard_line *line)
{
	size_t skip = ty->is_torn ? 0 : 1;
	ssize_t written;

	trainyard_put(line, "}\n", 2);
	if (line->error) {
		errno = line->error;
		return -1;
	}
	do {
		written = write(ty->metrics_fd, line->text + skip, line->len - skip);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		return -1;
	ty->is_torn = (size_t)written < line->len - skip;
	if (ty->is_torn) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

/* ---- metrics ---- */

int trainyard_init(struct trainyard *ty)
{
	const char *path = getenv("TRAINYARD_METRICS");

	memset(ty, 0, sizeof(*ty));
	ty->metrics_fd = -1;
	ty->control_fd = -1;
	if (!path || !*path) {
		fprintf(stderr,
			"trainyard: not running under trainyard "
			"(TRAINYARD_METRICS is not set); nothing is reported\n");
		return 0;
	}
	ty->metrics_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (ty->metrics_fd < 0) {
		int saved = errno;

		fprintf(stderr, "trainyard: cannot open %s: %s; nothing is reported\n", path,
			strerror(saved));
		errno = saved;
		return -1;
	}
	return 1;
}

void trainyard_finish(struct trainyard *ty)
{
	if (ty->metrics_fd >= 0)
		close(ty->metrics_fd);
	if (ty->control_fd >= 0)
		close(ty->control_fd);
	ty->metrics_fd = -1;
	ty->control_fd = -1;
}

int trainyard_totals(struct trainyard *ty, long long total_steps, long long total_epochs)
{
	struct trainyard_line line;

	if (ty->metrics_fd < 0 || (total_steps <= 0 && total_epochs <= 0))
		return 0;
	trainyard_begin(&line);
	if (total_steps > 0)
		trainyard_add_integer(&line, "total_steps", total_steps);
	if (total_epochs > 0)
		trainyard_add_integer(&line, "total_epochs", total_epochs);
	return trainyard_send(ty, &line);
}

int trainyard_log_metrics(struct trainyard *ty, long long step,
	const struct trainyard_metric *metrics, size_t count)
{
	struct trainyard_line line;
	size_t i;

	if (ty->metrics_fd < 0)
		return 0;
	trainyard_begin(&line);
	trainyard_add_integer(&line, "step", step);
	for (i = 0; i < count; i++)
		trainyard_add_number(&line, metrics[i].name, metrics[i].value);
	return trainyard_send(ty, &line);
}

int trainyard_log(struct trainyard *ty, long long step, double epoch, double loss,
	double learning_rate)
{
	struct trainyard_metric metrics[3];

	metrics[0].name = "epoch";
	metrics[0].value = epoch;
	metrics[1].name = "loss";
	metrics[1].value = loss;
	metrics[2].name = "learning_rate";
	metrics[2].value = learning_rate;
	return trainyard_log_metrics(ty, step, metrics, 3);
}

int trainyard_log_eval(struct trainyard *ty, long long step, double epoch, double eval_loss)
{
	struct trainyard_metric metrics[2];

	metrics[0].name = "epoch";
	metrics[0].value = epoch;
	metrics[1].name = "eval_loss";
	metrics[1].value = eval_loss;
	return trainyard_log_metrics(ty, step, metrics, 2);
}

int trainyard_log_checkpoint(struct trainyard *ty, const struct trainyard_checkpoint *checkpoint)
{
	struct trainyard_line line;
	char path[TRAINYARD_LINE_MAX];
	size_t len = 0;

	if (ty->metrics_fd < 0)
		return 0;
	path[0] = '\0';
	if (checkpoint->path[0] != '/') {
		if (!getcwd(path, sizeof(path)))
			return -1;
		len = strlen(path);
	}
	if (snprintf(path + len, sizeof(path) - len, "%s%s", len ? "/" : "", checkpoint->path) >=
		(int)(sizeof(path) - len)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	trainyard_begin(&line);
	trainyard_add_string(&line, "event", "checkpoint");
	trainyard_add_string(&line, "path", path);
	trainyard_add_integer(&line, "step", checkpoint->step);
	trainyard_add_number(&line, "epoch", checkpoint->epoch);
	trainyard_add_number(&line, "eval_loss", checkpoint->eval_loss);
	trainyard_add_number(&line, "train_loss", checkpoint->train_loss);
	return trainyard_send(ty, &line);
}

int trainyard_control_ready(struct trainyard *ty)
{
	struct trainyard_line line;

	if (ty->metrics_fd < 0)
		return 0;
	trainyard_begin(&line);
	trainyard_add_string(&line, "event", "control_ready");
	return trainyard_send(ty, &line);
}

/* ---- environment and signals ---- */

static const char *trainyard_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

const char *trainyard_resume_path(void)
{
	return trainyard_env("TRAINYARD_RESUME_FROM_CHECKPOINT");
}

const char *trainyard_run_dir(void)
{
	return trainyard_env("TRAINYARD_RUN_DIR");
}

static volatile sig_atomic_t trainyard_stop_signal;

static void trainyard_on_signal(int number)
{
	trainyard_stop_signal = number;
}

int trainyard_catch_stop(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = trainyard_on_signal;
	sigemptyset(&action.sa_mask);
	/* Without SA_RESTART every read and write of the trainer could fail with EINTR. */
	action.sa_flags = SA_RESTART;
	return sigaction(SIGTERM, &action, NULL);
}

int trainyard_should_stop(void)
{
	return (int)trainyard_stop_signal;
}

/* ---- requests ---- */

/* The end of the JSON string that begins at s, behind its closing quote. */
static const char *trainyard_skip_string(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* Where the value of a name of the outermost object begins; NULL when it is not there. */
static const char *trainyard_find(const char *json, const char *name)
{
	size_t len = strlen(name);
	int depth = 0;

	while (*json) {
		if (*json == '"') {
			const char *end = trainyard_skip_string(json);
			const char *after = end + strspn(end, " \t");

			if (depth == 1 && *after == ':' && (size_t)(end - json) == len + 2 &&
				strncmp(json + 1, name, len) == 0)
				return after + 1 + strspn(after + 1, " \t");
			json = end;
			continue;
		}
		if (*json == '{' || *json == '[')
			depth++;
		if (*json == '}' || *json == ']')
			depth--;
		json++;
	}
	return NULL;
}

static enum trainyard_action trainyard_action_of(const char *json)
{
	static const struct {
		const char *text;
		enum trainyard_action action;
	} known[] = {
		{ "\"save\"", TRAINYARD_SAVE },
		{ "\"stop\"", TRAINYARD_STOP },
		{ "\"pause\"", TRAINYARD_PAUSE },
		{ "\"set\"", TRAINYARD_SET },
	};
	const char *value = trainyard_find(json, "action");
	size_t i;

	for (i = 0; value && i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(value, known[i].text, strlen(known[i].text)) == 0)
			return known[i].action;
	return TRAINYARD_OTHER;
}

/* Moves the first whole line of the buffer into request. 1: done; 0: there is no whole line. */
static int trainyard_take_line(struct trainyard *ty, struct trainyard_request *request)
{
	int is_tail;

	do {
		char *newline = (char *)memchr(ty->control, '\n', ty->control_len);
		size_t len;

		if (!newline)
			return 0;
		len = (size_t)(newline - ty->control);
		memcpy(request->line, ty->control, len);
		request->line[len] = '\0';
		ty->control_len -= len + 1;
		memmove(ty->control, newline + 1, ty->control_len);
		is_tail = ty->is_skipping;
		ty->is_skipping = 0;
	} while (is_tail);
	request->action = trainyard_action_of(request->line);
	return 1;
}

int trainyard_poll(struct trainyard *ty, struct trainyard_request *request)
{
	const char *path = trainyard_env("TRAINYARD_CONTROL");
	ssize_t got;

	if (ty->metrics_fd < 0 || !path)
		return 0;
	/* The file may appear later than the program: not finding it means "no request yet". */
	if (ty->control_fd < 0)
		ty->control_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (ty->control_fd < 0)
		return errno == ENOENT ? 0 : -1;
	while (!trainyard_take_line(ty, request)) {
		if (ty->control_len == sizeof(ty->control)) {
			/* No request is this long: drop it, up to its newline. */
			ty->is_skipping = 1;
			ty->control_len = 0;
		}
		got = read(ty->control_fd, ty->control + ty->control_len,
			sizeof(ty->control) - ty->control_len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? 0 : -1;
		if (got == 0)
			return 0;
		ty->control_len += (size_t)got;
	}
	return 1;
}

int trainyard_request_number(const struct trainyard_request *request, const char *name,
	double *value)
{
	const char *found = trainyard_find(request->line, name);
	char text[64];
	char *end, *point;
	size_t len;

	if (!found)
		return 0;
	len = strspn(found, "0123456789+-.eE");
	if (len == 0 || len >= sizeof(text))
		return 0;
	memcpy(text, found, len);
	text[len] = '\0';
	point = strchr(text, '.');
	if (point)
		*point = localeconv()->decimal_point[0];
	*value = strtod(text, &end);
	return *end == '\0';
}

#ifdef __cplusplus
}
#endif
#endif /* TRAINYARD_IMPLEMENTATION */
