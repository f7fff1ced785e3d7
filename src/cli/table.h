/* cli/table.h -- rows under headings, made to fit a width.
 *
 * Columns take what their widest cell needs. When that is more than the width, those that may
 * shrink give way, the last declared first; then columns that may be left out are. Cells are
 * copied. A width of 0 means no limit (a pipe). */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

#define TABLE_COLUMNS_MAX 16

struct column {
	const char *heading;
	bool right; /* numbers */
	int least;  /* may shrink to this many columns; 0 = may not */
	int rank;   /* may be left out, the highest first; 0 = must stay */
};

struct table_row {
	const char *cells[TABLE_COLUMNS_MAX];
};

struct table {
	const struct column *columns;
	int column_count;
	struct table_row *rows;
	int row_count, row_room;
	struct arena arena;
};

void table_init(struct table *t, const struct column *columns, int column_count);
void table_finish(struct table *t);
void table_row(struct table *t); /* begins a row of empty cells */
void table_cell(struct table *t, int column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_write(const struct table *t, int width, struct buf *to);

#endif
