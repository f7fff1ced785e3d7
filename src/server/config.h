/* server/config.h -- what the server was told, and by whom.
 *
 * CONFIG_KEYS is the one list: flags (--log-level), environment (TRAINYARD_LOG_LEVEL), the file
 * (log_level = ...), defaults, --help and --print-config are made from it. A flag wins over the
 * environment, the environment over the file, the file over the default. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* clang-format off */
/*    key                    kind    default           what it is */
#define CONFIG_KEYS(X)                                                                  \
	X(state,                 TEXT,   "",               "state directory "               \
		"(default: ~/.local/share/trainyard, /var/lib/trainyard for root)")         \
	X(listen,                TEXT,   "127.0.0.1:8000", "address and port; 0 picks one") \
	X(socket,                TEXT,   "",               "unix socket "                   \
		"(default: STATE/trainyard.sock)")                                          \
	X(config,                TEXT,   "",               "configuration file "            \
		"(default: STATE/trainyard.conf, if it exists)")                            \
	X(slots,                 NUMBER, "0",              "jobs at once; "                 \
		"0 = one for each device, or 1")                                            \
	X(devices,               TEXT,   "",               "comma-separated device ids "    \
		"given out through CUDA_VISIBLE_DEVICES")                                   \
	X(allowed_hosts,         TEXT,   "",               "comma-separated host names "    \
		"that requests may name")                                                   \
	X(runner,                TEXT,   "",               "path of trainyard-runner "      \
		"(default: beside trainyardd)")                                             \
	X(pool,                  NUMBER, "2",              "prepared runners kept waiting") \
	X(cgroups,               FLAG,   "on",             "put each job in a cgroup "      \
		"where the machine has one for us")                                         \
	X(grace_seconds,         NUMBER, "10",             "from TERM to KILL "             \
		"when a job does not say")                                                  \
	X(pending_limit_seconds, NUMBER, "600",            "a pending job older than this " \
		"has failed")                                                               \
	X(log_limit_bytes,       BYTES,  "1073741824",     "of a job's log the newest "     \
		"so many bytes are kept")                                                   \
	X(queue_limit,           NUMBER, "100000",         "jobs incomplete at once")       \
	X(connections,           NUMBER, "2048",           "connections at once")           \
	X(log_level,             TEXT,   "info",           "error, warn, info or debug")
/* clang-format on */

enum config_key {
#define X(key, kind, value, help) CONFIG_##key,
	CONFIG_KEYS(X)
#undef X
		CONFIG_KEY_COUNT
};

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_ARGUMENT };

struct config {
	struct arena memory; /* of the values */
	const char *value[CONFIG_KEY_COUNT];
	int64_t number[CONFIG_KEY_COUNT]; /* of NUMBER (an int), BYTES, FLAG (0, 1) keys */
	enum config_source source[CONFIG_KEY_COUNT];
	bool print; /* --print-config was given */
	bool help;  /* --help was given */
};

/* Reads everything; the state directory's path is made absolute. Errors name key and source. */
int config_read(struct config *c, int argc, char *const argv[], char *const environment[],
	struct err *e);
void config_finish(struct config *c);

void config_print(const struct config *c, struct buf *out); /* key = value  # source */
void config_help(struct buf *out);

#endif
