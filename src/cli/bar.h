/* cli/bar.h -- a job's progress on stderr: one line that is drawn over on a terminal, plain lines
 * now and then on a pipe. */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "client/facts.h"

#define BAR_LINE_MS 5000 /* at least so far apart are two lines on a pipe */

struct bar {
	bool off; /* shows nothing at all */
	bool tty;
	bool drawn;      /* the line is on the screen now */
	struct buf text; /* what is, or was last, shown */
	char status[16]; /* last told on a pipe */
	int64_t told_step, told_boot_ms;
	double told_eval;
};

void bar_init(struct bar *b, bool off);
void bar_finish(struct bar *b);
void bar_show(struct bar *b, const struct job_facts *f, int64_t now_boot_ms);
void bar_hide(struct bar *b);  /* so that something else can be written */
void bar_again(struct bar *b); /* and back */

/* The line itself, in `width` columns (0 = any). */
void bar_text(struct buf *to, const struct job_facts *f, int width);

#endif
