/* cli/follow.h -- a job's output as it comes, and its progress, until it has ended.
 *
 * The log is a stream of bytes that is counted in lines: after a restart of the server it is taken
 * up again behind what was shown, so that nothing is missing and nothing comes twice. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/bar.h"
#include "cli/text.h"
#include "cli/watch.h"

struct follow {
	struct watch watch;
	const char *id;
	bool clean;         /* stdout is a terminal: only text and styles reach it */
	int64_t line;       /* whole lines shown or skipped before */
	int64_t part_bytes; /* of the line after them, shown already */
	int64_t skip_bytes; /* of what comes next, known already */
	bool at_line_start; /* the cursor is; else a bar would cut a line in two */
	bool log_done;      /* all of it has come */
	struct scrub scrub;
	struct bar bar;
	int64_t until_line; /* leave off when this one is reached; 0 = go on to the end */
	struct net_stream *stream;
	int64_t stream_due_boot_ms; /* when to open it (again) */
	struct err broken;          /* stdout cannot be written any more */
	/* Asked when a signal came: 0 = go on, 1 = leave now with *exit_code. NULL = leave. */
	int (*on_signal)(struct follow *f, int signal_number, int *exit_code, struct err *e);
	void *context;
	int signal_fd;
};

/* from_line: the first line wanted. */
void follow_init(struct follow *f, struct client *c, const char *id, int64_t from_line);
void follow_finish(struct follow *f);

/* Until the job has ended and its log is complete, or until_line is reached: 0 and *facts (borrowed
 * from *a); or until the caller leaves: 1 and *exit_code; or -1 and *e. */
int follow_run(struct follow *f, struct answer *a, struct job_facts *facts, int *exit_code,
	struct err *e);

/* The bytes of the log, as the stream brings them. */
void follow_bytes(void *follow, const char *bytes, size_t size_bytes);

#endif
