/* core/job.c -- see job.h: the words of the lists, and the one question about transitions. */
#include "core/job.h"

static const char *const states[] = {
#define X(name, word, next) [JOB_##name] = word,
	JOB_STATES(X)
#undef X
};

static const unsigned nexts[] = {
#define X(name, word, next) [JOB_##name] = (next),
	JOB_STATES(X)
#undef X
};

static const struct {
	const char *word;
	unsigned states;
} sets[] = {
#define X(name, word, members) { word, members },
	JOB_SETS(X)
#undef X
};

static const char *const reasons[] = {
#define X(name, word) [END_##name] = word,
	END_REASONS(X)
#undef X
};

static const char *const phases[] = {
#define X(name, word) [STOP_##name] = word,
	STOP_PHASES(X)
#undef X
};

static const char *const pauses[] = {
#define X(name, word) [PAUSE_##name] = word,
	PAUSE_KINDS(X)
#undef X
};

#define X(name, word, more) " " word
static const char all_words[] = JOB_STATES(X) JOB_SETS(X);
#undef X

static int find(const char *const *words, int count, struct str word)
{
	for (int i = 0; i < count; i++) {
		if (str_is(word, words[i]))
			return i;
	}
	return -1;
}

const char *job_state_name(enum job_state state)
{
	return states[state];
}

const char *end_reason_name(enum end_reason reason)
{
	return reasons[reason];
}

const char *stop_phase_name(enum stop_phase phase)
{
	return phases[phase];
}

const char *pause_kind_name(enum pause_kind kind)
{
	return pauses[kind];
}

int job_state_of(struct str word)
{
	return find(states, JOB_STATE_COUNT, word);
}

int end_reason_of(struct str word)
{
	return find(reasons, END_REASON_COUNT, word);
}

int stop_phase_of(struct str word)
{
	return find(phases, STOP_PHASE_COUNT, word);
}

int pause_kind_of(struct str word)
{
	return find(pauses, PAUSE_KIND_COUNT, word);
}

static unsigned states_of_word(struct str word)
{
	int state = job_state_of(word);
	if (state >= 0)
		return 1u << state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (str_is(word, sets[i].word))
			return sets[i].states;
	}
	return 0;
}

int job_states_parse(struct str words, unsigned *found, struct err *e)
{
	struct str word;
	unsigned all = 0;
	while (str_next(&words, ',', &word)) {
		word = str_trim(word);
		unsigned some = states_of_word(word);
		if (some == 0)
			return err_set(e, ERR_INPUT, "'%.*s' is no status; there are:%s",
				word.length_bytes < 40 ? (int)word.length_bytes : 40, word.at,
				all_words);
		all |= some;
	}
	if (all == 0)
		return err_set(e, ERR_INPUT, "the status filter names no state");
	*found = all;
	return 0;
}

bool job_state_in(enum job_state state, unsigned set)
{
	return set & (1u << state);
}

bool job_may_become(enum job_state from, enum job_state to)
{
	return nexts[from] & (1u << to);
}
