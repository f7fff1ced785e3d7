/* runner/child.c -- the command's process before it is the command.
 *
 * It is forked before anybody knows what it will run, and blocks on a pipe. On go it reads the
 * start message from memory that it shares with the runner, and execs. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "base/str.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* It is born inside the group: moving it there later would stall every fork of the machine. */
static pid_t fork_into_group(struct runner *r)
{
	if (r->group_fd < 0)
		return fork();
	struct clone_args how = { .flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)r->group_fd };
	pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (pid >= 0 || errno == EAGAIN || errno == ENOMEM)
		return pid;
	group_remove(r);
	return fork();
}

/* The whole sentence goes to the runner: only here is the command's directory the current one. */
static _Noreturn void fail(int errors, const char *format, const char *what, const char *why)
{
	char sentence[SENTENCE_BYTES];

	text_format(sentence, sizeof(sentence), format, what, why);
	io_write_all(errors, sentence, strlen(sentence));
	_exit(127);
}

/* An own session: a stopped job must not get the SIGHUP of an orphaned process group when its
 * runner dies. */
static void settle_in(struct runner *r, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	for (size_t i = 0; i < sizeof(runner_ignores) / sizeof(*runner_ignores); i++)
		signal(runner_ignores[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "trainyard-child");
	AUTO_CLOSE int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0)
		(void)!write(score, r->oom_score, strlen(r->oom_score));
}

/* O_RDWR here too: with a reading end of its own the job outlives its runner's death. */
static void attach_output(struct runner *r)
{
	char name[PACT_FILE_BYTES];

	pact_file_name(name, "output", r->turn);
	int null = open("/dev/null", O_RDWR);
	int out = open(name, O_RDWR | O_NOFOLLOW);
	dup2(null, 0);
	dup2(out < 0 ? null : out, 1);
	dup2(1, 2);
}

static void attach_direct(int errors, const char *job)
{
	char path[ID_BYTES + 24];

	text_format(path, sizeof(path), "../../jobs/%s/log", job);
	int out = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
	if (out < 0)
		fail(errors, "cannot open the log of job %.129s: %.100s", job, strerror(errno));
	dup2(out, 1);
	dup2(out, 2);
	close(out);
}

static char **pointers(struct pact_list list, int errors)
{
	char **items = mmap(NULL, (list.count + 1) * sizeof(*items), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (items == MAP_FAILED)
		fail(errors, "cannot prepare the command%s: %.100s", "", strerror(errno));
	for (size_t i = 0; i < list.count; i++)
		items[i] = (char *)pact_list_next(&list);
	return items;
}

/* ENOENT and EACCES say little: which of the usual reasons it was. */
static const char *exec_reason(const char *command, int error)
{
	struct stat st;
	bool path = strchr(command, '/') != NULL;

	if (error == ENOENT && !path)
		return "no such command";
	if (error == ENOENT)
		return stat(command, &st) == 0 ? "its interpreter does not exist" : "no such file";
	if (error == EACCES && path && stat(command, &st) == 0 && S_ISDIR(st.st_mode))
		return "it is a directory";
	if (error == EACCES)
		return "it is not executable";
	if (error == E2BIG)
		return "command and environment are longer than the kernel takes";
	return strerror(error);
}

static const char *directory_reason(int error)
{
	if (error == ENOENT)
		return "no such directory";
	if (error == ENOTDIR)
		return "it is not a directory";
	if (error == EACCES)
		return "permission denied";
	return strerror(error);
}

static _Noreturn void become_command(struct runner *r, int errors)
{
	struct pact_message m;

	if (!pact_decode(&m, r->shared->frame + PACT_FRAME_BYTES, r->shared->body_bytes))
		_exit(127);
	char **argv = pointers(m.start.argv, errors);
	environ = pointers(m.start.env, errors);
	if (m.start.direct)
		attach_direct(errors, m.start.job);
	if (chdir(m.start.cwd) < 0)
		fail(errors, "cannot enter directory \"%.200s\": %.100s", m.start.cwd,
			directory_reason(errno));
	if (m.start.umask >= 0)
		umask((mode_t)m.start.umask & 0777);
	prctl(PR_SET_PDEATHSIG, 0);
	execvp(argv[0], argv);
	fail(errors, "cannot run \"%.200s\": %.100s", argv[0], exec_reason(argv[0], errno));
}

/* Whatever numbers the two pipes had, they become 3 and 4, and nothing else stays open. */
static _Noreturn void child_main(struct runner *r, pid_t parent, int go, int errors)
{
	char word;

	settle_in(r, parent);
	attach_output(r);
	go = fcntl(go, F_DUPFD_CLOEXEC, 5);
	errors = fcntl(errors, F_DUPFD_CLOEXEC, 5);
	if (dup3(go, 3, O_CLOEXEC) < 0 || dup3(errors, 4, O_CLOEXEC) < 0)
		_exit(127);
	close_range(5, ~0u, 0);
	if (read(3, &word, 1) != 1)
		_exit(127);
	become_command(r, 4);
}

int child_fork(struct runner *r)
{
	int go[2], errors[2];
	struct process p;
	pid_t parent = getpid();

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(errors, O_CLOEXEC) < 0) {
		scope_close(&go[0]);
		scope_close(&go[1]);
		return -1;
	}
	pid_t pid = fork_into_group(r);
	if (pid == 0)
		child_main(r, parent, go[0], errors[1]);
	scope_close(&go[0]);
	scope_close(&errors[1]);
	if (pid < 0) {
		scope_close(&go[1]);
		scope_close(&errors[0]);
		return -1;
	}
	r->go = go[1];
	r->errors = errors[0];
	r->child = r->leader = pid;
	r->leader_ticks = process_read(pid, &p) ? p.start_ticks : 0;
	return 0;
}
