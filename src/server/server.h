/* server/server.h -- the one place where deciding, remembering, doing and talking meet.
 *
 * struct server owns every room; the files of this folder each carry one part of the work and share
 * this struct and nothing else. Everything runs on the loop's thread.
 *
 *   start.c    opens the rooms in order, settles what an earlier server left, then serves
 *   turn.c     events of a turn -> core -> one transaction -> acts -> answers
 *   live.c     what is in memory of each incomplete job
 *   launch.c   a job's command, environment and files, handed to exec
 *   attempts.c what exec tells, turned into events
 *   points.c   metrics in, points and progress out
 *   logs.c     reading and following logs
 *   jobs.c     reads of jobs, submissions, cancellations
 *   identity.c tokens and users */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "api/api.h"
#include "api/ports.h"
#include "base/list.h"
#include "base/map.h"
#include "core/yard.h"
#include "exec/exec.h"
#include "files/watch.h"
#include "http/http.h"
#include "ingest/ingest.h"
#include "loop/loop.h"
#include "server/config.h"
#include "server/live.h"
#include "server/turn.h"
#include "store/store.h"

#define HOSTS_MAX 32
#define TOKENS_SEEN_MAX 64

struct server {
	const struct config *config;
	struct loop *loop;
	struct store *store;
	struct yard *yard; /* NULL while it cannot be rebuilt: everything is refused */
	struct exec *exec;
	struct ingest *ingest;
	struct watcher *watcher; /* of logs that somebody follows */
	struct http *http;
	struct api *api;
	struct ports ports;
	struct server_facts facts;
	struct turn turn;
	struct persist_change *changes, *last_change; /* of persist.c, within a turn */
	struct map live; /* id -> struct live_job, every incomplete job */
	struct store_token tokens_seen[TOKENS_SEEN_MAX]; /* of identity.c, by first byte */
	struct list follows;                             /* struct log_follow */
	struct loop_timer *deadline;                     /* the yard's next */
	struct loop_timer *reopen; /* opens a yard that was made anew after a failed commit */
	struct loop_timer *leave;  /* the end of a graceful shutdown */
	struct loop_signal *term, *interrupt;
	char *devices[JOB_DEVICES_MAX]; /* ids by bit number */
	int device_count;
	char *host_names[HOSTS_MAX]; /* that requests may name */
	size_t host_count;
	int slots;
	int unsettled;    /* attempts that exec_adopt still looks at */
	bool settling;    /* at start, before EV_OPEN */
	bool pause;       /* no room for a job's files: nothing more starts for a while */
	int64_t pause_ms; /* how long, longer each time */
	bool leaving;
	int64_t leave_until_boot_ms;
	char *user;         /* the server's own */
	char *address;      /* http://HOST:PORT */
	struct err failure; /* why loop_run ended, kind NONE = asked to */
};

/* start.c */
int server_run(const struct config *config, struct err *e);
void server_stop(struct server *s); /* gracefully; jobs go on */

/* Every attempt of an earlier server is settled: scheduling and serving may begin. */
void server_settled(struct server *s);

/* The yard from the store, as at a start. False when the store cannot be read. */
bool server_load_yard(struct server *s, struct err *e);
/* Tells a yard made anew what exec told the old one, and lets it begin. */
void server_open_yard(struct server *s);
void server_arm_deadline(struct server *s);
struct yard_limits server_yard_limits(const struct server *s);

/* launch.c: the START act. */
void launch(struct server *s, const struct job *job);
void launch_tell_refusal(struct server *s, const struct job *job, const struct live_job *live);
/* Follows the metrics file of a job that has a directory, from where the store says. Again is
 * fine. */
int launch_follow_metrics(struct server *s, struct live_job *live, struct err *e);

/* attempts.c */
extern const struct exec_events attempts_events;
void attempts_adopt(struct server *s); /* every attempt of an earlier server */

/* points.c */
int points_take(void *context, const struct ingest_batch *batches, size_t count, struct err *e);
void points_ports(struct ports *p);

/* logs.c */
void logs_ports(struct ports *p);
void logs_job_ended(struct server *s, const char *job_id);

/* jobs.c */
void jobs_ports(struct ports *p);
void jobs_tell_waiters(struct server *s, struct live_job *live, enum cancel_outcome outcome,
	const char *detail);

/* identity.c */
int identity_open(struct server *s, struct err *e); /* the admin's token, made on the first start */
void identity_ports(struct ports *p);

#endif
