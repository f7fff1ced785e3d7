/* json/scan.h -- looks over JSON text before the parser does; inside this room only. */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "base/buf.h"
#include "json/json.h"

/* What a word becomes for a parser that does not know it: text that no sender can write, for the
 * scan refuses a NUL inside text. The parser sees "\u0000NaN". */
#define SCAN_MARK '\0'

/* Checks UTF-8, depth and NULs, where words are allowed replaces them, and leaves the text for the
 * parser in *parsed: either `text` itself or what was written into *rewritten. */
int scan_check(struct str text, struct json_limits limits, struct buf *rewritten,
	struct str *parsed, struct err *e);

#endif
