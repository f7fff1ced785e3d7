/* charlm/matrix.h -- views of numbers as matrices, and the one product that everything is made of.
 *
 * A matrix owns nothing: it says where numbers lie and how far apart. Element (r, c) is
 * at[r * row_step + c * col_step]. So a transposed matrix, or some columns of a wider one, costs
 * nothing: only the steps change. */
#ifndef CHARLM_MATRIX_H
#define CHARLM_MATRIX_H

#include <stddef.h>

/* Training uses float. The gradient check is built with double: a difference quotient needs the
 * digits. (<tgmath.h> picks expf or exp by the type of its argument.) */
#ifdef CHARLM_DOUBLE
typedef double real;
#else
typedef float real;
#endif

struct matrix {
	real *at;
	size_t rows, cols;
	size_t row_step, col_step;
};

/* rows x cols numbers that lie at `at`, row after row. */
static inline struct matrix matrix_of(real *at, size_t rows, size_t cols)
{
	return (struct matrix){ at, rows, cols, cols, 1 };
}

static inline struct matrix transposed(struct matrix m)
{
	return (struct matrix){ m.at, m.cols, m.rows, m.col_step, m.row_step };
}

static inline struct matrix columns(struct matrix m, size_t first, size_t count)
{
	return (struct matrix){ m.at + first * m.col_step, m.rows, count, m.row_step, m.col_step };
}

static inline real *row_of(struct matrix m, size_t row)
{
	return m.at + row * m.row_step;
}

/* c += a . b, where a is (m, k), b (k, n) and c (m, n). The rows of c must be contiguous, and so
 * must the rows of b, or else its columns and the rows of a. Sums are formed in the same order
 * every time: the result is the same bit for bit on every run. */
void matmul_add(struct matrix c, struct matrix a, struct matrix b);

void matrix_zero(struct matrix m);

#endif
