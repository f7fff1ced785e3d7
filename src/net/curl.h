/* net/curl.h -- libcurl as a table of functions, filled when it is first needed.
 *
 * Linking libcurl makes a program start 7 ms later (33 libraries are loaded with it), more than
 * `trainyard version` takes as a whole. Only net.c includes this. */
#ifndef NET_CURL_H
#define NET_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/err.h"

#define CURL_CALLS(X)                                                              \
	X(global_init) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) \
	X(easy_strerror) X(slist_append) X(slist_free_all)                         \
	X(multi_init) X(multi_cleanup) X(multi_add_handle) X(multi_remove_handle)  \
	X(multi_perform) X(multi_poll) X(multi_info_read)

struct curl_calls {
#define X(name) __typeof__(curl_##name) *name;
	CURL_CALLS(X)
#undef X
};

/* NULL with ERR_UNSUPPORTED when the library is not there. Opened once, never closed. */
const struct curl_calls *curl_calls_open(struct err *e);

#endif
