/* core/inside.h -- what the files of the yard share, and nobody else includes.
 *
 * yard.c takes events apart and owns the tables; attempts.c knows what reports mean; stops.c how a
 * job is stopped; placement.c who starts next; ask.c answers readers. */
#ifndef CORE_INSIDE_H
#define CORE_INSIDE_H

#include "base/map.h"
#include "core/queue.h"
#include "core/yard.h"

#define PLACES_PER_CHUNK 32
#define NEVER INT64_MAX

/* After so many launches in a row that never started, the job fails instead of spinning. */
#define NEVER_STARTED_MAX 20

struct place {
	struct job job;      /* first: a struct job of the yard is its place */
	int64_t due_boot_ms; /* when TICK must look: pending limit, grace, kill limit */
	size_t active_at;    /* index in yard.active, for live jobs */
	int never_started;   /* launches in a row that never were */
	struct place *next_free;
};

struct yard {
	struct yard_limits limits;
	bool open;
	uint64_t arrival_last;
	struct map by_id;      /* to struct place, every job held */
	struct queue queue;    /* the queued ones */
	struct place **active; /* the live ones: each holds a slot and its devices */
	size_t active_count, active_room;
	struct place **chunks; /* places never move */
	size_t chunk_count, places_used;
	struct place *free;
	int counts[JOB_STATE_COUNT];
	struct place *fresh; /* during SUBMIT: its row is still an INSERT of this step ... */
	size_t fresh_at;     /* ... at this index of the commands */
};

/* One step's surroundings, handed down together. */
struct step {
	struct yard *yard;
	const struct event *event;
	struct moment now;
	struct commands *out;
};

/* Pending, running or frozen: it may have processes. */
bool job_is_live(const struct job *j);
struct place *yard_place(const struct yard *y, const char *id);
int64_t boot_after(struct moment now, int64_t ms); /* never overflows */
int64_t wall_after(struct moment now, int64_t ms);

/* yard.c. The transition, with its row and its publication; the caller has set every other field of
 * the job before. A job that becomes terminal is forgotten: the place is not to be used again. */
void place_become(struct step *s, struct place *p, enum job_state to, const char *by,
	const char *why);
/* Fields changed without a transition: row and publication. */
void place_changed(struct step *s, struct place *p, const char *by, const char *why);

/* commands.c. The returned command is filled but for what its kind adds. */
struct command *command_add(struct commands *c, enum command_kind kind, const struct job *j);
void command_ack(struct commands *c, const char *id, uint32_t attempt);

/* attempts.c */
void on_started(struct step *s);
void on_start_failed(struct step *s);
void on_exited(struct step *s);
void on_gone(struct step *s);

/* stops.c */
int on_cancel(struct step *s, struct err *e);
void on_unkillable(struct step *s);
void on_tick(struct step *s);
void stops_go_on(struct step *s); /* at OPEN */
void place_finish(struct step *s, struct place *p, const struct job_end *end,
	int64_t ended_wall_ms); /* a stop under way decides what end it is */

/* placement.c */
uint64_t devices_used(const struct yard *y);
void placement_run(struct step *s);

#endif
