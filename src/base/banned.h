/* base/banned.h -- calls that nobody here may make; meson includes it into every C file first.
 *
 * A use is a compile error that names what to use instead. `make tidy` looks for the same words in
 * the text, so that a macro cannot hide one.
 *
 * Clock and randomness belong to loop/ (and to runner/, bench/, tests/ and examples/, which have no
 * loop): those give their targets `c_args: clock_allowed`. */
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
#define NO_CLOCK BANNED("clock and randomness are in loop/ (else c_args: clock_allowed)")
time_t time(time_t *) NO_CLOCK;
int clock_gettime(clockid_t, struct timespec *) NO_CLOCK;
int gettimeofday(struct timeval *, void *) NO_CLOCK;
int rand(void) NO_CLOCK;
long random(void) NO_CLOCK;
#endif

#endif
