/* runner/log.c -- from the job's output FIFO to its log.
 *
 * The job must never wait for a disk: what cannot be written is dropped, counted, and announced in
 * the log itself once there is room again. */
#include "runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"

#define FIFO_BYTES (1 << 20)
#define PUNCH_BYTES (1 << 20) /* at least this much at a time */
#define BLOCK_BYTES 4096
#define SAMPLE_EVERY_MS 1000
#define CHECK_EVERY_MS 10000

/* Both ends: so it never reads EOF, nobody's death breaks it, and opening does not block. */
int log_fifo_open(struct runner *r)
{
	char name[PACT_FILE_BYTES];

	pact_file_name(name, "output", r->turn);
	if (mkfifo(name, 0600) < 0 && errno != EEXIST)
		return -1;
	r->log.fifo = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (r->log.fifo < 0)
		return -1;
	/* An account may hold only so many pages in pipes: take what there is. */
	for (int size = FIFO_BYTES; size > 65536; size /= 2)
		if (fcntl(r->log.fifo, F_SETPIPE_SZ, size) >= 0)
			break;
	return 0;
}

static int open_below_job(struct runner *r, const char *name, int flags)
{
	char path[ID_BYTES + 32];

	text_format(path, sizeof(path), "../../jobs/%s", r->job);
	AUTO_CLOSE int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return -1;
	return openat(directory, name, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void log_open(struct runner *r, bool direct)
{
	struct log_out *l = &r->log;
	struct stat st;

	l->file = open_below_job(r, "log", O_RDWR);
	l->lost_bytes = l->gap_bytes = l->sample_due_ms = 0;
	l->splice_works = true;
	l->offset_bytes = l->file >= 0 && fstat(l->file, &st) == 0 ? st.st_size : 0;
	l->check_due_ms = direct ? clock_boot_ms() + CHECK_EVERY_MS : 0;
	off_t first = l->file >= 0 ? lseek(l->file, 0, SEEK_DATA) : 0;
	l->punched_bytes = first > 0 ? first : 0;
}

static void sample(struct runner *r)
{
	struct log_out *l = &r->log;
	unsigned char bytes[PACT_SAMPLE_BYTES];
	int64_t now_ms = clock_boot_ms();

	if (now_ms < l->sample_due_ms)
		return;
	if (l->times < 0)
		l->times = open_below_job(r, "log.times", O_WRONLY | O_APPEND);
	pact_sample_put(bytes, l->offset_bytes, clock_wall_ms());
	if (write(l->times, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		l->sample_due_ms = now_ms + SAMPLE_EVERY_MS;
}

/* Old bytes go, offsets stay. */
static void punch(struct log_out *l)
{
	int64_t from = l->punched_bytes, to = l->offset_bytes - l->limit_bytes;
	int64_t step = l->limit_bytes / 8 > PUNCH_BYTES ? PUNCH_BYTES : l->limit_bytes / 8;

	to -= to % BLOCK_BYTES;
	if (l->limit_bytes <= 0 || to - from < BLOCK_BYTES || to - from < step)
		return;
	if (fallocate(l->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) == 0)
		l->punched_bytes = to;
}

static void wrote(struct log_out *l, int64_t size_bytes)
{
	l->offset_bytes += size_bytes;
	punch(l);
}

/* Writes at the log's end; what does not fit on the disk is lost. */
static void put(struct log_out *l, const char *bytes, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t n = l->file < 0 ? -1 : pwrite(l->file, bytes, size_bytes, l->offset_bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			l->lost_bytes += (int64_t)size_bytes;
			l->gap_bytes += (int64_t)size_bytes;
			return;
		}
		wrote(l, n);
		bytes += n;
		size_bytes -= (size_t)n;
	}
}

/* True once the gap is announced, or there is none. */
static bool announce_gap(struct log_out *l)
{
	char line[96];

	if (l->gap_bytes == 0)
		return true;
	text_format(line, sizeof(line),
		"\n[trainyard] %lld bytes of output were lost here: disk full\n",
		(long long)l->gap_bytes);
	size_t length = strlen(line);
	if (l->file < 0 || pwrite(l->file, line, length, l->offset_bytes) != (ssize_t)length)
		return false;
	wrote(l, (int64_t)length);
	l->gap_bytes = 0;
	return true;
}

/* Slow path: also throws away what the disk does not take, so that the FIFO never fills. */
static ssize_t copy_some(struct log_out *l)
{
	char bytes[65536];
	ssize_t n = read(l->fifo, bytes, sizeof(bytes));

	if (n <= 0)
		return n;
	if (announce_gap(l)) {
		put(l, bytes, (size_t)n);
	} else {
		l->lost_bytes += n;
		l->gap_bytes += n;
	}
	return n;
}

static ssize_t splice_some(struct log_out *l)
{
	loff_t offset = l->offset_bytes;
	ssize_t n = splice(l->fifo, NULL, l->file, &offset, FIFO_BYTES, SPLICE_F_NONBLOCK);

	if (n > 0)
		wrote(l, n);
	return n;
}

ssize_t log_move(struct runner *r)
{
	struct log_out *l = &r->log;
	ssize_t n = -1;

	if (l->fifo < 0)
		return 0;
	sample(r);
	if (l->splice_works && l->gap_bytes == 0 && l->file >= 0) {
		n = splice_some(l);
		if (n >= 0 || errno == EAGAIN || errno == EINTR)
			return n;
		l->splice_works = errno == ENOSPC || errno == EDQUOT;
	}
	return copy_some(l);
}

void log_drain(struct runner *r)
{
	int waiting;

	if (r->log.fifo < 0)
		return;
	while (ioctl(r->log.fifo, FIONREAD, &waiting) == 0 && waiting > 0 && log_move(r) > 0)
		;
	if (r->log.file >= 0)
		announce_gap(&r->log);
}

void log_close(struct runner *r)
{
	scope_close(&r->log.fifo);
	scope_close(&r->log.file);
	scope_close(&r->log.times);
	r->log.fifo = r->log.file = r->log.times = -1;
	r->log.check_due_ms = 0;
}

/* Direct output passes us by: look now and then. */
void log_check_direct(struct runner *r, int64_t now_ms)
{
	struct log_out *l = &r->log;
	struct stat st;

	if (l->check_due_ms == 0 || now_ms < l->check_due_ms)
		return;
	l->check_due_ms = now_ms + CHECK_EVERY_MS;
	if (l->file < 0 || fstat(l->file, &st) < 0 || st.st_size == l->offset_bytes)
		return;
	sample(r);
	l->offset_bytes = st.st_size;
	punch(l);
}
