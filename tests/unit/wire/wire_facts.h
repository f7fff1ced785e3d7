/* tests/unit/wire/wire_facts.h -- what both files of these tests share. */
#ifndef WIRE_FACTS_H
#define WIRE_FACTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_out.h"

static struct arena facts_arena;

static int facts_setup(void **state)
{
	facts_arena = (struct arena){ 0 };
	return 0;
}

static int facts_teardown(void **state)
{
	arena_finish(&facts_arena);
	return 0;
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, facts_setup, facts_teardown)

static inline void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in \"%s\"", part, text);
}

#endif
