/* cli/serve.c -- `trainyard serve`: becomes the server, with all its words as they are. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"
#include "cli/args.h"

/* Beside this program (a build, an installation into one folder), then in ../libexec. */
static void try_beside(const char *below, char **argv)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		return;
	self[length] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return;
	*slash = '\0';
	AUTO_BUF path = { 0 };
	buf_format(&path, "%s/%strainyardd", self, below);
	execv(path.bytes, argv);
}

static int run(struct call *call, struct err *e)
{
	const struct args *a = call->args;
	static char program[] = "trainyardd";
	AUTO_FREE char **argv = mem_array((size_t)a->operand_count + 2, sizeof(*argv));
	argv[0] = program;
	for (int i = 0; i < a->operand_count; i++)
		argv[i + 1] = (char *)(uintptr_t)a->operands[i];
	try_beside("", argv);
	try_beside("../libexec/", argv);
	execvp(argv[0], argv);
	return err_errno(e, ERR_INTERNAL,
		"no trainyardd beside this program, in ../libexec or on PATH");
}

const struct command command_serve = {
	.name = "serve",
	.operands = "[OPTIONS OF trainyardd]",
	.operands_max = -1,
	.raw = true,
	.no_server = true,
	.summary = "Start the server",
	.text = "All words go to trainyardd as they are: `trainyard serve --help` shows its "
		"own page, "
		"`trainyard serve --print-config` where each setting comes from.",
	.run = run,
};
