/* store/columns.c -- see columns.h. */
#include "store/columns.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/record.h"
#include "store/notes.h"

#define CONTROL_COLUMNS(X)                              \
	X(TEXT,   id,                    "id")               \
	X(STATE,  state,                 "status")           \
	X(U64,    arrival,               "arrival")          \
	X(I32,    priority,              "priority")         \
	X(I32,    gpus,                  "gpus")             \
	X(U64,    devices,               "devices")          \
	X(U32,    attempt,               "attempt")          \
	X(PAUSE,  pause,                 "pause")            \
	X(I64,    grace_ms,              "grace_ms")         \
	X(PHASE,  stop.phase,            "stop_phase")       \
	X(TEXT,   stop.by,               "stop_by")          \
	X(TEXT,   stop.reason,           "stop_reason")      \
	X(REASON, stop.then,             "stop_then")        \
	X(I64,    stop.grace_ms,         "stop_grace_ms")    \
	X(I64,    stop.asked_wall_ms,    "stop_asked_at")    \
	X(I64,    stop.deadline_wall_ms, "stop_deadline_at") \
	X(REASON, end.reason,            "end_reason")       \
	X(I32,    end.exit_code,         "exit_code")        \
	X(I32,    end.exit_signal,       "exit_signal")      \
	X(TEXT,   end.message,           "error_message")    \
	X(I64,    created_wall_ms,       "created_at")       \
	X(I64,    pending_wall_ms,       "pending_at")       \
	X(I64,    started_wall_ms,       "started_at")       \
	X(I64,    ended_wall_ms,         "completed_at")     \
	X(I64,    paused_ms,             "paused_ms")

#define SPEC_COLUMNS(X)                           \
	X(POINTER, name,            "name")            \
	X(POINTER, owner,           "user_id")         \
	X(POINTER, command_json,    "command_json")    \
	X(POINTER, cwd,             "cwd")             \
	X(POINTER, tags_json,       "tags_json")       \
	X(POINTER, group,           "group_name")      \
	X(POINTER, notes,           "notes")           \
	X(POINTER, git_commit,      "git_commit")      \
	X(BOOL,    git_dirty,       "git_dirty")       \
	X(I32,     umask_bits,      "umask_bits")      \
	X(BOOL,    direct_output,   "direct_output")   \
	X(I64,     log_limit_bytes, "log_limit_bytes") \
	X(POINTER, host,            "host")

#define INPUTS_COLUMNS(X)             \
	X(POINTER, env_json,    "env_json") \
	X(POINTER, config_json, "config_json")

#define ATTEMPT_COLUMNS(X)                          \
	X(U32,    number,          "attempt")         \
	X(TEXT,   nonce,           "nonce")           \
	X(TEXT,   boot_id,         "boot_id")         \
	X(STATE,  state,           "status")          \
	X(U64,    devices,         "devices")         \
	X(I64,    pid,             "pid")             \
	X(I64,    pid_start_ticks, "pid_start_ticks") \
	X(I64,    pending_wall_ms, "pending_at")      \
	X(I64,    started_wall_ms, "started_at")      \
	X(I64,    ended_wall_ms,   "ended_at")        \
	X(REASON, end.reason,      "end_reason")      \
	X(I32,    end.exit_code,   "exit_code")       \
	X(I32,    end.exit_signal, "exit_signal")     \
	X(TEXT,   end.message,     "error_message")

#define EVENT_COLUMNS(X)                \
	X(I64,     at_wall_ms, "at")          \
	X(POINTER, job_id,     "job_id")      \
	X(POINTER, kind,       "kind")        \
	X(POINTER, who,        "who")         \
	X(POINTER, from,       "from_status") \
	X(POINTER, to,         "to_status")   \
	X(POINTER, why,        "why")         \
	X(POINTER, data_json,  "data_json")

#define IDEMPOTENCY_COLUMNS(X)           \
	X(TEXT, owner,           "owner")     \
	X(TEXT, key,             "key")       \
	X(HASH, body_hash,       "body_hash") \
	X(TEXT, job_id,          "job_id")    \
	X(I64,  created_wall_ms, "created_at")

#define TOKEN_COLUMNS(X)                   \
	X(TEXT, id,                "id")         \
	X(HASH, hash,              "hash")       \
	X(TEXT, user,              "user")       \
	X(TEXT, role,              "role")       \
	X(TEXT, label,             "label")      \
	X(TEXT, job_id,            "job_id")     \
	X(I64,  created_wall_ms,   "created_at") \
	X(I64,  expires_wall_ms,   "expires_at") \
	X(I64,  revoked_wall_ms,   "revoked_at") \
	X(I64,  last_used_wall_ms, "last_used_at")

