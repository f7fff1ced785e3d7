/* server/main.c -- trainyardd: arguments in, exit code out. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "loop/loop.h"
#include "server/config.h"
#include "server/server.h"

extern char **environ;

static void to_stderr(void *context, enum log_level level, const char *line)
{
	char when[MOMENT_TEXT_SIZE];
	(void)context;
	fprintf(stderr, "%s %-5s %s\n", moment_text(when, loop_now().wall_ms),
		log_level_name(level), line);
}

static int set_log(const struct config *c, struct err *e)
{
	for (int level = 0; level < LOG_LEVEL_COUNT; level++) {
		if (strcmp(c->value[CONFIG_log_level], log_level_name((enum log_level)level)) ==
			0) {
			log_to(to_stderr, NULL, (enum log_level)level);
			return 0;
		}
	}
	return err_set(e, ERR_INPUT, "log_level must be error, warn, info or debug, not \"%s\"",
		c->value[CONFIG_log_level]);
}

static int run(struct config *c, int argc, char *argv[], struct err *e)
{
	AUTO_BUF text = { 0 };
	if (config_read(c, argc, argv, environ, e) < 0 || set_log(c, e) < 0)
		return -1;
	if (!c->help && !c->print)
		return server_run(c, e);
	if (c->help)
		config_help(&text);
	else
		config_print(c, &text);
	fputs(text.bytes, stdout);
	return 0;
}

int main(int argc, char *argv[])
{
	struct config c = { 0 };
	struct err e = { 0 };
	int status = run(&c, argc, argv, &e);
	if (status < 0)
		fprintf(stderr, "trainyard serve: %s\n", e.text);
	config_finish(&c);
	return status < 0 ? err_exit_code(e.kind) : 0;
}
