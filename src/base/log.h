/* base/log.h -- what the server tells its operator, a line each.
 *
 * base knows no clock and no place: the program sets a sink once, before its first line. Lines hold
 * no escapes: control characters of the text are replaced by '?'. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#define LOG_LEVELS(X) X(ERROR, "error") X(WARN, "warn") X(INFO, "info") X(DEBUG, "debug")

enum log_level {
#define X(name, word) LOG_##name,
	LOG_LEVELS(X)
#undef X
	LOG_LEVEL_COUNT
};

typedef void log_sink(void *context, enum log_level level, const char *line);

void log_to(log_sink *sink, void *context, enum log_level least);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *log_level_name(enum log_level level);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
