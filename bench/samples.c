/* bench/samples.c -- see samples.h. */
#include "bench/samples.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "bench/program.h"

int64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void pause_ms(int ms)
{
	struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void samples_add(struct samples *s, int64_t ns)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->ns = mem_resize(s->ns, s->room * sizeof(*s->ns));
	}
	s->ns[s->count++] = ns;
}

static int by_length(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

int64_t samples_at(struct samples *s, double share)
{
	if (s->count == 0)
		die("nothing was measured");
	qsort(s->ns, s->count, sizeof(*s->ns), by_length);
	return s->ns[(size_t)(share * (double)(s->count - 1) + 0.5)];
}

void samples_finish(struct samples *s)
{
	free(s->ns);
	*s = (struct samples){ 0 };
}
