/* cli/capture.h -- what a submission takes along from the shell that it is typed in: directory,
 * umask, environment, git commit, host. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"

/* Options of submit and run, each a row of their tables. */
#define SUBMIT_OPTIONS                                                                            \
	{ "name", 'n', "NAME", false, "What the job is called; its id when there is no name." },  \
	{ "gpus", 'g', "N", false, "GPUs that it needs; one if there is any, when not given." },  \
	{ "priority", 'p', "N", false, "Higher ones start first; 0 when not given." },            \
	{ "grace", 0, "TIME", false,                                                              \
		"From the polite signal to the kill when it is stopped; 10s when not given." },   \
	{ "tag", 't', "TAG", true, "A label shown with it; may be repeated." },                   \
	{ "env", 'e', "NAME=VALUE", true, "A variable for the job; may be repeated." },           \
	{ "cwd", 'C', "DIR", false, "Where it runs; the current directory when not given." },     \
	{ "id", 0, "ID", false, "Its id; the server makes one when not given." },                 \
	{ "shell", 'c', "SCRIPT", false, "A script for /bin/sh instead of a command." }

/* Writes the body of POST jobs into *json. */
int capture_submission(const struct args *a, struct buf *json, struct err *e);

/* A variable that is never sent: the server's to give, or the caller's own secret (TRAINYARD_TOKEN
 * is one). */
bool capture_withholds(const char *name, size_t length_bytes);

/* The commit checked out in a directory and whether its files differ from it. False when it is in
 * no git work tree or git does not tell within two seconds: a submission never fails for it. */
bool capture_git(const char *directory, char commit[65], bool *dirty);

#endif
