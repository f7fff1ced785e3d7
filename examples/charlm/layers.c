#include "charlm/layers.h"

#include <tgmath.h>

void linear_forward(struct matrix y, struct matrix x, struct linear w)
{
	for (size_t t = 0; t < y.rows; t++)
		for (size_t o = 0; o < y.cols; o++)
			row_of(y, t)[o] = w.b[o];
	matmul_add(y, x, w.w);
}

/* dx = dy w^T,  dw = x^T dy,  db = the sum of dy over all rows. */
void linear_backward(struct matrix dx, struct linear dw, struct matrix dy, struct matrix x,
	struct linear w)
{
	matmul_add(dx, dy, transposed(w.w));
	matmul_add(dw.w, transposed(x), dy);
	for (size_t t = 0; t < dy.rows; t++)
		for (size_t o = 0; o < dy.cols; o++)
			dw.b[o] += row_of(dy, t)[o];
}

/* The mean of a row, and one over its standard deviation (with a little added, so that a row of
 * equal numbers divides by something). */
static void row_statistics(const real *x, size_t n, real *mean, real *inverse)
{
	real sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	*mean = sum / (real)n;
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - *mean) * (x[i] - *mean);
	*inverse = 1 / sqrt(squares / (real)n + (real)1e-5);
}

void norm_forward(struct matrix y, struct matrix x, struct norm w)
{
	for (size_t t = 0; t < x.rows; t++) {
		const real *in = row_of(x, t);
		real mean, inverse;

		row_statistics(in, x.cols, &mean, &inverse);
		for (size_t i = 0; i < x.cols; i++)
			row_of(y, t)[i] = w.gain[i] * (in[i] - mean) * inverse + w.shift[i];
	}
}

/* With n = (x - mean) * inverse and g = gain * dy:
 *	dx = inverse * (g - mean(g) - n * mean(g n)),  dgain += dy n,  dshift += dy
 * The two means are there because moving one x also moves the mean and the deviation of its row. */
void norm_backward(struct matrix dx, struct norm dw, struct matrix dy, struct matrix x,
	struct norm w)
{
	for (size_t t = 0; t < x.rows; t++) {
		const real *in = row_of(x, t), *dout = row_of(dy, t);
		real mean, inverse, mean_g = 0, mean_gn = 0;

		row_statistics(in, x.cols, &mean, &inverse);
		for (size_t i = 0; i < x.cols; i++) {
			real n = (in[i] - mean) * inverse;

			dw.gain[i] += dout[i] * n;
			dw.shift[i] += dout[i];
			mean_g += w.gain[i] * dout[i];
			mean_gn += w.gain[i] * dout[i] * n;
		}
		mean_g /= (real)x.cols;
		mean_gn /= (real)x.cols;
		for (size_t i = 0; i < x.cols; i++) {
			real n = (in[i] - mean) * inverse;

			row_of(dx, t)[i] += inverse * (w.gain[i] * dout[i] - mean_g - n * mean_gn);
		}
	}
}

/* GELU, the usual approximation: y = x s(z), s(z) = 1 / (1 + e^-z), z = 2 c (x + a x^3). (It is
 * mostly written with tanh: x (1 + tanh(z / 2)) / 2 is the same.) */
static const real gelu_2c = (real)1.5957691216057308, gelu_a = (real)0.044715;

void gelu_forward(struct matrix y, struct matrix x)
{
	for (size_t t = 0; t < x.rows; t++)
		for (size_t i = 0; i < x.cols; i++) {
			real v = row_of(x, t)[i];

			row_of(y, t)[i] = v / (1 + exp(-gelu_2c * (v + gelu_a * v * v * v)));
		}
}

/* dy/dx = s + x s (1 - s) dz/dx,  dz/dx = 2 c (1 + 3 a x^2). */
void gelu_backward(struct matrix dx, struct matrix dy, struct matrix x)
{
	for (size_t t = 0; t < x.rows; t++)
		for (size_t i = 0; i < x.cols; i++) {
			real v = row_of(x, t)[i];
			real s = 1 / (1 + exp(-gelu_2c * (v + gelu_a * v * v * v)));
			real slope = s + v * s * (1 - s) * gelu_2c * (1 + 3 * gelu_a * v * v);

			row_of(dx, t)[i] += row_of(dy, t)[i] * slope;
		}
}

