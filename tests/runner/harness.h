/* runner/harness.h -- a real loop, a real exec and real runners below a directory of its own.
 *
 * The test process is a subreaper: whatever a test leaves behind becomes its child, is found when
 * the yard is torn down, and fails the test. Every wait is for a condition, with a deadline. */
#ifndef TESTS_RUNNER_HARNESS_H
#define TESTS_RUNNER_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/buf.h"
#include "exec/exec.h"
#include "loop/loop.h"

struct seen {
	char job_id[JOB_ID_BYTES];
	char nonce[NONCE_BYTES];
	int started, failed, exited, gone, unkillable, settled;
	int64_t pid, start_ticks, started_wall_ms;
	struct exec_exit exit;
	enum gone_kind gone_kind;
	enum exec_found found;
	char sentence[512];
};

struct yard {
	char *dir;     /* the state directory */
	char mark[64]; /* YARD=<mark> is in every job's environment */
	struct loop *loop;
	struct exec *exec;
	struct exec_config config;
	struct seen seen[64];
	int seen_count;
	bool acknowledge; /* ends at once; true unless a test says otherwise */
};

/* cmocka setup and teardown; with and without cgroups where the test is listed for both. */
int yard_setup(void **state);
int yard_setup_without_groups(void **state);
int yard_teardown(void **state);

void yard_open(struct yard *y);  /* exec_create */
void yard_close(struct yard *y); /* exec_destroy: the server dies */
struct seen *yard_seen(struct yard *y, const char *job_id);

/* Starts `sh -c script` as attempt 1 of the job and returns where its events arrive. */
struct seen *yard_run(struct yard *y, const char *job_id, const char *script);
struct seen *yard_start(struct yard *y, const char *job_id, const char *const *argv,
	const char *cwd);
/* The attempt's row as the store would have it. */
struct attempt_record yard_row(struct yard *y, const struct seen *s);
struct seen *yard_adopt(struct yard *y, const struct attempt_record *row);

/* Turns the loop until *flag is not 0. Fails the test after 20 s. */
void yard_wait(struct yard *y, const int *flag);
typedef bool yard_fn(struct yard *y, void *argument);
void yard_wait_for(struct yard *y, yard_fn *fn, void *argument);

/* A file that the script makes, below the state directory. */
void yard_wait_file(struct yard *y, const char *name);
char *yard_path(struct yard *y, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct buf yard_log(struct yard *y, const char *job_id);

/* Living processes (no zombies) with this environment entry; fills up to most of them. */
int processes_with(const char *entry, pid_t *pids, int most);
int yard_jobs_alive(struct yard *y);
pid_t yard_runner_of(struct yard *y, const struct seen *s); /* holder of the lock, 0 = none */

#endif
