/* base/err.c -- see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	int http_status;
	int exit_code;
} kinds[ERR_KIND_COUNT] = {
#define X(name, word, http, code) [ERR_##name] = { word, http, code },
	ERR_KINDS(X)
#undef X
};

static void fill(struct err *e, enum err_kind kind, const char *format, va_list args)
{
	e->kind = kind;
	e->sys_errno = 0;
	vsnprintf(e->text, sizeof(e->text), format, args);
}

int err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
	if (!e)
		return -1;
	va_list args;
	va_start(args, format);
	fill(e, kind, format, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *e, enum err_kind kind, const char *format, ...)
{
	int saved = errno;
	if (!e)
		return -1;
	if (kind == ERR_IO && (saved == ENOSPC || saved == EDQUOT))
		kind = ERR_DISK_FULL;
	va_list args;
	va_start(args, format);
	fill(e, kind, format, args);
	va_end(args);
	size_t used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(saved));
	e->sys_errno = saved;
	errno = saved;
	return -1;
}

const char *err_word(enum err_kind kind)
{
	return kinds[kind].word;
}

int err_http_status(enum err_kind kind)
{
	return kinds[kind].http_status;
}

int err_exit_code(enum err_kind kind)
{
	return kinds[kind].exit_code;
}

enum err_kind err_kind_of_word(const char *word)
{
	for (int i = 0; i < ERR_KIND_COUNT; i++) {
		if (strcmp(kinds[i].word, word) == 0)
			return (enum err_kind)i;
	}
	return ERR_NONE;
}
