/* bench/bare.c -- starts bench-bare: see bare.h. */
#include "bench/bare.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/scope.h"
#include "bench/row.h"

#define WORDS_MAX 16

void bare_start(struct bare *bare, const struct bench *b, size_t reply_bytes,
	const char *const command[])
{
	const char *home = path_in(b->scratch, "bare");
	const char *argv[WORDS_MAX] = { path_in(b->tools, "bench-bare"), home,
		text_format("%zu", reply_bytes) };
	char said[32] = "";
	AUTO_CLOSE int out = memfd_create("port", MFD_CLOEXEC);
	mkdir(home, 0700);
	for (int i = 0; command && command[i] && i < WORDS_MAX - 4; i++)
		argv[3 + i] = command[i];
	bare->pid = child_start(argv, out);
	for (int tries = 0; !strchr(said, '\n'); tries++) {
		if (tries > 10000)
			die("bench-bare does not serve: %s", said);
		pause_ms(1);
		ssize_t n = io_pread_all(out, said, sizeof(said) - 1, 0);
		said[n > 0 ? n : 0] = '\0';
	}
	bare->port = (int)strtol(said, NULL, 10);
	line_open(&bare->line, bare->port, NULL);
}

void bare_stop(struct bare *bare)
{
	line_close(&bare->line);
	kill(bare->pid, SIGKILL);
	child_wait(bare->pid);
}
