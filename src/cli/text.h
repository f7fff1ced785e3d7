/* cli/text.h -- text that others wrote, made fit for a terminal, and its width there.
 *
 * What a job prints may hold escape sequences that retitle a window, move the cursor or answer to
 * the shell. Colours and styles (SGR) pass in logs, nothing else does anywhere. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Bytes of a log as they come, cut anywhere. A zeroed struct scrub is ready. */
struct scrub {
	enum { SCRUB_PLAIN, SCRUB_ESCAPE, SCRUB_CSI, SCRUB_STRING, SCRUB_STRING_END } phase;
	char held[64]; /* of an escape sequence, or of a character cut in two */
	size_t held_bytes;
	bool carriage; /* a CR came: what follows overwrites the line */
	bool styled;   /* a style is on and must be reset in the end */
};

/* Appends what may be shown. A lone CR clears the line, so that progress bars stay one line;
 * other control characters become '?', sequences that are no style are left out, and bytes that are
 * no UTF-8 become U+FFFD. */
void scrub_add(struct scrub *s, const char *bytes, size_t size_bytes, struct buf *to);
/* What was held back, and the end of any style. */
void scrub_end(struct scrub *s, struct buf *to);

/* One line of somebody's words (a name, a reason, an error): all control characters, line ends
 * and direction marks become '?' or a space. */
void text_clean(struct buf *to, struct str text);

/* Columns on a terminal; wide characters count two, combining ones none. */
int text_columns(struct str text);
/* Cleans, then cuts to `columns` with an ellipsis where it does not fit; pads with spaces on the
 * right, or on the left for `right`. */
void text_fit(struct buf *to, struct str text, int columns, bool right);

#endif
