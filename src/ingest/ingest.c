/* ingest/ingest.c -- see ingest.h. */
#include "ingest/ingest.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/scope.h"
#include "core/metric.h"
#include "files/watch.h"
#include "formats/metrics_line.h"

#define PIECE_BYTES 131072 /* read at once; more than the longest line */
#define RETRY_MS 1000
#define LOOK_MS 500    /* where inotify cannot see */
#define SOURCES_MAX 64 /* in one call of the taker */

struct ingest {
	struct loop *loop;
	struct loop_timer *timer;
	struct watcher *watcher;
	struct list sources; /* those with work first come first */
	ingest_take *take;
	void *context;
	int64_t due_boot_ms; /* 0 = the timer is not armed */
};

struct ingest_source {
	struct list node;
	struct ingest *ingest;
	char *job_id;
	char *path;
	void *owner;
	struct watch *watch; /* NULL = looked at from time to time */
	struct follow at;
	int64_t last_step;
	bool dirty;      /* there may be something to read */
	bool unreadable; /* the last look failed, and that was said */
	bool draining;
	bool skipping; /* inside a line that is too long */
	int64_t drain_until_boot_ms;
	ingest_drained *drained;
	void *drained_context;
};

/* What was read of one source in this round; it counts once the taker has kept it. */
struct reading {
	struct ingest_source *source;
	struct follow next;
	int64_t last_step, last_step_wall_ms;
	bool skipping, at_end;
	struct point *points;
	size_t count, room;
	int refused;
	char *why;
};

static void arm(struct ingest *g, int64_t due_boot_ms)
{
	if (g->due_boot_ms != 0 && g->due_boot_ms <= due_boot_ms)
		return;
	g->due_boot_ms = due_boot_ms;
	loop_timer_at(g->timer, due_boot_ms);
}

static bool is_step(struct str name)
{
	return metric_field(name) == PROGRESS_STEP;
}

static void refuse(struct reading *r, struct arena *a, const struct err *e)
{
	if (r->refused++ == 0)
		r->why = arena_string(a, e->text);
}

static void add_point(struct reading *r, struct arena *a, const char *key, double value,
	int64_t at_wall_ms)
{
	if (r->count == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct point *more = arena_array(a, struct point, room);
		if (r->count > 0)
			memcpy(more, r->points, r->count * sizeof(*more));
		r->points = more;
		r->room = room;
	}
	r->points[r->count++] = (struct point){
		.key = key,
		.step = r->last_step < 0 ? 0 : r->last_step,
		.value = value,
		.at_wall_ms = at_wall_ms,
	};
}

static void take_line(struct reading *r, struct arena *a, struct str text, int64_t now_wall_ms)
{
	struct metrics_line line;
	struct err e;
	text = str_trim(text);
	if (text.length_bytes == 0)
		return;
	if (metrics_line_parse(text, is_step, a, &line, &e) < 0) {
		refuse(r, a, &e);
		return;
	}
	int64_t at_wall_ms = line.at_wall_ms ? line.at_wall_ms : now_wall_ms;
	if (line.has_step) {
		r->last_step = line.step;
		r->last_step_wall_ms = at_wall_ms;
	}
	if (line.event)
		return; /* not a line of values */
	for (int i = 0; i < line.count; i++) {
		if (strlen(line.values[i].name) > POINT_KEY_BYTES_MAX) {
			err_set(&e, ERR_INPUT, "a name is longer than %d bytes",
				POINT_KEY_BYTES_MAX);
			refuse(r, a, &e);
			continue;
		}
		add_point(r, a, line.values[i].name, line.values[i].value, at_wall_ms);
	}
}

