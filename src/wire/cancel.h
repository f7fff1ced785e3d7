/* wire/cancel.h -- the body of a cancel request. */
#ifndef WIRE_CANCEL_H
#define WIRE_CANCEL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define CANCEL_MODES(X)                                                      \
	X(NOW,             "now",             "ask, wait the grace, kill")   \
	X(CHECKPOINT,      "checkpoint",      "save first")                  \
	X(NEXT_CHECKPOINT, "next_checkpoint", "run on until the next checkpoint appears")

enum cancel_mode {
#define X(name, word, words) CANCEL_##name,
	CANCEL_MODES(X)
#undef X
	CANCEL_MODE_COUNT
};

struct cancel_body {
	enum cancel_mode mode;
	const char *reason; /* "" when none was given */
	int64_t grace_ms;   /* -1 = the job's own */
	bool wait;          /* by default: mode is NOW */
};

/* An empty body is { mode = now }. */
int wire_read_cancel(struct str body, struct arena *a, struct cancel_body *cancel, struct err *e);

#endif
