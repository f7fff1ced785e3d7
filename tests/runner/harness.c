/* runner/harness.c -- see harness.h. */
#include "runner/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"

#define DEADLINE_MS 20000

static struct seen *seen_add(struct yard *y, const char *job_id)
{
	struct seen *s = yard_seen(y, job_id);

	if (s)
		return s;
	assert_true(y->seen_count < (int)(sizeof(y->seen) / sizeof(*y->seen)));
	s = &y->seen[y->seen_count++];
	str_copy(s->job_id, sizeof(s->job_id), job_id);
	return s;
}

struct seen *yard_seen(struct yard *y, const char *job_id)
{
	for (int i = 0; i < y->seen_count; i++)
		if (strcmp(y->seen[i].job_id, job_id) == 0)
			return &y->seen[i];
	return NULL;
}

static void on_started(void *ctx, const char *job_id, uint32_t attempt, int64_t pid,
	int64_t pid_start_ticks, int64_t wall_ms)
{
	struct seen *s = seen_add(ctx, job_id);
	s->started++;
	s->pid = pid;
	s->start_ticks = pid_start_ticks;
	s->started_wall_ms = wall_ms;
}

static void ended(struct yard *y, const char *job_id, uint32_t attempt)
{
	if (y->acknowledge)
		exec_acknowledge(y->exec, job_id, attempt);
}

static void on_start_failed(void *ctx, const char *job_id, uint32_t attempt, const char *sentence)
{
	struct seen *s = seen_add(ctx, job_id);
	s->failed++;
	str_copy_cut(s->sentence, sizeof(s->sentence), sentence);
	ended(ctx, job_id, attempt);
}

static void on_exited(void *ctx, const char *job_id, uint32_t attempt, const struct exec_exit *x)
{
	struct seen *s = seen_add(ctx, job_id);
	s->exited++;
	s->exit = *x;
	ended(ctx, job_id, attempt);
}

static void on_gone(void *ctx, const char *job_id, uint32_t attempt, enum gone_kind kind,
	const char *sentence)
{
	struct seen *s = seen_add(ctx, job_id);
	s->gone++;
	s->gone_kind = kind;
	str_copy_cut(s->sentence, sizeof(s->sentence), sentence);
	ended(ctx, job_id, attempt);
}

static void on_unkillable(void *ctx, const char *job_id, uint32_t attempt, const char *living)
{
	struct seen *s = seen_add(ctx, job_id);
	s->unkillable++;
	str_copy_cut(s->sentence, sizeof(s->sentence), living);
}

static void on_settled(void *ctx, const char *job_id, uint32_t attempt, enum exec_found found)
{
	struct seen *s = seen_add(ctx, job_id);
	s->settled++;
	s->found = found;
}

void yard_open(struct yard *y)
{
	static const struct exec_events events = {
		.started = on_started,
		.start_failed = on_start_failed,
		.exited = on_exited,
		.gone = on_gone,
		.unkillable = on_unkillable,
	};
	struct err e = { 0 };

	y->exec = exec_create(y->loop, &y->config, &events, y, &e);
	if (!y->exec)
		fail_msg("%s", e.text);
}

void yard_close(struct yard *y)
{
	exec_destroy(y->exec);
	y->exec = NULL;
}

/* 0 once this process has no child left, runners included; reaps those that ended. */
static int children_left(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return waitpid(-1, NULL, WNOHANG) == 0;
}

static int setup(void **state, bool groups)
{
	struct yard *y = mem_alloc(sizeof(*y));
	char template[] = "/tmp/trainyard-runner-XXXXXX";
	struct err e;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_non_null(mkdtemp(template));
	chmod(template, 0755);
	y->dir = mem_string(template);
	snprintf(y->mark, sizeof(y->mark), "YARD=%s", template);
	y->loop = loop_create(&e);
	y->config = (struct exec_config){ .state_dir = y->dir,
		.runner_path = getenv("TRAINYARD_RUNNER"),
		.pool_size = 2,
		.cgroups = groups };
	y->acknowledge = true;
	assert_non_null(y->config.runner_path);
	yard_open(y);
	*state = y;
	return 0;
}

int yard_setup(void **state)
{
	return setup(state, true);
}

int yard_setup_without_groups(void **state)
{
	return setup(state, false);
}

static bool childless(struct yard *y, void *argument)
{
	return !children_left();
}

static int remove_tree(const char *path)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", path, NULL);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

/* A test that failed half way leaves jobs: they are ended here, and that is no excuse for it. */
int yard_teardown(void **state)
{
	struct yard *y = *state;
	pid_t left[256];
	int count = processes_with(y->mark, left, 256);

	yard_close(y);
	for (int i = 0; i < count; i++)
		kill(left[i], SIGKILL);
	yard_wait_for(y, childless, NULL);
	loop_destroy(y->loop);
	remove_tree(y->dir);
	free(y->dir);
	free(y);
	if (count > 0)
		fail_msg("%d processes of the test's jobs were left alive", count);
	return 0;
}

