/* http/inside.h -- what the files of this room share; no other room includes it.
 *
 * A conn lives from the accept to libmicrohttpd's connection-closed notice, a request from its
 * first line to the request-completed notice. Both belong to the library's run: nothing here frees
 * them earlier. */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include <microhttpd.h>

#include "base/list.h"
#include "http/http.h"
#include "loop/loop.h"

#define CONNECTION_MEMORY_BYTES 8192
#define RESPONSE_RESERVE_BYTES 1200 /* of that memory, for the head of the reply */
#define HEADER_COST_BYTES 64        /* what the library keeps of it for each header */
#define HEADERS_MAX 64
#define SEGMENTS_MAX 32
#define QUERY_MAX 64
#define DRAIN_BYTES (64u << 20) /* of a refused body we read so much, to answer politely */

/* What a connection is waiting for. All of a kind wait equally long, so that each list is in order
 * of its due times and one timer serves them all. */
enum wait {
	WAIT_IDLE, /* between two requests */
	WAIT_HEAD,
	WAIT_BODY,
	WAIT_SEND,  /* a whole reply, or the next bytes of a stream */
	WAIT_WATCH, /* suspended, its client not watched yet */
	WAIT_COUNT,
	WAIT_NOTHING = WAIT_COUNT,
};

struct conn {
	struct list node;    /* in http.conns */
	struct list waiting; /* in http.waits[wait] */
	struct http *http;
	struct MHD_Connection *mhd;
	struct http_request *request; /* NULL between two */
	int fd;
	enum wait wait;
	int64_t due_ms;
	bool extra; /* above the usual number: only for HTTP_RESERVED routes */
	bool is_stream;
	bool cut; /* ended, though the library has not noticed yet */
	struct http_peer peer;
};

enum stage {
	STAGE_HEAD, /* not judged yet */
	STAGE_BODY,
	STAGE_HANDLER,
	STAGE_DEFERRED,
	STAGE_STREAM,
	STAGE_ANSWERED, /* nobody outside knows it any more */
	STAGE_GONE,     /* the same, and the connection is to be closed */
};

/* The headers that this room reads itself. `once` = a second one is refused. */
#define KNOWN_HEADERS(X)                                \
	X(HOST, "Host", true)                           \
	X(CONTENT_LENGTH, "Content-Length", true)       \
	X(TRANSFER_ENCODING, "Transfer-Encoding", true) \
	X(CONTENT_TYPE, "Content-Type", true)           \
	X(CONTENT_ENCODING, "Content-Encoding", true)   \
	X(EXPECT, "Expect", true)                       \
	X(ORIGIN, "Origin", true)                       \
	X(SEC_FETCH_SITE, "Sec-Fetch-Site", true)       \
	X(AUTHORIZATION, "Authorization", true)         \
	X(IF_NONE_MATCH, "If-None-Match", false)

enum known {
#define X(name, text, once) KNOWN_##name,
	KNOWN_HEADERS(X)
#undef X
	KNOWN_COUNT
};

struct header {
	const char *name;
	const char *value;
};

struct query {
	char *name;
	char *value;
};

struct http_request {
	struct list spare; /* in http.spare, or in http.roomy */
	struct http *http;
	struct conn *conn;
	enum stage stage;
	bool suspended;
	bool refused; /* refusal tells why */
	bool close_after;
	struct err refusal;

	const char *method;
	char *target;           /* as sent */
	char *path;             /* as sent, without the query */
	const char *raw_target; /* where the library read it, to check what lies around */
	const struct http_route *route;
	const char *allow;            /* of a 405 */
	char *segments[SEGMENTS_MAX]; /* decoded */
	int segment_count;
	struct query *queries;
	size_t query_count;
	struct header headers[HEADERS_MAX];
	int header_count;
	const char *known[KNOWN_COUNT];

	uint64_t body_expected_bytes;
	bool body_chunked;
	char *body;
	size_t body_bytes, body_room_bytes;
	uint64_t drained_bytes;

	struct arena arena;
	int64_t started_us;
	struct header *added; /* of the reply, NULL-terminated names */
	size_t added_count;
	struct MHD_Response *response;
	int status;

	http_left_fn *left;
	http_room_fn *room;
	void *context;
	struct loop_poll *watch;
	struct buf unsent; /* of a stream */
	size_t unsent_from;
	bool stream_ended;
};

struct listener {
	struct http *http;
	struct loop_poll *poll;
	int fd;
	bool is_unix;
};

struct router;

struct http {
	struct loop *loop;
	struct http_config config;
	struct router *router;
	struct MHD_Daemon *daemon;
	struct loop_poll *poll;
	struct loop_timer *again; /* the library has more to do at once */
	struct loop_timer *deadline;
	struct loop_timer *accept_again;
	int64_t armed_ms; /* what deadline is armed for; INT64_MAX = not */
	int64_t now_us;   /* at the last run of the library */
	bool running;     /* inside the library */
	bool quiet;
	bool full; /* listeners are not watched */

	struct listener tcp, local;
	int port;
	char *listen_name;
	char *socket_path;
	uint64_t socket_inode;
	struct conn *accepting; /* handed to the library, not taken yet */

	struct list conns;
	struct list waits[WAIT_COUNT];
	struct list spare; /* requests to be used again */
	int spare_count;
	struct list roomy; /* streams to be told that there is room */
	int cut_count;
	struct http_counts counts;
};

/* http.c */
void http_run(struct http *h);
int64_t http_now_ms(struct http *h);

/* listen.c */
void listen_close(struct http *h);
int listen_start(struct http *h, struct err *e);
void listen_resume(struct http *h);

/* conn.c */
void conn_wait(struct conn *c, enum wait what);
void conn_cut(struct conn *c, int status); /* status 0 = without a word */
void conn_timer(void *http);
void conn_notice(void *http, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode code);
bool conn_make_room(struct http *h); /* ends one that can be spared; false: there is none */

/* request.c */
void *request_begin(void *http, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_continue(void *http, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **request);
void request_done(void *http, struct MHD_Connection *mhd, void **request,
	enum MHD_RequestTerminationCode code);
void request_free(struct http_request *r);
int request_refuse(struct http_request *r, enum err_kind kind, const char *sentence);

/* strict.c: each returns 0, or -1 after request_refuse. */
int strict_headers(struct http_request *r, const char *version);
int strict_framing(struct http_request *r);
int strict_host(struct http_request *r);
int strict_origin(struct http_request *r);
int strict_body_type(struct http_request *r);

/* target.c */
int target_parse(struct http_request *r);

/* route.c */
struct router *router_create(const struct http_route *routes, size_t count);
void router_destroy(struct router *t);
int router_find(struct http_request *r); /* -1 after request_refuse */

/* reply.c */
void reply_queue(struct http_request *r);
struct MHD_Response *reply_finish(struct http_request *r, struct MHD_Response *response,
	const char *type);

/* stream.c */
void request_wake(struct http_request *r);
void request_leave(struct http_request *r);
void request_dismiss(struct http_request *r);
void request_watch(struct http_request *r);
void streams_tell_room(struct http *h);

#endif