/* Takes the whole lines of a piece; what is left of it waits for its end. */
static void take_piece(struct reading *r, struct arena *a, const struct buf *piece,
	int64_t now_wall_ms)
{
	size_t at = 0;
	while (at < piece->length_bytes && r->count < INGEST_POINTS_MAX) {
		const char *start = piece->bytes + at;
		size_t left = piece->length_bytes - at;
		const char *end = memchr(start, '\n', left);
		bool last = !end && r->source->draining && piece->length_bytes < PIECE_BYTES;
		if (!end && !last && left < PIECE_BYTES)
			break;
		size_t length = end ? (size_t)(end - start) : left;
		struct err e;
		if (end || last) {
			if (!r->skipping)
				take_line(r, a, (struct str){ start, length }, now_wall_ms);
			r->skipping = false;
		} else if (!r->skipping) {
			err_set(&e, ERR_INPUT, "a line is longer than %d bytes",
				METRICS_LINE_BYTES_MAX);
			refuse(r, a, &e);
			r->skipping = true;
		}
		at += length + (end ? 1 : 0);
	}
	r->next.offset_bytes += (int64_t)at;
	r->at_end = piece->length_bytes < PIECE_BYTES && r->count < INGEST_POINTS_MAX;
}

static int read_source(struct ingest_source *s, struct arena *a, struct reading *r)
{
	AUTO_BUF piece = { 0 };
	struct err e;
	bool restarted;
	*r = (struct reading){ .source = s,
		.next = s->at,
		.last_step = s->last_step,
		.skipping = s->skipping };
	if (follow_read(&r->next, s->path, PIECE_BYTES, &piece, &restarted, &e) < 0) {
		if (!s->unreadable)
			log_warn("job %s: %s", s->job_id, e.text);
		s->unreadable = true;
		return -1;
	}
	s->unreadable = false;
	if (restarted) {
		log_warn("job %s: its metrics file was cut or replaced; reading it anew",
			s->job_id);
		r->skipping = false;
	}
	take_piece(r, a, &piece, loop_now().wall_ms);
	return 0;
}

static void finish_drain(struct ingest_source *s)
{
	ingest_drained *drained = s->drained;
	s->draining = false;
	s->drained = NULL;
	drained(s->drained_context); /* may forget s */
}

static void watch_again(struct ingest_source *s);

/* The taker kept a reading: the source goes on behind it. */
static void accept(const struct reading *r)
{
	struct ingest_source *s = r->source;
	bool moved = s->at.inode && s->at.inode != r->next.inode;
	s->at = r->next;
	s->last_step = r->last_step;
	s->skipping = r->skipping;
	s->dirty = !r->at_end;
	if (moved)
		watch_again(s);
}

static size_t read_dirty(struct ingest *g, struct arena *a, struct reading *readings)
{
	size_t count = 0, points = 0;
	LIST_EACH(at, &g->sources)
	{
		struct ingest_source *s = LIST_ITEM(at, struct ingest_source, node);
		if (!s->dirty || count == SOURCES_MAX || points >= INGEST_POINTS_MAX)
			continue;
		if (read_source(s, a, &readings[count]) < 0) {
			s->dirty = s->draining;
			continue;
		}
		points += readings[count].count;
		count++;
	}
	return count;
}

static bool give(struct ingest *g, const struct reading *readings, size_t count)
{
	struct ingest_batch batches[SOURCES_MAX];
	size_t used = 0;
	struct err e;
	for (size_t i = 0; i < count; i++) {
		const struct reading *r = &readings[i];
		if (r->next.offset_bytes == r->source->at.offset_bytes)
			continue; /* nothing was taken: not worth a transaction */
		batches[used++] = (struct ingest_batch){
			.job_id = r->source->job_id,
			.owner = r->source->owner,
			.points = r->points,
			.count = r->count,
			.last_step = r->last_step,
			.last_step_wall_ms = r->last_step_wall_ms,
			.at = &r->next,
			.refused = r->refused,
			.why = r->why,
		};
	}
	if (used == 0 || g->take(g->context, batches, used, &e) == 0)
		return true;
	log_warn("metrics are not kept for now: %s", e.text);
	return false;
}

static void tell_drained(struct ingest *g)
{
	int64_t now = loop_now().boot_ms;
	LIST_EACH(at, &g->sources)
	{
		struct ingest_source *s = LIST_ITEM(at, struct ingest_source, node);
		if (!s->draining || (s->dirty && now < s->drain_until_boot_ms))
			continue;
		if (s->dirty)
			log_warn("job %s: not all of its metrics could be kept in time", s->job_id);
		finish_drain(s);
		arm(g, now); /* the list may have changed: look at the rest anew */
		return;
	}
}

