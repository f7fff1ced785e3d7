/* pact/message.c -- encodes and decodes every message from its list of fields. */
#include "pact/message.h"

#include <string.h>

#include "base/str.h"

enum field_type { FIELD_INT, FIELD_TEXT, FIELD_LIST };

struct field {
	const char *name;
	enum field_type type;
	size_t offset_bytes;
	int64_t otherwise;
};

#define FIELD(type, message, member, otherwise) \
	{ #member, type, offsetof(struct pact_message, message.member), otherwise },
#define END_OF_FIELDS                 \
	{                             \
		NULL, FIELD_INT, 0, 0 \
	}

/* Inside a table, the message's own name is `here`. */
#define INT_FIELD(member, otherwise) FIELD(FIELD_INT, here, member, otherwise)
#define TEXT_FIELD(member) FIELD(FIELD_TEXT, here, member, 0)
#define LIST_FIELD(member) FIELD(FIELD_LIST, here, member, 0)

#define here hello
static const struct field hello_fields[] = { PACT_HELLO(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here start
static const struct field start_fields[] = { PACT_START(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here started
static const struct field started_fields[] = { PACT_STARTED(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here stop
static const struct field stop_fields[] = { PACT_STOP(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here unkillable
static const struct field unkillable_fields[] = { PACT_UNKILLABLE(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here ended
static const struct field ended_fields[] = { PACT_ENDED(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here acknowledge
static const struct field acknowledge_fields[] = { PACT_ACKNOWLEDGE(INT_FIELD, TEXT_FIELD,
	LIST_FIELD) END_OF_FIELDS };
#undef here
#define here ready
static const struct field ready_fields[] = { PACT_READY(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here leave
static const struct field leave_fields[] = { PACT_LEAVE(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here trouble
static const struct field trouble_fields[] = { PACT_TROUBLE(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here
#define here marker
static const struct field marker_fields[] = { PACT_MARKER(INT_FIELD, TEXT_FIELD, LIST_FIELD)
		END_OF_FIELDS };
#undef here

static const struct {
	const char *word;
	const struct field *fields;
} kinds[PACT_KIND_COUNT] = { [PACT_KIND_UNKNOWN] = { "unknown", leave_fields },
#define X(NAME, name) [PACT_KIND_##NAME] = { #name, name##_fields },
	PACT_MESSAGES(X)
#undef X
};

static void *member(struct pact_message *m, const struct field *f)
{
	return (char *)m + f->offset_bytes;
}

void pact_message_init(struct pact_message *m, enum pact_kind kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	for (const struct field *f = kinds[kind].fields; f->name; f++)
		if (f->type == FIELD_INT)
			*(int64_t *)member(m, f) = f->otherwise;
}

size_t pact_encode(const struct pact_message *m, void *bytes, size_t room_bytes)
{
	struct pact_out o;

	pact_begin(&o, bytes, room_bytes, kinds[m->kind].word);
	for (const struct field *f = kinds[m->kind].fields; f->name; f++) {
		const void *at = (const char *)m + f->offset_bytes;
		if (f->type == FIELD_INT) {
			pact_int(&o, f->name, *(const int64_t *)at);
		} else if (f->type == FIELD_TEXT) {
			pact_text(&o, f->name, *(const char *const *)at);
		} else {
			const char *const *item = ((const struct pact_list *)at)->items;
			for (; item && *item; item++)
				pact_text(&o, f->name, *item);
		}
	}
	if (o.length_bytes > PACT_BODY_BYTES_MAX || o.fields > PACT_FIELDS_MAX)
		return 0;
	return o.length_bytes;
}

/* The first value of a list is where walking it begins. */
static void list_add(struct pact_list *list, const struct field *f, const struct pact_in *before)
{
	if (list->count++ == 0) {
		list->name = f->name;
		list->from = *before;
	}
}

static bool set(struct pact_message *m, const char *name, const char *value,
	const struct pact_in *before)
{
	const struct field *f = kinds[m->kind].fields;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	if (!f->name)
		return true;
	if (f->type == FIELD_INT)
		return str_to_i64(str_of(value), member(m, f));
	if (f->type == FIELD_TEXT)
		*(const char **)member(m, f) = value;
	else
		list_add(member(m, f), f, before);
	return true;
}

bool pact_decode(struct pact_message *m, const void *body, size_t length_bytes)
{
	struct pact_in in, before;
	const char *name, *value;
	enum pact_kind kind = PACT_KIND_COUNT;

	if (!pact_open(&in, body, length_bytes))
		return false;
	while (--kind > PACT_KIND_UNKNOWN)
		if (strcmp(kinds[kind].word, in.kind) == 0)
			break;
	pact_message_init(m, kind);
	for (before = in; pact_next(&in, &name, &value); before = in)
		if (!set(m, name, value, &before))
			return false;
	return true;
}

const char *pact_list_next(struct pact_list *list)
{
	const char *name, *value;

	if (!list->name)
		return NULL;
	while (pact_next(&list->from, &name, &value))
		if (strcmp(name, list->name) == 0)
			return value;
	return NULL;
}
