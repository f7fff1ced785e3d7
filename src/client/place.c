/* client/place.c -- see place.h. */
#include "client/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/scope.h"
#include "base/str.h"

static const char *given(const char *flag, const char *variable)
{
	if (flag)
		return flag;
	const char *value = getenv(variable);
	return value && *value ? value : NULL;
}

static char *joined(const char *folder, const char *name)
{
	struct buf path = { 0 };
	buf_format(&path, "%s/%s", folder, name);
	return buf_take(&path);
}

char *place_state(const struct client_where *where)
{
	const char *state = given(where->state, "TRAINYARD_STATE");
	if (state)
		return mem_string(state);
	const char *home = getenv("HOME");
	if (geteuid() == 0 || !home || !*home)
		return mem_string("/var/lib/trainyard");
	return joined(home, ".local/share/trainyard");
}

/* The text of a small file without the white space around it. */
static int read_word(const char *path, char **word, struct err *e)
{
	AUTO_BUF text = { 0 };
	if (io_read_file(path, 4096, &text, e))
		return -1;
	struct str trimmed = str_trim((struct str){ text.bytes, text.length_bytes });
	*word = mem_copy(trimmed.at, trimmed.length_bytes);
	return 0;
}

int place_admin_token(const char *state, char **token, struct err *e)
{
	AUTO_FREE char *path = joined(state, "admin.token");
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND,
			"no admin token at %s: the server makes it when it first starts "
			"(`trainyard serve`)",
			path);
	if (access(path, R_OK) != 0)
		return err_set(e, ERR_DENIED, "%s belongs to the server's user: %s", path,
			strerror(errno));
	return read_word(path, token, e);
}

static int set_url(struct place *p, const char *server, struct err *e)
{
	struct buf url = { 0 };
	if (!strstr(server, "://"))
		buf_text(&url, "http://");
	buf_text(&url, server);
	while (url.length_bytes > 0 && url.bytes[url.length_bytes - 1] == '/')
		url.bytes[--url.length_bytes] = '\0';
	p->url = buf_take(&url);
	const char *host = strncmp(p->url, "http://", 7) == 0 ? p->url + 7
		: strncmp(p->url, "https://", 8) == 0         ? p->url + 8
							      : "";
	if (!*host)
		return err_set(e, ERR_INPUT,
			"not the address of a server: %s "
			"(it looks like http://127.0.0.1:8000)",
			server);
	for (const char *c = p->url; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7F)
			return err_set(e, ERR_INPUT,
				"the server's address holds a blank or a "
				"control character");
	}
	return 0;
}

static int no_server(const struct place *p, struct err *e)
{
	if (access(p->state, F_OK) == 0 && access(p->state, X_OK) != 0)
		return err_set(e, ERR_DENIED,
			"%s belongs to another user: name the server with "
			"--server and --token",
			p->state);
	return err_set(e, ERR_NO_SERVER,
		"no server in %s: start one with `trainyard serve`, or name "
		"one with --server",
		p->state);
}

/* The socket if it may be used, else the address that the server left. */
static int find_in_state(struct place *p, struct err *e)
{
	AUTO_FREE char *socket_path = joined(p->state, "trainyard.sock");
	AUTO_FREE char *address_path = joined(p->state, "address");
	if (access(socket_path, R_OK | W_OK) == 0) {
		p->socket_path = socket_path;
		socket_path = NULL;
		p->url = mem_string("http://localhost");
		return 0;
	}
	AUTO_FREE char *address = NULL;
	if (read_word(address_path, &address, NULL))
		return no_server(p, e);
	return set_url(p, address, e);
}

/* A named server is the state directory's own when its address is the one noted there. */
static bool is_own_server(const struct place *p)
{
	AUTO_FREE char *path = joined(p->state, "address");
	AUTO_FREE char *address = NULL;
	return read_word(path, &address, NULL) == 0 && strcmp(address, p->url) == 0;
}

/* A server holds the lock of its directory while it lives. The address outlives one that was
 * killed: anybody may listen there then, and is not to be sent the token. */
static bool is_served(const struct place *p)
{
	AUTO_FREE char *path = joined(p->state, "lock");
	struct flock held = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && fcntl(fd, F_GETLK, &held) == 0 && held.l_type != F_UNLCK;
}

int place_find(struct place *p, const struct client_where *where, struct err *e)
{
	const char *server = given(where->server, "TRAINYARD_SERVER");
	const char *token = given(where->token, "TRAINYARD_TOKEN");
	*p = (struct place){ .state = place_state(where), .named = server != NULL };
	if (server ? set_url(p, server, e) : find_in_state(p, e)) {
		place_finish(p);
		return -1;
	}
	if (token)
		p->token = mem_string(token);
	else if (!p->socket_path && is_own_server(p) && is_served(p))
		place_admin_token(p->state, &p->token, NULL);
	for (const char *c = p->token; c && *c; c++) {
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F) {
			place_finish(p);
			return err_set(e, ERR_INPUT,
				"the token holds a blank or a character that no token has");
		}
	}
	return 0;
}

void place_finish(struct place *p)
{
	free(p->state);
	free(p->url);
	free(p->socket_path);
	free(p->token);
	*p = (struct place){ 0 };
}

const char *place_name(const struct place *p)
{
	return p->socket_path ? p->socket_path : p->url;
}