static void arm_next(struct ingest *g, bool failed)
{
	int64_t now = loop_now().boot_ms;
	LIST_EACH(at, &g->sources)
	{
		struct ingest_source *s = LIST_ITEM(at, struct ingest_source, node);
		if (s->dirty)
			arm(g, failed || s->unreadable ? now + RETRY_MS : now);
		else if (!s->watch)
			arm(g, now + LOOK_MS);
		if (s->draining && s->drain_until_boot_ms > now)
			arm(g, s->drain_until_boot_ms);
	}
}

static void on_timer(void *context)
{
	struct ingest *g = context;
	struct arena a = { 0 };
	struct reading readings[SOURCES_MAX];
	g->due_boot_ms = 0;
	LIST_EACH(at, &g->sources)
	{
		struct ingest_source *s = LIST_ITEM(at, struct ingest_source, node);
		if (!s->watch)
			s->dirty = true;
	}
	size_t count = read_dirty(g, &a, readings);
	bool kept = give(g, readings, count);
	for (size_t i = 0; kept && i < count; i++)
		accept(&readings[i]);
	arena_finish(&a);
	tell_drained(g);
	arm_next(g, !kept);
}

static void on_change(void *context, bool moved)
{
	struct ingest_source *s = context;
	s->dirty = true;
	arm(s->ingest, loop_now().boot_ms + INGEST_GATHER_MS);
	if (moved)
		watch_again(s);
}

/* What the old watch had still to tell is lost with it: one more look makes up for that. */
static void watch_again(struct ingest_source *s)
{
	watch_destroy(s->watch);
	s->watch = watch_file(s->ingest->watcher, s->path, on_change, s, NULL);
	s->dirty = true;
	arm(s->ingest, loop_now().boot_ms);
}

struct ingest *ingest_create(struct loop *l, ingest_take *take, void *context, struct err *e)
{
	struct watcher *watcher = watcher_create(l, e);
	if (!watcher)
		return NULL;
	struct ingest *g = mem_alloc(sizeof(*g));
	*g = (struct ingest){ .loop = l, .watcher = watcher, .take = take, .context = context };
	list_init(&g->sources);
	g->timer = loop_timer_create(l, on_timer, g);
	return g;
}

void ingest_destroy(struct ingest *g)
{
	if (!g)
		return;
	LIST_EACH(at, &g->sources)
	ingest_forget(LIST_ITEM(at, struct ingest_source, node));
	loop_timer_destroy(g->timer);
	watcher_destroy(g->watcher);
	free(g);
}

struct ingest_source *ingest_follow(struct ingest *g, const char *job_id, const char *path,
	struct follow from, int64_t last_step, void *owner)
{
	struct ingest_source *s = mem_alloc(sizeof(*s));
	AUTO_CLOSE int made = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	*s = (struct ingest_source){ .ingest = g,
		.job_id = mem_string(job_id),
		.path = mem_string(path),
		.owner = owner,
		.at = from,
		.last_step = last_step,
		.dirty = true };
	list_append(&g->sources, &s->node);
	watch_again(s);
	return s;
}

bool ingest_is_drained(const struct ingest_source *s)
{
	struct stat now;
	if (lstat(s->path, &now) < 0 || now.st_size != s->at.offset_bytes)
		return false;
	return s->at.inode == 0 || s->at.inode == now.st_ino;
}

void ingest_drain(struct ingest_source *s, int64_t limit_ms, ingest_drained *done, void *context)
{
	assert(!s->draining);
	s->draining = s->dirty = true;
	s->drained = done;
	s->drained_context = context;
	s->drain_until_boot_ms = loop_now().boot_ms + limit_ms;
	arm(s->ingest, loop_now().boot_ms);
}

void ingest_forget(struct ingest_source *s)
{
	if (!s)
		return;
	watch_destroy(s->watch);
	list_remove(&s->node);
	free(s->job_id);
	free(s->path);
	free(s);
}
