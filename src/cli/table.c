/* cli/table.c -- see table.h. */
#include "cli/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/text.h"

#define GAP 2 /* spaces between two columns */

void table_init(struct table *t, const struct column *columns, int column_count)
{
	assert(column_count <= TABLE_COLUMNS_MAX);
	*t = (struct table){ .columns = columns, .column_count = column_count };
}

void table_finish(struct table *t)
{
	free(t->rows);
	arena_finish(&t->arena);
	*t = (struct table){ 0 };
}

void table_row(struct table *t)
{
	if (t->row_count == t->row_room) {
		t->row_room = t->row_room ? t->row_room * 2 : 64;
		t->rows = mem_resize(t->rows, (size_t)t->row_room * sizeof(*t->rows));
	}
	t->rows[t->row_count++] = (struct table_row){ 0 };
}

void table_cell(struct table *t, int column, const char *format, ...)
{
	struct buf raw = { 0 }, clean = { 0 };
	va_list args;
	va_start(args, format);
	buf_vformat(&raw, format, args);
	va_end(args);
	text_clean(&clean, (struct str){ raw.bytes, raw.length_bytes });
	t->rows[t->row_count - 1].cells[column] = arena_copy(&t->arena,
		clean.bytes ? clean.bytes : "", clean.length_bytes);
	buf_finish(&raw);
	buf_finish(&clean);
}

static int total_of(const int *widths, int count)
{
	int total = 0, shown = 0;
	for (int i = 0; i < count; i++) {
		total += widths[i];
		shown += widths[i] > 0;
	}
	return total + GAP * (shown > 0 ? shown - 1 : 0);
}

/* A column whose every cell is empty has the width 0 and is not shown. */
static void natural_widths(const struct table *t, int *widths)
{
	for (int c = 0; c < t->column_count; c++) {
		widths[c] = 0;
		for (int r = 0; r < t->row_count; r++) {
			int cell = text_columns(str_of(t->rows[r].cells[c]));
			if (cell > widths[c])
				widths[c] = cell;
		}
		int heading = text_columns(str_of(t->columns[c].heading));
		if (widths[c] > 0 && widths[c] < heading)
			widths[c] = heading;
	}
}

static void shrink(const struct table *t, int width, int *widths)
{
	for (int c = t->column_count - 1; c >= 0; c--) {
		int over = total_of(widths, t->column_count) - width;
		int spare = widths[c] - t->columns[c].least;
		if (over > 0 && t->columns[c].least > 0 && spare > 0)
			widths[c] -= over < spare ? over : spare;
	}
}

static void leave_out(const struct table *t, int width, int *widths)
{
	while (total_of(widths, t->column_count) > width) {
		int victim = -1;
		for (int c = 0; c < t->column_count; c++) {
			if (widths[c] && t->columns[c].rank &&
				(victim < 0 || t->columns[c].rank > t->columns[victim].rank))
				victim = c;
		}
		if (victim < 0)
			return;
		widths[victim] = 0;
	}
}

static void make_fit(const struct table *t, int width, int *widths)
{
	int wanted[TABLE_COLUMNS_MAX];
	for (int c = 0; c < t->column_count; c++)
		wanted[c] = widths[c];
	shrink(t, width, widths);
	leave_out(t, width, widths);
	/* A column that left may have been wider than was needed: the others get it back. */
	for (int c = 0; c < t->column_count; c++) {
		int spare = width - total_of(widths, t->column_count);
		int lost = wanted[c] - widths[c];
		if (widths[c] && spare > 0 && lost > 0)
			widths[c] += lost < spare ? lost : spare;
	}
}

static void write_row(const struct table *t, const char *const *cells, const int *widths,
	struct buf *to)
{
	bool first = true;
	for (int c = 0; c < t->column_count; c++) {
		if (!widths[c])
			continue;
		if (!first)
			buf_format(to, "%*s", GAP, "");
		first = false;
		text_fit(to, str_of(cells[c]), widths[c], t->columns[c].right);
	}
	while (to->length_bytes && to->bytes[to->length_bytes - 1] == ' ')
		to->bytes[--to->length_bytes] = '\0';
	buf_char(to, '\n');
}

void table_write(const struct table *t, int width, struct buf *to)
{
	int widths[TABLE_COLUMNS_MAX];
	const char *headings[TABLE_COLUMNS_MAX];
	if (t->row_count == 0)
		return;
	natural_widths(t, widths);
	if (width > 0)
		make_fit(t, width, widths);
	for (int c = 0; c < t->column_count; c++)
		headings[c] = t->columns[c].heading;
	write_row(t, headings, widths, to);
	for (int r = 0; r < t->row_count; r++)
		write_row(t, t->rows[r].cells, widths, to);
}
