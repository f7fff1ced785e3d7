/* cli/watch.c -- see watch.h. */
#include "cli/watch.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/text.h"
#include "loop/loop.h"

void watch_say(const struct watch *w, const char *format, ...)
{
	AUTO_BUF raw = { 0 };
	AUTO_BUF line = { 0 };
	va_list args;
	va_start(args, format);
	buf_vformat(&raw, format, args);
	va_end(args);
	buf_text(&line, "trainyard: ");
	text_clean(&line, (struct str){ raw.bytes, raw.length_bytes });
	if (w->before_line)
		w->before_line(w->context);
	fflush(stdout);
	fprintf(stderr, "%s\n", line.bytes);
}

/* A restart looks like all of these: nobody there, a connection cut, a server that is not ready. */
static bool is_away(enum err_kind kind)
{
	return kind == ERR_NO_SERVER || kind == ERR_UNAVAILABLE || kind == ERR_TIMEOUT ||
		kind == ERR_BUSY;
}

int watch_failed(struct watch *w, const struct err *failure, struct err *e)
{
	int64_t now_ms = loop_now().boot_ms;
	if (!is_away(failure->kind) ||
		(w->away_since_boot_ms && now_ms - w->away_since_boot_ms > WATCH_PATIENCE_MS)) {
		if (e)
			*e = *failure;
		return -1;
	}
	if (!w->away_since_boot_ms) {
		w->away_since_boot_ms = now_ms;
		watch_say(w,
			"the server does not answer; jobs go on without it, waiting for its "
			"return");
	}
	return 1;
}

int watch_job(struct watch *w, const char *id, struct answer *a, struct job_facts *facts,
	struct err *e)
{
	struct err failure = { 0 };
	if (client_job(w->client, id, a, facts, &failure))
		return watch_failed(w, &failure, e);
	if (w->away_since_boot_ms)
		watch_say(w, "the server is back");
	w->away_since_boot_ms = 0;
	return 0;
}

int watch_signals(struct err *e)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 ? fd : err_errno(e, ERR_INTERNAL, "cannot watch for signals");
}

int watch_next_signal(int fd)
{
	struct signalfd_siginfo info;
	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
