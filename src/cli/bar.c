/* cli/bar.c -- see bar.h. */
#include "cli/bar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/term.h"
#include "cli/text.h"

#define TRACK_MAX 20
#define TRACK_MIN 8

void bar_init(struct bar *b, bool off)
{
	*b = (struct bar){ .off = off,
		.tty = term_is_tty(STDERR_FILENO),
		.told_step = -1,
		.told_eval = NAN };
}

void bar_finish(struct bar *b)
{
	bar_hide(b);
	buf_finish(&b->text);
}

static void add_loss(struct buf *to, const char *label, double value, const char *word)
{
	if (isnan(value) && !word)
		return;
	buf_format(to, "  %s ", label);
	format_loss(to, value, word);
}

/* "42%  step 336/800  loss 2.31  eval 2.56  ETA 00:00:43" */
static void add_numbers(struct buf *to, const struct job_facts *f)
{
	if (f->progress >= 0)
		buf_format(to, "%3.0f%%", f->progress);
	if (f->step >= 0) {
		buf_text(to, "  step ");
		format_steps(to, f);
	}
	add_loss(to, "loss", f->loss, f->loss_word);
	add_loss(to, "eval", f->eval_loss, f->eval_loss_word);
	if (f->remaining_seconds >= 0) {
		buf_text(to, "  ETA ");
		format_seconds(to, f->remaining_seconds);
	}
}

static void add_track(struct buf *to, double percent, int columns)
{
	int full = (int)(percent / 100 * columns + 0.5);
	buf_char(to, '[');
	for (int i = 0; i < columns; i++)
		buf_char(to, i < full ? '#' : '-');
	buf_text(to, "] ");
}

void bar_text(struct buf *to, const struct job_facts *f, int width)
{
	AUTO_BUF numbers = { 0 };
	AUTO_BUF line = { 0 };
	if (f->state != JOB_RUNNING || f->stop_phase || (f->step < 0 && !(f->progress > 0))) {
		format_state(&line, f);
		if (f->state == JOB_RUNNING && !f->stop_phase) {
			buf_text(&line, "  ");
			format_seconds(&line, f->elapsed_seconds);
		}
	} else {
		add_numbers(&numbers, f);
		int track = width - (int)numbers.length_bytes - 3;
		track = track > TRACK_MAX ? TRACK_MAX : track;
		if (f->progress >= 0 && track >= TRACK_MIN)
			add_track(&line, f->progress > 100 ? 100 : f->progress, track);
		buf_add(&line, numbers.bytes ? numbers.bytes : "", numbers.length_bytes);
	}
	struct str all = { line.bytes, line.length_bytes };
	if (width > 0 && text_columns(all) > width)
		text_fit(to, all, width, false);
	else
		text_clean(to, all);
}

static void draw(struct bar *b)
{
	fprintf(stderr, "\r\033[K%s", b->text.bytes);
	fflush(stderr);
	b->drawn = true;
}

/* A line for a new state, a new eval loss, the first step, or a new step after a while. */
static void tell(struct bar *b, const struct job_facts *f, int64_t now_boot_ms)
{
	bool same_status = strcmp(b->status, f->status) == 0;
	bool same_eval = b->told_eval == f->eval_loss || isnan(f->eval_loss);
	bool first = b->told_step < 0 && f->step >= 0;
	bool due = now_boot_ms - b->told_boot_ms >= BAR_LINE_MS && f->step != b->told_step;
	if (same_status && same_eval && !first && !due)
		return;
	fprintf(stderr, "trainyard: %s\n", b->text.bytes);
	str_copy_cut(b->status, sizeof(b->status), f->status);
	b->told_eval = f->eval_loss;
	b->told_step = f->step;
	b->told_boot_ms = now_boot_ms;
}

void bar_show(struct bar *b, const struct job_facts *f, int64_t now_boot_ms)
{
	AUTO_BUF text = { 0 };
	if (b->off)
		return;
	/* One column less than there are: a full last column makes some terminals scroll. */
	bar_text(&text, f, b->tty ? term_width(STDERR_FILENO) - 1 : 0);
	bool same = b->text.bytes && strcmp(b->text.bytes, text.bytes) == 0;
	buf_clear(&b->text);
	buf_text(&b->text, text.bytes);
	if (!b->tty)
		tell(b, f, now_boot_ms);
	else if (!same || !b->drawn)
		draw(b);
}

void bar_hide(struct bar *b)
{
	if (!b->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	b->drawn = false;
}

void bar_again(struct bar *b)
{
	if (!b->off && b->tty && !b->drawn && b->text.length_bytes)
		draw(b);
}