struct seen *yard_start(struct yard *y, const char *job_id, const char *const *argv,
	const char *cwd)
{
	const char *env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", y->mark, NULL };
	struct seen *s = seen_add(y, job_id);
	struct err e = { 0 };

	assert_int_equal(exec_reserve(y->exec, s->nonce, &e), 0);
	struct exec_start start = { .job_id = job_id,
		.attempt = 1,
		.nonce = s->nonce,
		.argv = argv,
		.envp = env,
		.cwd = cwd ? cwd : y->dir,
		.umask_bits = -1 };
	if (exec_start(y->exec, &start, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

struct seen *yard_run(struct yard *y, const char *job_id, const char *script)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	return yard_start(y, job_id, argv, NULL);
}

struct attempt_record yard_row(struct yard *y, const struct seen *s)
{
	struct attempt_record row = { .number = 1,
		.pid = s->pid,
		.pid_start_ticks = s->start_ticks };

	row.state = s->started ? JOB_RUNNING : JOB_PENDING;
	str_copy(row.job_id, sizeof(row.job_id), s->job_id);
	str_copy(row.nonce, sizeof(row.nonce), s->nonce);
	str_copy(row.boot_id, sizeof(row.boot_id), exec_boot_id(y->exec));
	return row;
}

/* As a new server sees it: nothing is known but the row. */
struct seen *yard_adopt(struct yard *y, const struct attempt_record *row)
{
	struct seen *s = seen_add(y, row->job_id);

	s->started = s->failed = s->exited = s->gone = s->settled = s->unkillable = 0;
	exec_adopt(y->exec, row, on_settled);
	return s;
}

static void late(void *context)
{
	*(bool *)context = true;
}

void yard_wait_for(struct yard *y, yard_fn *fn, void *argument)
{
	bool is_late = false;
	struct loop_timer *deadline = loop_timer_create(y->loop, late, &is_late);
	struct loop_timer *look = loop_timer_create(y->loop, late, &(bool){ false });

	loop_timer_at(deadline, loop_now().boot_ms + DEADLINE_MS);
	while (!fn(y, argument) && !is_late) {
		loop_timer_at(look, loop_now().boot_ms + 5);
		loop_run_once(y->loop, true);
		children_left(); /* init reaps orphans at once: so do we */
	}
	loop_timer_destroy(look);
	loop_timer_destroy(deadline);
	if (is_late)
		fail_msg("waited in vain for %d s", DEADLINE_MS / 1000);
}

static bool is_set(struct yard *y, void *argument)
{
	return *(const int *)argument != 0;
}

void yard_wait(struct yard *y, const int *flag)
{
	yard_wait_for(y, is_set, (void *)(uintptr_t)flag);
}

static bool exists(struct yard *y, void *argument)
{
	return access(argument, F_OK) == 0;
}

void yard_wait_file(struct yard *y, const char *name)
{
	AUTO_FREE char *path = yard_path(y, "%s", name);
	yard_wait_for(y, exists, path);
}

char *yard_path(struct yard *y, const char *format, ...)
{
	struct buf b = { 0 };
	va_list args;

	buf_format(&b, "%s/", y->dir);
	va_start(args, format);
	buf_vformat(&b, format, args);
	va_end(args);
	return buf_take(&b);
}

struct buf yard_log(struct yard *y, const char *job_id)
{
	AUTO_FREE char *path = yard_path(y, "jobs/%s/log", job_id);
	struct buf b = { 0 };

	io_read_file(path, 1 << 30, &b, NULL);
	buf_reserve(&b, 1);
	b.bytes[b.length_bytes] = '\0';
	return b;
}

static bool is_zombie(pid_t pid)
{
	char path[64];
	AUTO_BUF stat = { 0 };

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (io_read_file(path, 4096, &stat, NULL) < 0)
		return true;
	const char *end = strrchr(stat.bytes, ')');
	return !end || end[2] == 'Z' || end[2] == 'X';
}

/* Whether the environment of a process holds the entry, whole. */
static bool has_entry(pid_t pid, const char *entry)
{
	char path[64];
	AUTO_BUF env = { 0 };
	struct str piece;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (io_read_file(path, 1 << 20, &env, NULL) < 0)
		return false;
	struct str rest = { env.bytes, env.length_bytes };
	while (str_next(&rest, '\0', &piece))
		if (str_is(piece, entry))
			return true;
	return false;
}

int processes_with(const char *entry, pid_t *pids, int most)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int count = 0;

	while (proc && (d = readdir(proc))) {
		int64_t pid;
		if (!str_to_i64(str_of(d->d_name), &pid) || !has_entry((pid_t)pid, entry) ||
			is_zombie((pid_t)pid))
			continue;
		if (pids && count < most)
			pids[count] = (pid_t)pid;
		count++;
	}
	if (proc)
		closedir(proc);
	return count;
}

int yard_jobs_alive(struct yard *y)
{
	return processes_with(y->mark, NULL, 0);
}

pid_t yard_runner_of(struct yard *y, const struct seen *s)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_FREE char *path = yard_path(y, "runners/%.24s/lock", s->nonce);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
		return 0;
	return whole.l_pid;
}
