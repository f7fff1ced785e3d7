/* base/log.c -- see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
	log_sink *sink;
	void *context;
	enum log_level least;
} log_out;

static const char *const names[] = {
#define X(name, word) [LOG_##name] = word,
	LOG_LEVELS(X)
#undef X
};

const char *log_level_name(enum log_level level)
{
	return names[level];
}

void log_to(log_sink *sink, void *context, enum log_level least)
{
	log_out.sink = sink;
	log_out.context = context;
	log_out.least = least;
}

void log_line(enum log_level level, const char *format, ...)
{
	if (!log_out.sink || level > log_out.least)
		return;
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = '?';
	}
	log_out.sink(log_out.context, level, line);
}
