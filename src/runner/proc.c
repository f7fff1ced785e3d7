/* runner/proc.c -- what /proc/PID/stat says. */
#include "runner/runner.h"

#include <string.h>

#include "base/str.h"

#define PF_FORKNOEXEC 0x40

/* Fields as proc(5) numbers them. The name, field 2, may hold anything: count behind
 * its last ')'. */
bool process_read(pid_t pid, struct process *p)
{
	char path[32], stat[1024];
	int64_t field[53] = { 0 };
	struct str piece;

	text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (disk_read(path, stat, sizeof(stat)) <= 0)
		return false;
	char *behind = strrchr(stat, ')');
	if (!behind || behind[1] != ' ')
		return false;
	struct str rest = str_trim(str_of(behind + 2));
	for (int i = 3; i <= 52 && str_next(&rest, ' ', &piece); i++) {
		if (i == 3)
			p->state = piece.at[0];
		else if (!str_to_i64(piece, &field[i]))
			field[i] = 0; /* an unsigned mask beyond 63 bits: not ours */
	}
	p->pid = pid;
	p->parent = (pid_t)field[4];
	p->group = (pid_t)field[5];
	p->session = (pid_t)field[6];
	p->never_execed = field[9] & PF_FORKNOEXEC;
	p->start_ticks = field[22];
	p->exit_status = p->state == 'Z' ? (int)field[52] : -1;
	return true;
}
