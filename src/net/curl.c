/* net/curl.c -- see curl.h. */
#include "net/curl.h"

#include <dlfcn.h>

static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };

static int fill(struct curl_calls *c, void *library, struct err *e)
{
	/* POSIX lets a data pointer hold a function; ISO C has no cast for it, hence the union. */
	union {
		void *data;
		void (*call)(void);
	} found;
#define X(name)                                                                              \
	found.data = dlsym(library, "curl_" #name);                                          \
	if (!found.data)                                                                     \
		return err_set(e, ERR_UNSUPPORTED, "this libcurl has no curl_%s", #name);    \
	c->name = (__typeof__(c->name))found.call;
	CURL_CALLS(X)
#undef X
	return 0;
}

const struct curl_calls *curl_calls_open(struct err *e)
{
	static struct curl_calls calls;
	if (calls.global_init)
		return &calls;
	void *library = NULL;
	for (size_t i = 0; !library && i < sizeof(names) / sizeof(names[0]); i++)
		library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
	if (!library) {
		err_set(e, ERR_UNSUPPORTED,
			"talking to a server needs libcurl: install Debian's package libcurl4 (%s)",
			dlerror());
		return NULL;
	}
	struct curl_calls filled = { 0 };
	if (fill(&filled, library, e))
		return NULL;
	if (filled.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(e, ERR_UNSUPPORTED, "libcurl does not start");
		return NULL;
	}
	calls = filled;
	return &calls;
}
