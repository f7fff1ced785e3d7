/* runner/members.c -- finds, freezes and kills a tree from outside. */
#include "runner/members.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"

#define FREEZE_LOOKS_MOST 400
#define HUNT_NUMBERS 3
#define HUNT_MS 20

static void add(struct members *m, const struct process *p)
{
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 64;
		m->items = mem_resize(m->items, m->room * sizeof(*m->items));
	}
	m->items[m->count++] = *p;
}

void members_finish(struct members *m)
{
	free(m->items);
	*m = (struct members){ 0 };
}

bool members_has(const struct members *m, const struct process *p)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].pid == p->pid && m->items[i].start_ticks == p->start_ticks)
			return true;
	return false;
}

static void list_processes(struct members *all)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct process p;
	int64_t pid;

	while (proc && (entry = readdir(proc)))
		if (str_to_i64(str_of(entry->d_name), &pid) && pid != getpid() &&
			process_read((pid_t)pid, &p) && p.state != 'Z' && p.state != 'X')
			add(all, &p);
	if (proc)
		closedir(proc);
}

/* Read in pieces that overlap by the length of what is looked for. */
static bool has_nonce(pid_t pid, const char *assignment)
{
	static char bytes[65536];
	char path[32];
	size_t length = strlen(assignment) + 1, have = 0;
	ssize_t n;

	text_format(path, sizeof(path), "/proc/%d/environ", (int)pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, bytes + have, sizeof(bytes) - have)) > 0) {
		have += (size_t)n;
		if (memmem(bytes, have, assignment, length))
			return true;
		if (have > length) {
			memmove(bytes, bytes + have - length, length);
			have = length;
		}
	}
	return false;
}

static void read_group(const struct runner *r, struct buf *procs)
{
	char bytes[4096];
	ssize_t n;

	AUTO_CLOSE int fd = r->group_fd < 0
		? -1
		: openat(r->group_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(procs, bytes, (size_t)n);
}

static bool in_group(const struct buf *procs, pid_t pid)
{
	struct str rest = { procs->bytes, procs->length_bytes }, line;
	int64_t value;

	while (str_next(&rest, '\n', &line))
		if (str_to_i64(line, &value) && value == pid)
			return true;
	return false;
}

/* A session keeps its leader's number from being given away, as long as anybody is in it; one whose
 * leader has that number but another start time is a stranger's. */
static bool in_session(const struct runner *r, const struct members *all, const struct process *p)
{
	if (r->leader <= 0 || p->session != r->leader || p->start_ticks < r->leader_ticks)
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].pid == r->leader)
			return all->items[i].start_ticks == r->leader_ticks;
	return true;
}

static bool has_parent_in(const struct members *m, const struct process *p)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].pid == p->parent && m->items[i].start_ticks <= p->start_ticks)
			return true;
	return false;
}

void members_find(const struct runner *r, struct members *found)
{
	struct members all = { 0 };
	char assignment[16 + PACT_NONCE_BYTES];
	AUTO_BUF procs = { 0 };

	text_format(assignment, sizeof(assignment), "TRAINYARD_NONCE=%s", r->nonce);
	list_processes(&all);
	read_group(r, &procs);
	for (size_t i = 0; i < all.count; i++) {
		const struct process *p = &all.items[i];
		bool leader = p->pid == r->leader && p->start_ticks == r->leader_ticks;
		if (leader || in_group(&procs, p->pid) || in_session(r, &all, p) ||
			has_nonce(p->pid, assignment))
			add(found, p);
	}
	for (size_t before = SIZE_MAX; before != found->count;) {
		before = found->count;
		for (size_t i = 0; i < all.count; i++)
			if (!members_has(found, &all.items[i]) &&
				has_parent_in(found, &all.items[i]))
				add(found, &all.items[i]);
	}
	members_finish(&all);
}

void member_signal(const struct process *p, int signal_number)
{
	struct process now;
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd >= 0 && process_read(p->pid, &now) && now.start_ticks == p->start_ticks)
		syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0);
}

/* True when everybody found now was there, and stopped, in the look before. */
static bool freeze_look(const struct runner *r, struct members *before)
{
	struct members now = { 0 };
	bool quiet = true;

	members_find(r, &now);
	for (size_t i = 0; i < now.count; i++) {
		const struct process *p = &now.items[i];
		if (p->state != 'T' && p->state != 't')
			member_signal(p, SIGSTOP);
		if (!members_has(before, p))
			quiet = false;
	}
	members_finish(before);
	*before = now;
	return quiet;
}

/* The number of the newest process: the last word of /proc/loadavg. */
static pid_t newest_process(void)
{
	char text[128];
	int64_t pid;
	ssize_t length = disk_read("/proc/loadavg", text, sizeof(text));

	char *space = length > 0 ? strrchr(text, ' ') : NULL;
	return space && str_to_i64(str_trim(str_of(space)), &pid) ? (pid_t)pid : 0;
}

/* A chain of processes that each fork the next and leave is never there when a list of /proc is
 * read. It is met where it is born: at the newest numbers. One that has SIGSTOP pending cannot
 * fork. */
bool members_hunt(const struct runner *r, int for_ms)
{
	char assignment[16 + PACT_NONCE_BYTES];
	int64_t until_ms = clock_boot_ms() + for_ms;
	bool met = false;

	text_format(assignment, sizeof(assignment), "TRAINYARD_NONCE=%s", r->nonce);
	do {
		pid_t newest = newest_process();
		for (pid_t pid = newest + 1; pid > newest - HUNT_NUMBERS && pid > 1; pid--) {
			struct process p;
			AUTO_CLOSE int fd = pid == getpid() ? -1
							    : (int)syscall(SYS_pidfd_open, pid, 0);
			if (fd < 0 || !has_nonce(pid, assignment))
				continue;
			syscall(SYS_pidfd_send_signal, fd, SIGSTOP, NULL, 0);
			met = met || (process_read(pid, &p) && !strchr("TtZX", p.state));
		}
	} while (clock_boot_ms() < until_ms);
	return met;
}

void members_kill(const struct runner *r)
{
	struct members last = { 0 };
	int quiet = 0;

	group_kill(r);
	if (r->group_fd < 0)
		members_hunt(r, HUNT_MS);
	for (int looks = 0; quiet < 2 && looks < FREEZE_LOOKS_MOST; looks++)
		quiet = freeze_look(r, &last) ? quiet + 1 : 0;
	for (size_t i = 0; i < last.count; i++)
		member_signal(&last.items[i], SIGKILL);
	members_finish(&last);
}
