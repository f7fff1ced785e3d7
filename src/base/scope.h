/* base/scope.h -- things that end with their scope.
 *
 *     AUTO_CLOSE int fd = open(...);
 *     AUTO_FREE char *text = mem_string(...);
 *
 * A negative fd and a NULL pointer are nothing to end. Hand a resource over by setting the variable
 * to -1 or NULL (SCOPE_TAKE does both at once). errno survives. */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void scope_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void scope_free(void *pointer)
{
	int saved = errno;
	free(*(void **)pointer);
	errno = saved;
}

static inline void scope_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* unused: clang warns of a variable that is there for its end only. */
#define AUTO_CLOSE __attribute__((cleanup(scope_close), unused))
#define AUTO_FREE __attribute__((cleanup(scope_free), unused))
#define AUTO_FCLOSE __attribute__((cleanup(scope_fclose), unused))
#define AUTO(finish) __attribute__((cleanup(finish), unused))

static inline int scope_take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#endif
