/* tests/unit/api/stage.h -- the real API on a real HTTP server over a table of fake ports.
 *
 * One loop, one process. The fakes keep what they were asked; acts answer at once, or, when
 * `hold` is set, when the test says so. */
#ifndef API_STAGE_H
#define API_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/api.h"
#include "base/buf.h"
#include "http/http.h"
#include "loop/loop.h"

#define STAGE_DEADLINE_MS 10000

/* Callers that the stage knows; their tokens are made when it opens. */
enum caller { NOBODY, VIEWER, OWNER, OTHER, ADMIN, JOB_ONE, JOB_TWO, CALLERS };

struct stage {
	struct loop *loop;
	struct http *http;
	struct api *api;
	struct ports ports;
	struct server_facts facts;
	char tokens[CALLERS][AUTH_TOKEN_BYTES];
	struct auth_token known[CALLERS];

	/* The one job, "one", of "ana"; others are not found. */
	struct job_record job;
	struct job_live live;
	struct job_query listed; /* what was asked */
	struct point_query pointed;
	char keys[64];

	/* Acts. */
	bool hold;
	struct err refuse; /* kind NONE: the act goes well */
	int acts;
	char submitted_id[JOB_ID_BYTES];
	char key[256];
	uint8_t hash[AUTH_HASH_BYTES];
	bool repeated;
	struct job_record record; /* submitted; texts below */
	char texts[4][256];       /* its name, owner, command_json, host */
	struct cancel_ask cancel;
	char cancel_texts[2][300]; /* by, reason */
	struct cancel_result result;
	int points, positions;
	struct point first_point;
	void (*held)(struct stage *s); /* answers the act that is held */
	void *answer_to;
	submit_answer *submit_answer;
	cancel_answer *cancel_answer;
	plain_answer *plain_answer;

	/* The log: -1 = none yet. */
	int log_fd;
	int64_t kept_from_bytes;
	uint32_t attempt;
	log_wake *wake;
	void *wake_to;
	int follows, unfollows;
};

extern const struct ports stage_ports; /* the fakes; `server` is set by stage_open */

void stage_open(struct stage *s);
void stage_close(struct stage *s);
void stage_turn(struct stage *s);

#define STAGE_UNTIL(s, condition)                                        \
	do {                                                             \
		int64_t due_ms = loop_now().boot_ms + STAGE_DEADLINE_MS; \
		while (!(condition)) {                                   \
			assert_true(loop_now().boot_ms < due_ms);        \
			stage_turn(s);                                   \
		}                                                        \
	} while (0)

/* A connection that has sent its request. body NULL = none. more: further header lines, or "". */
int stage_send(struct stage *s, enum caller who, const char *method, const char *path,
	const char *more, const char *body);
/* Reads what is there; false = the server closed. */
bool stage_pull(int fd, struct buf *into);

/* The whole exchange; the reply's status. `reply` holds head and body; texts are searched there. */
int stage_ask(struct stage *s, enum caller who, const char *method, const char *path,
	const char *body, struct buf *reply);
/* The same, closing the connection and checking that the reply holds a part. */
void stage_expect(struct stage *s, enum caller who, const char *method, const char *path,
	const char *body, int status, const char *part);
/* The bytes behind the head of a reply. */
const char *stage_body(const struct buf *reply);

int stage_log(const char *text); /* a temporary file that holds it; its fd */

#endif
