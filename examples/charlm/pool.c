#include "charlm/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct worker {
	struct pool *pool;
	pthread_t id;
	size_t thread;
};

struct pool {
	pthread_barrier_t start, done;
	pool_task *task; /* NULL at the start barrier: leave */
	void *context;
	size_t count;
	atomic_size_t next; /* the item that nobody has taken yet */
	size_t started;     /* threads beside the caller */
	struct worker worker[];
};

static void work(struct pool *pool, size_t thread)
{
	size_t item;

	while ((item = atomic_fetch_add(&pool->next, 1)) < pool->count)
		pool->task(pool->context, item, thread);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;

	for (;;) {
		pthread_barrier_wait(&pool->start);
		if (!pool->task)
			return NULL;
		work(pool, worker->thread);
		pthread_barrier_wait(&pool->done);
	}
}

struct pool *pool_create(size_t threads)
{
	struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->worker[0]));

	if (!pool)
		return NULL;
	pthread_barrier_init(&pool->start, NULL, (unsigned)threads);
	pthread_barrier_init(&pool->done, NULL, (unsigned)threads);
	for (size_t i = 0; i + 1 < threads; i++) {
		struct worker *worker = &pool->worker[i];

		worker->pool = pool;
		worker->thread = i + 1;
		/* The threads that did start wait at a barrier that will never be full: the
		 * program is about to leave, and the kernel takes them along. */
		if (pthread_create(&worker->id, NULL, worker_main, worker))
			return NULL;
		pool->started++;
	}
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	pool->task = NULL;
	pthread_barrier_wait(&pool->start);
	for (size_t i = 0; i < pool->started; i++)
		pthread_join(pool->worker[i].id, NULL);
	pthread_barrier_destroy(&pool->start);
	pthread_barrier_destroy(&pool->done);
	free(pool);
}

void pool_run(struct pool *pool, size_t count, pool_task *task, void *context)
{
	pool->task = task;
	pool->context = context;
	pool->count = count;
	atomic_store(&pool->next, 0);
	pthread_barrier_wait(&pool->start);
	work(pool, 0);
	pthread_barrier_wait(&pool->done);
}
