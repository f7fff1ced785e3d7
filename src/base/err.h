/* base/err.h -- how an expected failure is told.
 *
 * A function that can fail takes `struct err *e` last, fills it and returns -1 (or NULL).
 * The kind decides the HTTP status, the process exit code and the word that programs match on;
 * the text is a whole sentence for people: what, which one, and why.
 * A struct err is a plain value: nothing to free. e may be NULL where the caller does not care. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/*   kind            word                  HTTP  exit */
#define ERR_KINDS(X)                                        \
	X(NONE,          "none",               200,  0)     \
	X(INPUT,         "bad_input",          400,  2)     \
	X(STATE,         "wrong_state",        400,  5)     \
	X(AUTH,          "unauthorized",       401,  6)     \
	X(DENIED,        "access_denied",      403,  6)     \
	X(HOST,          "host_not_allowed",   403,  6)     \
	X(CROSS_SITE,    "cross_site",         403,  6)     \
	X(NOT_FOUND,     "not_found",          404,  4)     \
	X(METHOD,        "method_not_allowed", 405,  2)     \
	X(TIMEOUT,       "timeout",            408,  8)     \
	X(CONFLICT,      "conflict",           409,  5)     \
	X(LENGTH,        "length_required",    411,  2)     \
	X(TOO_LARGE,     "too_large",          413,  2)     \
	X(URI,           "uri_too_long",       414, 2)      \
	X(MEDIA_TYPE,    "unsupported_media_type", 415, 2)  \
	X(INVALID,       "invalid",            422,  2)     \
	X(BUSY,          "too_many_requests",  429,  8)     \
	X(HEADERS,       "headers_too_large",  431,  2)     \
	X(INTERNAL,      "internal",           500,  1)     \
	X(UNSUPPORTED,   "not_supported",      501,  1)     \
	X(UNAVAILABLE,   "unavailable",        503,  7)     \
	X(NO_SERVER,     "no_server",          503,  7)     \
	X(IO,            "io_error",           503,  7)     \
	X(DISK_FULL,     "disk_full",          507,  7)

enum err_kind {
#define X(name, word, http, code) ERR_##name,
	ERR_KINDS(X)
#undef X
	ERR_KIND_COUNT
};

struct err {
	enum err_kind kind;
	int sys_errno; /* the errno behind it, 0 = none */
	char text[400];
};

/* Fills *e and returns -1, so that a caller can write `return err_set(e, ...)`. */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": " and strerror(errno) behind the sentence. ENOSPC and EDQUOT become
 * ERR_DISK_FULL when kind is ERR_IO. */
int err_errno(struct err *e, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

const char *err_word(enum err_kind kind);
int err_http_status(enum err_kind kind);
int err_exit_code(enum err_kind kind);

/* ERR_NONE when no kind has this word. */
enum err_kind err_kind_of_word(const char *word);

#endif
