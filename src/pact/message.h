/* pact/message.h -- what server and runner say to each other: one list, both ways derived from it.
 *
 * Fields are only ever added, each with a default that an older side's silence means: that is how a
 * newer server speaks to older runners. A message's texts are borrowed: from the caller when
 * encoding, from the body when decoding. */
#ifndef PACT_MESSAGE_H
#define PACT_MESSAGE_H

#include "pact/record.h"

#define PACT_VERSION 1

/* The runner's first word on every connection. turn: which attempt it is at, counted from 0. */
#define PACT_HELLO(INT, TEXT, LIST) \
	INT(version, 0) INT(pid, 0) INT(turn, 0) TEXT(runner) TEXT(phase)

/* To an idle runner: go. A repeated field is a list. */
#define PACT_START(INT, TEXT, LIST)                                                            \
	TEXT(nonce)                                                                            \
	TEXT(job) INT(attempt, 0) LIST(argv) LIST(env) TEXT(cwd) INT(umask, -1) INT(direct, 0) \
		INT(log_limit, 0)

/* The command executes. start_ticks: field 22 of its /proc/PID/stat. */
#define PACT_STARTED(INT, TEXT, LIST) TEXT(nonce) INT(pid, 0) INT(start_ticks, 0) INT(wall_ms, 0)

/* TERM, grace, kill the whole tree. */
#define PACT_STOP(INT, TEXT, LIST) TEXT(nonce) INT(grace_ms, 0)

/* A stop did its worst and something lives on. */
#define PACT_UNKILLABLE(INT, TEXT, LIST) TEXT(nonce) TEXT(living)

/* How an attempt ended; also the record in the exit slot.
 * outcome: exited, start_failed, never_started, lost, reboot. code -1 = a signal, or not known. */
#define PACT_ENDED(INT, TEXT, LIST)                                                             \
	TEXT(nonce)                                                                             \
	TEXT(outcome) TEXT(sentence) INT(known, 0) INT(code, -1) INT(signal, 0) INT(stopped, 0) \
		INT(out_of_memory, 0) INT(pid, 0) INT(started_ms, 0) INT(ended_ms, 0)           \
			INT(cpu_ms, 0) INT(peak_bytes, 0) INT(log_lost, 0)

/* The end is durable at the server: forget the attempt. */
#define PACT_ACKNOWLEDGE(INT, TEXT, LIST) TEXT(nonce)

/* The runner has forgotten it and takes another, in this turn. */
#define PACT_READY(INT, TEXT, LIST) INT(turn, 0)

/* To an idle runner: no more attempts will come. */
#define PACT_LEAVE(INT, TEXT, LIST)

/* A runner that cannot prepare says why, and is gone. */
#define PACT_TROUBLE(INT, TEXT, LIST) TEXT(sentence)

/* Also the start marker on disk: who will have executed the attempt. pid 0: nobody, ever. */
#define PACT_MARKER(INT, TEXT, LIST)                                                     \
	TEXT(nonce)                                                                      \
	INT(pid, 0) INT(start_ticks, 0) TEXT(boot) INT(wall_ms, 0) TEXT(group) TEXT(job) \
		INT(attempt, 0) INT(log_limit, 0) INT(direct, 0)

#define PACT_MESSAGES(X)                                                                    \
	X(HELLO, hello)                                                                     \
	X(START, start) X(STARTED, started) X(STOP, stop) X(UNKILLABLE, unkillable)         \
		X(ENDED, ended) X(ACKNOWLEDGE, acknowledge) X(READY, ready) X(LEAVE, leave) \
			X(TROUBLE, trouble) X(MARKER, marker)

enum pact_kind {
	PACT_KIND_UNKNOWN, /* of a newer side: skip it */
#define X(NAME, name) PACT_KIND_##NAME,
	PACT_MESSAGES(X)
#undef X
	PACT_KIND_COUNT
};

/* Encoding: items, NULL-ended. Decoding: walk with pact_list_next. */
struct pact_list {
	const char *const *items;
	const char *name;
	struct pact_in from;
	size_t count;
};

struct pact_message {
	enum pact_kind kind;
	union {
#define PACT_INT_MEMBER(name, otherwise) int64_t name;
#define PACT_TEXT_MEMBER(name) const char *name; /* NULL = not said */
#define PACT_LIST_MEMBER(name) struct pact_list name;
#define X(NAME, name)                                                                             \
	struct pact_##name {                                                                      \
		PACT_##NAME(PACT_INT_MEMBER, PACT_TEXT_MEMBER, PACT_LIST_MEMBER) char nothing[1]; \
	} name;
		PACT_MESSAGES(X)
#undef X
	};
};

/* Sets the defaults of a kind; then fill in what you mean. */
void pact_message_init(struct pact_message *m, enum pact_kind kind);

/* The body's length, whether or not it fits into room_bytes; 0 when it is beyond the limits. */
size_t pact_encode(const struct pact_message *m, void *bytes, size_t room_bytes);

/* False: malformed. A kind that is not known here decodes as PACT_KIND_UNKNOWN. */
bool pact_decode(struct pact_message *m, const void *body, size_t length_bytes);

const char *pact_list_next(struct pact_list *list); /* NULL at its end */

#endif