#define USER_COLUMNS(X)             \
	X(TEXT, name,     "name")     \
	X(TEXT, role,     "role")     \
	X(BOOL, disabled, "disabled") \
	X(I64,  created_wall_ms, "created_at")

#define SIZE_OF(type, field) sizeof(((type *)0)->field)
#define COLUMN(type, kind, field, name) \
	{ name, COLUMN_##kind, offsetof(type, field), SIZE_OF(type, field) },

#define X(kind, field, name) COLUMN(struct job, kind, field, name)
static const struct column control[] = { CONTROL_COLUMNS(X) };
#undef X
#define X(kind, field, name) COLUMN(struct job_spec, kind, field, name)
static const struct column spec[] = { SPEC_COLUMNS(X) };
static const struct column inputs[] = { INPUTS_COLUMNS(X) };
#undef X
#define X(name, field, word) COLUMN(struct job_progress, NUMBER, value[PROGRESS_##name], word)
static const struct column progress[] = { COLUMN(struct job_progress, U32, known, "progress_known")
		PROGRESS_FIELDS(X)
			COLUMN(struct job_progress, I64, updated_wall_ms, "updated_at") };
#undef X
#define X(kind, field, name) COLUMN(struct attempt_record, kind, field, name)
static const struct column attempt[] = { ATTEMPT_COLUMNS(X) };
#undef X
#define X(kind, field, name) COLUMN(struct store_event, kind, field, name)
static const struct column event[] = { EVENT_COLUMNS(X) };
#undef X
#define X(kind, field, name) COLUMN(struct store_idempotency, kind, field, name)
static const struct column idempotency[] = { IDEMPOTENCY_COLUMNS(X) };
#undef X
#define X(kind, field, name) COLUMN(struct store_token, kind, field, name)
static const struct column token[] = { TOKEN_COLUMNS(X) };
#undef X
#define X(kind, field, name) COLUMN(struct store_user, kind, field, name)
static const struct column user[] = { USER_COLUMNS(X) };
#undef X

#define LISTS(X) \
	X(control) X(spec) X(inputs) X(progress) X(attempt) X(event) X(idempotency) X(token) X(user)

#define X(list) \
	const struct columns columns_##list = { #list, list, sizeof(list) / sizeof(list[0]) };
LISTS(X)
#undef X

static const struct columns *const lists[] = {
#define X(list) &columns_##list,
	LISTS(X)
#undef X
};

static int bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	return text ? sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC)
		    : sqlite3_bind_null(stmt, at);
}

static int bind_one(const struct column *c, sqlite3_stmt *stmt, int at, const char *field)
{
	switch (c->kind) {
	case COLUMN_TEXT:
		return bind_text(stmt, at, field);
	case COLUMN_POINTER:
		return bind_text(stmt, at, *(const char *const *)field);
	case COLUMN_I32:
		return sqlite3_bind_int64(stmt, at, *(const int32_t *)field);
	case COLUMN_I64:
		return sqlite3_bind_int64(stmt, at, *(const int64_t *)field);
	case COLUMN_U32:
		return sqlite3_bind_int64(stmt, at, *(const uint32_t *)field);
	case COLUMN_U64: /* the same bits: devices may use all 64 */
		return sqlite3_bind_int64(stmt, at, (int64_t)(*(const uint64_t *)field));
	case COLUMN_BOOL:
		return sqlite3_bind_int(stmt, at, *(const bool *)field);
	case COLUMN_NUMBER:
		return sqlite3_bind_double(stmt, at, *(const double *)field);
	case COLUMN_HASH:
		return sqlite3_bind_blob(stmt, at, field, STORE_HASH_BYTES, SQLITE_STATIC);
	case COLUMN_STATE:
		return bind_text(stmt, at, job_state_name(*(const enum job_state *)field));
	case COLUMN_REASON:
		return bind_text(stmt, at, end_reason_name(*(const enum end_reason *)field));
	case COLUMN_PHASE:
		return bind_text(stmt, at, stop_phase_name(*(const enum stop_phase *)field));
	case COLUMN_PAUSE:
		return bind_text(stmt, at, pause_kind_name(*(const enum pause_kind *)field));
	}
	return SQLITE_MISUSE;
}

