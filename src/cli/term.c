/* cli/term.c -- see term.h. */
#include "cli/term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

#define EXIT_PIPE 141 /* 128 + SIGPIPE */
#define WIDTH_LEAST 40

bool term_is_tty(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

int term_width(int fd)
{
	struct winsize size;
	int64_t columns;
	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	else if (!str_to_i64(str_of(getenv("COLUMNS")), &columns) || columns > 10000)
		columns = 80;
	return columns < WIDTH_LEAST ? WIDTH_LEAST : (int)columns;
}

static int failed_write(struct err *e)
{
	if (errno == EPIPE)
		_exit(EXIT_PIPE);
	return err_errno(e, ERR_IO, "cannot write the output");
}

int term_write(const void *bytes, size_t size_bytes, struct err *e)
{
	if (term_flush(e))
		return -1;
	return io_write_all(STDOUT_FILENO, bytes, size_bytes) ? failed_write(e) : 0;
}

int term_write_buf(const struct buf *b, struct err *e)
{
	return b->length_bytes ? term_write(b->bytes, b->length_bytes, e) : 0;
}

int term_write_json(const struct buf *b, struct err *e)
{
	AUTO_BUF line = { 0 };
	buf_add(&line, b->bytes ? b->bytes : "", b->length_bytes);
	if (line.length_bytes == 0 || line.bytes[line.length_bytes - 1] != '\n')
		buf_char(&line, '\n');
	return term_write_buf(&line, e);
}

int term_flush(struct err *e)
{
	return fflush(stdout) ? failed_write(e) : 0;
}
