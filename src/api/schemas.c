/* api/schemas.c -- see schemas.h. */
#include "api/schemas.h"

#include "core/record.h"
#include "wire/submit.h"

static const struct schema_field error_fields[] = {
	{ "success", "boolean", "false" },
	{ "error", "string", "a sentence" },
	{ "message", "string", "the same sentence" },
	{ "detail", "string", "the same sentence" },
	{ "code", "string", "a word for programs" },
	{ "job_id", "string?", "the job that it is about" },
};

static const struct schema_field alive_fields[] = {
	{ "status", "string", "healthy" },
	{ "service", "string", "trainyard" },
	{ "version", "string", "" },
	{ "gpu_available", "boolean", "" },
	{ "gpu_info", "string", "" },
};

static const struct schema_field submission_fields[] = {
#define X(name, kind, words) { name, kind, words },
	SUBMIT_FIELDS(X)
#undef X
};

static const struct schema_field status_fields[] = {
	{ "job_id", "string", "" },
	{ "id", "string", "the same" },
	{ "user_id", "string", "the owner" },
	{ "owner", "string", "the same" },
	{ "name", "string", "" },
	{ "job_name", "string", "the same" },
	{ "status", "state", "" },
	{ "priority", "integer", "higher first" },
	{ "attempt", "integer?", "number of its latest launch, from 1" },
#define X(name, field, word) { word, "number?", "the latest known" },
	PROGRESS_FIELDS(X)
#undef X
	{ "updated_at", "string?", "when the latest values came" },
	{ "created_at", "string", "" },
	{ "started_at", "string?", "of the first attempt" },
	{ "completed_at", "string?", "when it ended" },
	{ "elapsed_seconds", "integer?", "without paused time" },
	{ "queue_position", "integer?", "from 1" },
	{ "waiting_reason", "string?", "why it waits" },
	{ "process_pid", "integer?", "" },
	{ "poll_after_ms", "integer?", "when to ask again; null when it has ended" },
	{ "exit_code", "integer?", "" },
	{ "exit_signal", "integer?", "" },
	{ "end_reason", "end_reason?", "" },
	{ "error_message", "string?", "how it ended, a sentence" },
	{ "error", "string?", "the same" },
	{ "stop", "object?", "phase, by, reason, asked_at, deadline of a stop under way" },
	{ "pause_kind", "string?", "how it is paused" },
	{ "gpus", "integer?", "devices that it asked for" },
	{ "num_gpus", "integer?", "devices that it has" },
	{ "devices", "[integer]", "their numbers" },
	{ "max_learning_rate", "number?", "" },
	{ "batch_size", "integer?", "" },
	{ "gradient_accumulation_steps", "integer?", "" },
	{ "gpu_memory_allocated_gb", "number?", "" },
	{ "gpu_memory_reserved_gb", "number?", "" },
	{ "gpu_utilization_percent", "number?", "" },
	{ "perplexity", "number?", "" },
	{ "train_perplexity", "number?", "" },
	{ "epochs_without_improvement", "integer?", "" },
	{ "loss_trend", "string?", "" },
	{ "total_samples", "integer?", "" },
	{ "train_samples", "integer?", "" },
	{ "val_samples", "integer?", "" },
	{ "total_tokens_processed", "integer?", "" },
	{ "resume_from_checkpoint", "string?", "" },
	{ "best_checkpoint_path", "string?", "" },
	{ "resumed_from_job_id", "string?", "" },
	{ "distributed_strategy", "string?", "" },
	{ "last_parameter_update_at", "string?", "" },
	{ "paused_at", "string?", "" },
	{ "parameter_updates", "[object]", "" },
};

static const struct schema_field job_fields[] = {
	{ "tags", "[string]", "" },
	{ "group", "string?", "" },
	{ "notes", "string?", "" },
	{ "host", "string?", "that it was submitted from" },
	{ "stdout", "string", "fifo or direct" },
	{ "log_limit_bytes", "integer?", "null: the server's default" },
	{ "grace_seconds", "number?", "null: the server's default" },
	{ "umask", "string?", "octal; null: the server's" },
	{ "git", "object?", "commit and dirty" },
	{ "command", "[string]?", "null unless it is yours; secrets are cut" },
	{ "cwd", "string?", "null unless it is yours" },
	{ "env", "object?", "null unless it is yours; secrets are cut" },
	{ "config", "object?", "null unless it is yours" },
};

