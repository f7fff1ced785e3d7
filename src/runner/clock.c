/* runner/clock.c -- the runner's own clock and its small formatter. */
#include "runner/runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

void text_format(char *text, size_t text_bytes, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(text, text_bytes, format, args);
	va_end(args);
}
