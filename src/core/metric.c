/* core/metric.c -- see metric.h. */
#include "core/metric.h"

#include <stddef.h>

static const struct {
	const char *name;
	enum progress_field field;
} names[] = {
#define X(name, field) { name, PROGRESS_##field },
	METRIC_NAMES(X)
#undef X
};

int metric_field(struct str name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_is(name, names[i].name))
			return (int)names[i].field;
	}
	return -1;
}

bool metric_is_position(enum progress_field field)
{
	return field == PROGRESS_STEP || field == PROGRESS_TOTAL_STEPS ||
		field == PROGRESS_TOTAL_EPOCHS || field == PROGRESS_PERCENT;
}