int columns_bind(const struct columns *c, sqlite3_stmt *stmt, int *at, const void *from)
{
	for (int i = 0; i < c->count; i++) {
		const char *field = (const char *)from + c->list[i].offset_bytes;
		int rc = bind_one(&c->list[i], stmt, (*at)++, field);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static struct str column_str(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);
	return (struct str){ text, text ? (size_t)sqlite3_column_bytes(stmt, at) : 0 };
}

/* A word that this program does not know (a row of a damaged database) becomes the first one:
 * queued, none. The CHECK of the table keeps this from states. */
static void read_word(sqlite3_stmt *stmt, int at, int (*of)(struct str word), void *field)
{
	int value = of(column_str(stmt, at));
	*(unsigned *)field = value < 0 ? 0 : (unsigned)value;
}

static void read_text(const struct column *c, sqlite3_stmt *stmt, int at, char *field,
	struct arena *a)
{
	struct str text = column_str(stmt, at);
	if (c->kind == COLUMN_TEXT)
		str_copy_cut(field, c->size_bytes, text.at ? text.at : "");
	else
		*(char **)field = text.at ? arena_copy(a, text.at, text.length_bytes) : NULL;
}

static void read_number(sqlite3_stmt *stmt, int at, double *field)
{
	*field = sqlite3_column_type(stmt, at) == SQLITE_NULL ? (double)NAN
							      : sqlite3_column_double(stmt, at);
}

static void read_hash(sqlite3_stmt *stmt, int at, void *field)
{
	const void *hash = sqlite3_column_blob(stmt, at);
	if (hash && sqlite3_column_bytes(stmt, at) == STORE_HASH_BYTES)
		memcpy(field, hash, STORE_HASH_BYTES);
}

static void read_one(const struct column *c, sqlite3_stmt *stmt, int at, char *field,
	struct arena *a)
{
	switch (c->kind) {
	case COLUMN_TEXT:
	case COLUMN_POINTER:
		read_text(c, stmt, at, field, a);
		break;
	case COLUMN_I32:
		*(int32_t *)field = (int32_t)sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_U32:
		*(uint32_t *)field = (uint32_t)sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_I64:
		*(int64_t *)field = sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_U64:
		*(uint64_t *)field = (uint64_t)sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_BOOL:
		*(bool *)field = sqlite3_column_int(stmt, at) != 0;
		break;
	case COLUMN_NUMBER:
		read_number(stmt, at, (double *)field);
		break;
	case COLUMN_HASH:
		read_hash(stmt, at, field);
		break;
	case COLUMN_STATE:
		read_word(stmt, at, job_state_of, field);
		break;
	case COLUMN_REASON:
		read_word(stmt, at, end_reason_of, field);
		break;
	case COLUMN_PHASE:
		read_word(stmt, at, stop_phase_of, field);
		break;
	case COLUMN_PAUSE:
		read_word(stmt, at, pause_kind_of, field);
		break;
	}
}

void columns_read(const struct columns *c, sqlite3_stmt *stmt, int *at, void *to, struct arena *a)
{
	for (int i = 0; i < c->count; i++)
		read_one(&c->list[i], stmt, (*at)++, (char *)to + c->list[i].offset_bytes, a);
}

static void expand_states(struct buf *out, unsigned states)
{
	const char *between = "";
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		if (!(states & (1u << state)))
			continue;
		buf_format(out, "%s'%s'", between, job_state_name((enum job_state)state));
		between = ", ";
	}
}

static void expand_columns(struct buf *out, const struct columns *c, struct str form)
{
	for (int i = 0; i < c->count; i++) {
		const char *name = c->list[i].name;
		if (i > 0)
			buf_text(out, ", ");
		if (str_is(form, "names"))
			buf_format(out, "\"%s\"", name);
		else if (str_is(form, "slots"))
			buf_text(out, "?");
		else if (str_is(form, "sets"))
			buf_format(out, "\"%s\" = ?", name);
		else
			buf_format(out, "\"%s\" = excluded.\"%s\"", name, name);
	}
}

static void expand_one(struct buf *out, struct str word)
{
	if (str_is(word, "states")) {
		expand_states(out, ~0u);
		return;
	}
	if (str_is(word, "incomplete")) {
		expand_states(out, JOB_SET_INCOMPLETE);
		return;
	}
	struct str list = { 0 };
	bool found = str_next(&word, '.', &list);
	for (size_t i = 0; found && i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (str_is(list, lists[i]->name)) {
			expand_columns(out, lists[i], word);
			return;
		}
	}
	assert(!"a placeholder that nobody knows");
}

void sql_expand(struct buf *out, const char *sql)
{
	const char *open;
	while ((open = strchr(sql, '@'))) {
		buf_add(out, sql, (size_t)(open - sql));
		const char *close = strchr(open + 1, '@');
		assert(close);
		expand_one(out, (struct str){ open + 1, (size_t)(close - open - 1) });
		sql = close + 1;
	}
	buf_text(out, sql);
}
