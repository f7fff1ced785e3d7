/* charlm/pool.h -- the same function on many items, on several threads. */
#ifndef CHARLM_POOL_H
#define CHARLM_POOL_H

#include <stddef.h>

struct pool;

/* What to do with one item; `thread` (0 .. threads - 1) says whose scratch memory to use. */
typedef void pool_task(void *context, size_t item, size_t thread);

/* threads counts the caller, who works along. NULL: out of memory or threads. */
struct pool *pool_create(size_t threads);
void pool_destroy(struct pool *pool);
/* Calls task for the items 0 .. count - 1, in no certain order, and returns when all are done. So
 * that results never depend on who did what, each item must write to a place of its own. */
void pool_run(struct pool *pool, size_t count, pool_task *task, void *context);

#endif
