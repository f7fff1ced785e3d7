/* cli/format.c -- see format.h. */
#include "cli/format.h"

#include <math.h>
#include <string.h>

#include "base/moment.h"

void format_seconds(struct buf *to, double seconds)
{
	if (!(seconds >= 0) || seconds > 1e12) {
		buf_text(to, "--:--:--");
		return;
	}
	long long whole = (long long)seconds;
	buf_format(to, "%02lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

void format_age(struct buf *to, const char *time, int64_t now_wall_ms)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int64_t wall_ms;
	if (!time || !moment_parse(str_of(time), &wall_ms))
		return;
	int64_t seconds = (now_wall_ms - wall_ms) / 1000;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].seconds) {
			buf_format(to, "%lld%c ago", (long long)(seconds / units[i].seconds),
				units[i].unit);
			return;
		}
	}
	buf_text(to, "now");
}

void format_value(struct buf *to, double value)
{
	if (!isnan(value))
		buf_format(to, "%.4g", value);
}

void format_loss(struct buf *to, double value, const char *word)
{
	if (word)
		buf_text(to, word);
	else
		format_value(to, value);
}

void format_steps(struct buf *to, const struct job_facts *f)
{
	if (f->step < 0)
		return;
	buf_format(to, "%lld", (long long)f->step);
	if (f->total_steps > 0)
		buf_format(to, "/%lld", (long long)f->total_steps);
}

static void format_end(struct buf *to, const struct job_facts *f)
{
	if (f->exit_signal > 0)
		buf_format(to, " by signal %lld", (long long)f->exit_signal);
	else if (f->exit_code >= 0 && !(f->exit_code == 0 && f->state == JOB_COMPLETED))
		buf_format(to, " with exit code %lld", (long long)f->exit_code);
	if (f->started_at && f->elapsed_seconds >= 0) {
		buf_text(to, " after ");
		format_seconds(to, f->elapsed_seconds);
	}
	if (f->state != JOB_COMPLETED && f->error && *f->error)
		buf_format(to, ": %s", f->error);
}

void format_state(struct buf *to, const struct job_facts *f)
{
	buf_text(to, f->status);
	if (job_facts_over(f)) {
		format_end(to, f);
		return;
	}
	if (f->queue_position > 0)
		buf_format(to, " at position %lld", (long long)f->queue_position);
	if (f->stop_phase)
		buf_format(to, ", being stopped (%s)", f->stop_phase);
	if (f->waiting_reason && *f->waiting_reason)
		buf_format(to, ": %s", f->waiting_reason);
}

int exit_code_of(const struct job_facts *f)
{
	int code = 0;
	if (f->exit_signal > 0)
		code = 128 + (int)(f->exit_signal & 127);
	else if (f->exit_code > 0)
		code = (int)(f->exit_code & 255);
	if (code == 0 && f->state != JOB_COMPLETED)
		code = 1;
	return code;
}
