#include "charlm/matrix.h"

#include <assert.h>
#include <string.h>

/* Four numbers that are added and multiplied at once (a GCC and clang extension): 16 bytes of
 * float, a register that every 64-bit processor has. Unlike -ffast-math this never changes the
 * order of a sum, so results do not depend on the compiler's mood. */
enum { LANES = 4 };
typedef real vec __attribute__((vector_size(LANES * sizeof(real))));

static inline __attribute__((always_inline)) void load(vec *v, const real *from)
{
	memcpy(v, from, sizeof(*v));
}

/* The plain product of some rows and some columns of c: what the tiles below leave over. */
static void add_rest(struct matrix c, struct matrix a, struct matrix b, size_t first_row,
	size_t end_row, size_t first_col)
{
	for (size_t i = first_row; i < end_row; i++)
		for (size_t k = 0; k < a.cols; k++) {
			real factor = row_of(a, i)[k * a.col_step];

			for (size_t j = first_col; j < c.cols; j++)
				row_of(c, i)[j] += factor * row_of(b, k)[j];
		}
}

/* Row by row of b: c[i][j..] += a[i][k] * b[k][j..]. A tile of 4 rows by 8 columns of c stays in
 * registers while k runs, so that each number loaded is used several times. */
static void add_by_rows(struct matrix c, struct matrix a, struct matrix b)
{
	size_t i = 0, j;

	for (; i + 4 <= c.rows; i += 4) {
		for (j = 0; j + 2 * LANES <= c.cols; j += 2 * LANES) {
			vec sum[8] = { 0 };

			for (size_t k = 0; k < a.cols; k++) {
				const real *factor = row_of(a, i) + k * a.col_step;
				vec left, right;

				load(&left, row_of(b, k) + j);
				load(&right, row_of(b, k) + j + LANES);
				for (size_t r = 0; r < 4; r++) {
					sum[r] += factor[r * a.row_step] * left;
					sum[4 + r] += factor[r * a.row_step] * right;
				}
			}
			for (size_t r = 0; r < 8; r++) {
				real *to = row_of(c, i + r % 4) + j + r / 4 * LANES;
				vec old;

				load(&old, to);
				old += sum[r];
				memcpy(to, &old, sizeof(old));
			}
		}
		add_rest(c, a, b, i, i + 4, j);
	}
	add_rest(c, a, b, i, c.rows, 0);
}

static inline __attribute__((always_inline)) real dot(const real *x, const real *y, size_t n)
{
	vec sum = { 0 };
	real total = 0;
	size_t k = 0;

	for (; k + LANES <= n; k += LANES) {
		vec left, right;

		load(&left, x + k);
		load(&right, y + k);
		sum += left * right;
	}
	for (size_t lane = 0; lane < LANES; lane++)
		total += sum[lane];
	for (; k < n; k++)
		total += x[k] * y[k];
	return total;
}

/* b is a transposed matrix: its columns are contiguous, and c[i][j] is the dot product of a row of
 * a and a column of b. Four at a time, as the processor can wait for four sums at once. */
static void add_by_dots(struct matrix c, struct matrix a, struct matrix b)
{
	for (size_t i = 0; i < c.rows; i++) {
		const real *x = row_of(a, i);
		real *to = row_of(c, i);
		size_t j = 0;

		for (; j + 4 <= c.cols; j += 4) {
			const real *y = b.at + j * b.col_step;
			vec sum[4] = { 0 };
			size_t k = 0;

			for (; k + LANES <= a.cols; k += LANES) {
				vec left, right;

				load(&left, x + k);
				for (size_t r = 0; r < 4; r++) {
					load(&right, y + r * b.col_step + k);
					sum[r] += left * right;
				}
			}
			for (size_t r = 0; r < 4; r++) {
				for (size_t lane = 0; lane < LANES; lane++)
					to[j + r] += sum[r][lane];
				for (size_t rest = k; rest < a.cols; rest++)
					to[j + r] += x[rest] * y[r * b.col_step + rest];
			}
		}
		for (; j < c.cols; j++)
			to[j] += dot(x, b.at + j * b.col_step, a.cols);
	}
}

void matmul_add(struct matrix c, struct matrix a, struct matrix b)
{
	assert(a.cols == b.rows && c.rows == a.rows && c.cols == b.cols && c.col_step == 1);
	if (b.col_step == 1) {
		add_by_rows(c, a, b);
	} else {
		assert(b.row_step == 1 && a.col_step == 1);
		add_by_dots(c, a, b);
	}
}

void matrix_zero(struct matrix m)
{
	for (size_t r = 0; r < m.rows; r++)
		memset(row_of(m, r), 0, m.cols * sizeof(real));
}