/* Row t of p becomes softmax(scale * row) over the columns 0 .. t, and 0 beyond: a character must
 * not see what it is asked to guess. Subtracting the largest keeps exp from overflowing. */
static void causal_softmax(struct matrix p, real scale)
{
	for (size_t t = 0; t < p.rows; t++) {
		real *row = row_of(p, t), largest = row[0], sum = 0;

		for (size_t u = 1; u <= t; u++)
			largest = row[u] > largest ? row[u] : largest;
		for (size_t u = 0; u <= t; u++) {
			row[u] = exp(scale * (row[u] - largest));
			sum += row[u];
		}
		for (size_t u = 0; u < p.cols; u++)
			row[u] = u <= t ? row[u] / sum : 0;
	}
}

/* One head: its S = D / heads columns of each of the three parts of qkv, and of y. */
struct head {
	struct matrix query, key, value, out; /* (T, S) each */
};

static struct head head_of(struct matrix qkv, struct matrix y, size_t heads, size_t h)
{
	size_t width = qkv.cols / 3, size = width / heads;

	return (struct head){
		.query = columns(qkv, h * size, size),
		.key = columns(qkv, width + h * size, size),
		.value = columns(qkv, 2 * width + h * size, size),
		.out = columns(y, h * size, size),
	};
}

/* P = softmax(Q K^T / sqrt(S)),  Y = P V. */
void attention_forward(struct matrix y, struct matrix p, struct matrix qkv, size_t heads)
{
	size_t length = qkv.rows;

	matrix_zero(y);
	matrix_zero(p);
	for (size_t h = 0; h < heads; h++) {
		struct head head = head_of(qkv, y, heads, h);
		struct matrix look = matrix_of(row_of(p, h * length), length, length);

		matmul_add(look, head.query, transposed(head.key));
		causal_softmax(look, 1 / sqrt((real)head.query.cols));
		matmul_add(head.out, look, head.value);
	}
}

/* dP = dY V^T,  dV = P^T dY; the softmax: dS = P * (dP - sum over the row of P dP) / sqrt(S);
 * dQ = dS K,  dK = dS^T Q. Where P is 0, beyond t, dS is 0 as well: the mask needs no more care. */
void attention_backward(struct matrix dqkv, struct matrix dp, struct matrix dy, struct matrix p,
	struct matrix qkv, size_t heads)
{
	size_t length = qkv.rows;

	for (size_t h = 0; h < heads; h++) {
		struct head head = head_of(qkv, dy, heads, h), d = head_of(dqkv, dy, heads, h);
		struct matrix look = matrix_of(row_of(p, h * length), length, length);
		real scale = 1 / sqrt((real)head.query.cols);

		matrix_zero(dp);
		matmul_add(dp, d.out, transposed(head.value));
		matmul_add(d.value, transposed(look), d.out);
		for (size_t t = 0; t < length; t++) {
			real *ds = row_of(dp, t), *row = row_of(look, t), sum = 0;

			for (size_t u = 0; u <= t; u++)
				sum += row[u] * ds[u];
			for (size_t u = 0; u < length; u++)
				ds[u] = row[u] * (ds[u] - sum) * scale;
		}
		matmul_add(d.query, dp, head.key);
		matmul_add(d.key, transposed(dp), head.query);
	}
}

/* With P = softmax(logits): loss = -ln P[target], and dloss/dlogits = P - (1 at the target). */
double cross_entropy(struct matrix dlogits, struct matrix logits, const unsigned char *targets,
	real scale)
{
	double loss = 0;

	for (size_t t = 0; t < logits.rows; t++) {
		const real *row = row_of(logits, t);
		real largest = row[0], sum = 0;

		for (size_t v = 1; v < logits.cols; v++)
			largest = row[v] > largest ? row[v] : largest;
		for (size_t v = 0; v < logits.cols; v++)
			sum += exp(row[v] - largest);
		loss += (double)(log(sum) + largest - row[targets[t]]);
		if (!dlogits.at)
			continue;
		for (size_t v = 0; v < logits.cols; v++)
			row_of(dlogits, t)[v] = scale * exp(row[v] - largest) / sum;
		row_of(dlogits, t)[targets[t]] -= scale;
	}
	return loss;
}
