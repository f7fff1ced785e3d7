/* runner/heir.c -- takes over an attempt whose runner died. */
#include "runner/runner.h"

void heir_begin(struct runner *r, const char *recorded_boot) {}
void heir_leader_ended(struct runner *r) {}
void heir_term(struct runner *r) {}
void heir_tick(struct runner *r, int64_t now_ms) {}
