/* tests/store/room.c -- see room.h. */
#define _XOPEN_SOURCE 700
#include "store/room.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

bool room_uses_memory;

int room_setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	const char *base = getenv("TMPDIR");
	snprintf(room->directory, sizeof(room->directory), "%s/store-XXXXXX",
		base && strlen(base) < 40 ? base : "/tmp");
	if (!mkdtemp(room->directory))
		return -1;
	*state = room;
	return 0;
}

int room_setup_open(void **state)
{
	if (room_setup(state) < 0)
		return -1;
	struct room *room = *state;
	struct err e = { 0 };
	room->store = room_uses_memory ? store_open_memory()
				       : store_open_sqlite(room->directory, &e);
	if (!room->store)
		print_error("%s\n", e.text);
	return room->store ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *at, int flag, struct FTW *ftw)
{
	return remove(path);
}

int room_teardown(void **state)
{
	struct room *room = *state;
	store_close(room->store);
	nftw(room->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(room);
	return 0;
}

const char *room_path(const struct room *room, const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", room->directory, name);
	return path;
}

struct job_record sample_job(const char *id, uint64_t arrival)
{
	struct job_record r = {
		.job = {
			.state = JOB_QUEUED,
			.arrival = arrival,
			.gpus = -1,
			.grace_ms = 10000,
			.end = { .exit_code = -1 },
			.created_wall_ms = 1790000000000 + (int64_t)arrival,
		},
		.spec = {
			.name = "a job",
			.owner = "ana",
			.command_json = "[\"true\"]",
			.umask_bits = -1,
		},
	};
	str_copy(r.job.id, sizeof(r.job.id), id);
	return r;
}