static const struct schema_field list_fields[] = {
	{ "success", "boolean", "" },
	{ "count", "integer", "of this page" },
	{ "jobs", "[#Status]", "" },
	{ "total", "integer", "of all pages" },
	{ "limit", "integer", "" },
	{ "offset", "integer", "" },
	{ "next_cursor", "string?", "of the next page" },
};

static const struct schema_field cancel_fields[] = {
	{ "mode", "string", "now (default), checkpoint or next_checkpoint" },
	{ "reason", "string", "kept with the job" },
	{ "grace_seconds", "number", "between TERM and KILL; the job's own when absent" },
	{ "wait", "boolean", "answer when it has ended; default for now" },
};

static const struct schema_field cancelled_fields[] = {
	{ "success", "boolean", "" },
	{ "job_id", "string", "" },
	{ "previous_status", "state", "" },
	{ "message", "string", "" },
};

static const struct schema_field queue_fields[] = {
	{ "running_count", "integer", "jobs that have a slot" },
	{ "queued_count", "integer", "" },
	{ "running_jobs", "[object]", "job_id, name, status, owner, progress, epochs" },
	{ "queued_jobs", "[object]",
		"job_id, name, position, status, owner, priority, created_at" },
	{ "slots", "integer", "" },
	{ "queue_active", "boolean", "false while it is drained" },
};

static const struct schema_field metrics_fields[] = {
	{ "job_id", "string", "" },
	{ "metrics", "[object]", "step, timestamp and values; KEY_word beside a null says NaN" },
};

static const struct schema_field points_fields[] = {
	{ "metrics", "[object]", "entries of step, timestamp and any values; or one entry alone" },
	{ "job_id", "string", "may be repeated here" },
};

static const struct schema_field counted_fields[] = {
	{ "success", "boolean", "" },
	{ "job_id", "string", "" },
	{ "count", "integer", "entries taken" },
};

static const struct schema_field logs_fields[] = {
	{ "job_id", "string", "" },
	{ "logs", "[string]", "" },
	{ "total_lines", "integer", "" },
	{ "offset", "integer", "number of the first line" },
	{ "limit", "integer", "" },
	{ "dropped_bytes", "integer", "of the oldest lines, beyond the log's limit" },
};

static const struct schema_field health_fields[] = {
	{ "healthy", "boolean", "both lists are empty" },
	{ "orphaned_jobs", "[string]", "said to run, but nothing of them lives" },
	{ "stale_pending", "[string]", "" },
	{ "total_running_db", "integer", "" },
	{ "total_running_memory", "integer", "" },
	{ "checked_at", "string", "" },
};

#define SCHEMA(name, fields, base)                                     \
	{                                                              \
		name, fields, sizeof(fields) / sizeof(fields[0]), base \
	}

const struct schema api_schemas[] = {
	SCHEMA("Error", error_fields, NULL),
	SCHEMA("Alive", alive_fields, NULL),
	SCHEMA("Submission", submission_fields, NULL),
	SCHEMA("Status", status_fields, NULL),
	SCHEMA("Job", job_fields, "Status"),
	SCHEMA("JobList", list_fields, NULL),
	SCHEMA("Cancel", cancel_fields, NULL),
	SCHEMA("Cancelled", cancelled_fields, NULL),
	SCHEMA("Queue", queue_fields, NULL),
	SCHEMA("Metrics", metrics_fields, NULL),
	SCHEMA("Points", points_fields, NULL),
	SCHEMA("Counted", counted_fields, NULL),
	SCHEMA("Logs", logs_fields, NULL),
	SCHEMA("Health", health_fields, NULL),
};

const size_t api_schema_count = sizeof(api_schemas) / sizeof(api_schemas[0]);

const struct schema_field api_parameters[] = {
	{ "status", "string", "states or sets of states, separated by commas" },
	{ "owner", "string", "a user's name" },
	{ "limit", "integer", "at most so many" },
	{ "cursor", "string", "next_cursor of the page before" },
	{ "offset", "integer", "how many to pass over; for logs, negative means the last lines" },
	{ "job_id", "string", "the job's id" },
	{ "keys", "string", "names of metrics, separated by commas" },
	{ "from_step", "integer", "" },
	{ "to_step", "integer", "" },
	{ "follow", "boolean", "stream the log's bytes until the job has ended" },
};

const size_t api_parameter_count = sizeof(api_parameters) / sizeof(api_parameters[0]);
