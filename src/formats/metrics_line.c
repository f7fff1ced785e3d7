/* formats/metrics_line.c -- see metrics_line.h. */
#include "formats/metrics_line.h"

#include <math.h>

#include "json/json.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: doubles are whole numbers up to here */
#define TIME_MAX_S 253402300799.0    /* the end of the year 9999 */

static int take_step(struct metrics_line *line, const char *name, double value, struct err *e)
{
	if (!(value >= 0 && value <= EXACT_MAX) || value != floor(value))
		return err_set(e, ERR_INPUT, "\"%.60s\" must be a whole number from 0 up, got %g",
			name, value);
	line->has_step = true;
	line->step = (int64_t)value;
	return 0;
}

static int take_member(const struct json_member *member, metrics_is_step *is_step,
	struct metrics_line *line, struct err *e)
{
	struct str name = str_of(member->key);
	double value;
	if (str_is(name, "event") && member->value.kind == JSON_IS_TEXT) {
		line->event = member->value.text.at;
		return 0;
	}
	if (!json_number(&member->value, &value))
		return 0;
	if (is_step(name))
		return take_step(line, member->key, value, e);
	if (str_is(name, "time") && value > 0 && value <= TIME_MAX_S) {
		line->at_wall_ms = (int64_t)(value * 1000);
		return 0;
	}
	line->values[line->count++] = (struct metrics_value){ member->key, value };
	return 0;
}

int metrics_line_parse(struct str text, metrics_is_step *is_step, struct arena *a,
	struct metrics_line *line, struct err *e)
{
	*line = (struct metrics_line){ 0 };
	if (text.length_bytes > METRICS_LINE_BYTES_MAX)
		return err_set(e, ERR_INPUT, "the line has %zu bytes, at most %d are taken",
			text.length_bytes, METRICS_LINE_BYTES_MAX);
	const struct json *value = json_parse(text, JSON_METRICS, a, e);
	if (!value || json_open(value, "a metrics line", e) < 0)
		return -1;
	line->values = arena_array(a, struct metrics_value, value->count);
	for (int i = 0; i < value->count; i++) {
		if (take_member(&value->members[i], is_step, line, e) < 0)
			return -1;
	}
	return 0;
}
