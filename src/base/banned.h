/* base/banned.h -- calls that nobody here may make; meson includes it into every C file first.
 *
 * A use is a compile error that names what to use instead. `make tidy` looks for the same words in
 * the text, so that a macro cannot hide one.
 *
 * Clock and randomness belong to loop/ (and to runner/, bench/ and tests/, which have no loop):
 * those give their targets `c_args: clock_allowed`. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdarg.h>

#define BANNED(instead) __attribute__((deprecated("banned here: " instead)))

/* Declared ahead of stdio.h, which may define them: an attribute after a definition is ignored. */
int sprintf(char *, const char *, ...) BANNED("use snprintf or buf_printf");
int vsprintf(char *, const char *, va_list) BANNED("use vsnprintf or buf_vprintf");

#include <stdio.h>
#include <sys/time.h>
#include <time.h>

char *strcpy(char *, const char *) BANNED("use struct str or struct buf");
char *strcat(char *, const char *) BANNED("use struct buf");
char *strtok(char *, const char *) BANNED("it keeps hidden state; walk the text");
char *gets(char *) BANNED("it cannot know the size");
int system(const char *) BANNED("no shell behind a caller's back");
FILE *popen(const char *, const char *) BANNED("no shell behind a caller's back");

#ifndef CLOCK_ALLOWED
time_t time(time_t *) BANNED("the clock is in loop/; take the time as an argument");
int clock_gettime(clockid_t, struct timespec *) BANNED("the clock is in loop/");
int gettimeofday(struct timeval *, void *) BANNED("the clock is in loop/");
int rand(void) BANNED("randomness is in loop/");
long random(void) BANNED("randomness is in loop/");
#endif

#endif
