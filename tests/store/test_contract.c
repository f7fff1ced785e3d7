/* tests/store/test_contract.c -- the one suite that every store has to pass: memory | sqlite. */
#include <stdlib.h>

#include "store/room.h"

int main(int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "memory") != 0 && strcmp(argv[1], "sqlite") != 0)) {
		fprintf(stderr, "usage: test_contract memory|sqlite\n");
		return 2;
	}
	room_uses_memory = strcmp(argv[1], "memory") == 0;
	size_t count = job_fact_count + point_fact_count + note_fact_count;
	struct CMUnitTest *all = calloc(count, sizeof(*all));
	memcpy(all, job_facts, job_fact_count * sizeof(*all));
	memcpy(all + job_fact_count, point_facts, point_fact_count * sizeof(*all));
	memcpy(all + job_fact_count + point_fact_count, note_facts, note_fact_count * sizeof(*all));
	int failed = _cmocka_run_group_tests(argv[1], all, count, NULL, NULL);
	free(all);
	return failed;
}
