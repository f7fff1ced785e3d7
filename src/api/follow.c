/* api/follow.c -- see follow.h. */
#include "api/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/log_scan.h"
#include "base/io.h"
#include "base/mem.h"

#define CHUNK_BYTES (64 << 10)
#define AHEAD_BYTES (256 << 10) /* no more than this waits for a slow reader */

/* Who still has a hold on it: it is freed when the last has let go. */
struct follow {
	struct api *api;
	struct http_request *r; /* NULL once the stream has ended */
	struct log_follow *subscription;
	char id[JOB_ID_BYTES];
	struct log_scan scan; /* finds where to begin; then only its fd is used */
	int64_t at_bytes;
	bool scanning; /* another thread works for us */
	bool ended;    /* the job has, and its log is complete */
	struct err e;
};

static void release(struct follow *f)
{
	if (f->scanning)
		return;
	if (f->subscription)
		f->api->ports->log_unfollow(f->api->ports->server, f->subscription);
	if (f->scan.fd >= 0)
		close(f->scan.fd);
	free(f);
}

static void reader_left(void *context, struct http_request *r)
{
	struct follow *f = context;
	f->r = NULL;
	release(f);
}

static void end(struct follow *f)
{
	struct http_request *r = f->r;
	f->r = NULL;
	http_stream_end(r);
	release(f);
}

/* Bytes that were dropped while we were reading leave a hole. */
static int skip_hole(struct follow *f)
{
	off_t data = lseek(f->scan.fd, f->at_bytes, SEEK_DATA);
	if (data < 0 || data <= f->at_bytes)
		return 0;
	char told[80];
	int length = snprintf(told, sizeof(told),
		"[trainyard: %lld bytes of this log were dropped]\n",
		(long long)(data - f->at_bytes));
	f->at_bytes = data;
	return http_stream_write(f->r, told, (size_t)length);
}

/* Sends what there is: 1 = all of it, 0 = the reader is behind, -1 = it is too slow or the disk
 * fails. */
static int send_bytes(struct follow *f)
{
	AUTO_BUF chunk = { 0 };
	buf_reserve(&chunk, CHUNK_BYTES);
	while (http_stream_unsent(f->r) < AHEAD_BYTES) {
		if (skip_hole(f))
			return -1;
		ssize_t size = io_pread_all(f->scan.fd, chunk.bytes, CHUNK_BYTES, f->at_bytes);
		if (size <= 0)
			return size == 0 ? 1 : -1;
		if (http_stream_write(f->r, chunk.bytes, (size_t)size))
			return -1;
		f->at_bytes += size;
	}
	return 0;
}

static void open_log(struct follow *f)
{
	struct log_view view = { .fd = -1 };
	struct err e;
	if (f->api->ports->log_open(f->api->ports->server, f->id, &view, &e))
		return;
	f->scan.fd = view.fd;
	f->at_bytes = view.kept_from_bytes;
}

/* One log for all attempts of a job: a new one's output follows the old one's. */
static void pump(struct follow *f)
{
	if (f->scan.fd < 0)
		open_log(f);
	int sent = f->scan.fd < 0 ? 1 : send_bytes(f);
	if (sent < 0 || (sent == 1 && f->ended))
		end(f);
}

static void room(void *context, struct http_request *r)
{
	struct follow *f = context;
	if (f->subscription)
		pump(f);
}

static void woken(void *context, uint32_t attempt, bool ended)
{
	struct follow *f = context;
	f->ended = ended;
	(void)attempt;
	pump(f);
}

static void begin(struct follow *f)
{
	f->subscription = f->api->ports->log_follow(f->api->ports->server, f->id, woken, f, &f->e);
	if (!f->subscription)
		end(f);
}

static void find_start(void *context)
{
	struct follow *f = context;
	if (log_scan(&f->scan, &f->e))
		return;
	f->at_bytes = f->scan.count > 0 ? f->scan.lines[0].from_bytes : f->scan.size_bytes;
}

static void start_found(void *context)
{
	struct follow *f = context;
	f->scanning = false;
	if (f->r)
		begin(f);
	else
		release(f);
}

void follow_start(struct call *c, int limit, int64_t offset)
{
	struct follow *f = mem_alloc(sizeof(*f));
	f->api = c->api;
	f->r = c->r;
	f->scan.fd = -1;
	f->scan.limit = limit;
	f->scan.offset = offset;
	str_copy_cut(f->id, sizeof(f->id), c->id);
	if (http_stream_start(c->r, 200, "text/plain; charset=utf-8", reader_left, room, f,
		    &f->e)) {
		call_fail(c, &f->e);
		free(f);
		return;
	}
	open_log(f);
	f->scan.kept_from_bytes = f->at_bytes;
	if (f->scan.fd < 0 || offset == 0) {
		begin(f);
		return;
	}
	f->scanning = true;
	c->ports->background(c->server, find_start, start_found, f);
}
