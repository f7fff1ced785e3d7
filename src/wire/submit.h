/* wire/submit.h -- the body of a submission becomes a job's record.
 *
 * Fields that are unknown, of the wrong kind, out of bounds or not supported yet are refused by
 * name: nothing that a caller asked for is dropped in silence. */
#ifndef WIRE_SUBMIT_H
#define WIRE_SUBMIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/record.h"

#define SUBMIT_NAME_BYTES_MAX 200
#define SUBMIT_PRIORITY_MAX 1000
#define SUBMIT_GRACE_SECONDS_MAX 86400

/* What the fields of a submission mean, for the reader and for OpenAPI.
 *        name             kind       in words */
#define SUBMIT_FIELDS(X)                                                                      \
	X("name",            "string",  "what people call it; the id when absent")            \
	X("command",         "array",   "program and arguments; this or shell")               \
	X("shell",           "string",  "a line for /bin/sh -c; this or command")             \
	X("cwd",             "string",  "absolute directory; its run directory when absent")      \
	X("env",             "object",  "environment, text values")                           \
	X("gpus",            "integer", "devices that it needs; one if there is any when absent")  \
	X("priority",        "integer", "-1000 to 1000, higher first, default 0")             \
	X("grace_seconds",   "number",  "between TERM and KILL when it is stopped")           \
	X("config",          "object",  "kept as given")                                      \
	X("tags",            "array",   "labels shown with it")                                \
	X("group",           "string",  "a text shared by jobs that belong together")         \
	X("notes",           "string",  "free text")                                          \
	X("stdout",          "string",  "fifo (default) or direct")                           \
	X("log_limit_bytes", "integer", "of its log the newest so many bytes are kept")       \
	X("umask",           "string",  "octal, like 022; the server's when absent")          \
	X("git",             "object",  "commit (text) and dirty (true or false)")            \
	X("host",            "string",  "the machine that it was submitted from")             \
	X("execution_id",    "string",  "the job's id; a new UUID when absent")

/* Known to come; refused until then. */
#define SUBMIT_LATER(X)                                                                  \
	X("auto_stop") X("checkpoints") X("checkpoint_timeout_seconds") X("retries")     \
	X("retry_seconds") X("retry_backoff") X("time_limit") X("time_limit_seconds")    \
	X("dependencies") X("depends_on") X("after") X("not_before") X("gpu_memory")     \
	X("gpu_memory_bytes") X("gpu_memory_gb") X("cpus") X("memory_limit")             \
	X("memory_limit_bytes") X("hold") X("user_id") X("dataset_path") X("dataset_content")

/* Fills record->spec and what of record->job a caller may choose: id (empty when none was given),
 * priority, gpus (-1), grace_ms (-1 when none was given). owner stays NULL, and name without one;
 * host too. Strings live in the arena. */
int wire_read_submit(struct str body, struct arena *a, struct job_record *record, struct err *e);

#endif
