/* wire/job_out.c -- see job_out.h. */
#include "wire/job_out.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/point.h"
#include "wire/redact.h"

/* Fields of older clients' status that nothing feeds yet: unknown numbers and texts are null. They
 * are one constant text, for every status carries them. */
#define UNKNOWN_FIELDS(X)                                                                   \
	X("max_learning_rate") X("batch_size") X("gradient_accumulation_steps")             \
	X("gpu_memory_allocated_gb") X("gpu_memory_reserved_gb")                            \
	X("gpu_utilization_percent") X("perplexity") X("train_perplexity")                  \
	X("epochs_without_improvement") X("loss_trend") X("total_samples")                  \
	X("train_samples") X("val_samples") X("total_tokens_processed")                     \
	X("resume_from_checkpoint") X("best_checkpoint_path") X("resumed_from_job_id")      \
	X("distributed_strategy") X("last_parameter_update_at") X("paused_at")

/* Most jobs fit: the buffer need not grow step by step. */
#define MEMBERS_BYTES 2000

void wire_put_number(struct json_out *out, const char *key, double value)
{
	char word_key[POINT_KEY_BYTES_MAX + 8];
	if (value == floor(value) && fabs(value) < 1e15) {
		json_put_int(out, key, (int64_t)value);
		return;
	}
	json_put_double(out, key, value);
	if (isfinite(value))
		return;
	snprintf(word_key, sizeof(word_key), "%.*s_word", POINT_KEY_BYTES_MAX, key);
	json_put_text(out, word_key, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

/* Clients calculate with the percentage, so it is always a number. */
static void progress_member(struct json_out *out, const struct job_record *r)
{
	double percent = r->job.state == JOB_COMPLETED ? 100 : 0;
	if (progress_has(&r->progress, PROGRESS_PERCENT))
		percent = r->progress.value[PROGRESS_PERCENT];
	wire_put_number(out, "progress", percent);
}

static void progress_members(struct json_out *out, const struct job_record *r)
{
	static const char *const words[] = {
#define X(name, field, word) word,
		PROGRESS_FIELDS(X)
#undef X
	};
	const struct job_progress *p = &r->progress;
	for (int field = 0; field < PROGRESS_FIELD_COUNT; field++) {
		bool over = field == PROGRESS_REMAINING_S && r->job.state != JOB_RUNNING;
		if (field == PROGRESS_PERCENT)
			progress_member(out, r);
		else if (progress_has(p, field) && !over)
			wire_put_number(out, words[field], p->value[field]);
		else
			json_put_null(out, words[field]);
	}
	json_put_time(out, "updated_at", p->updated_wall_ms);
}

static void stop_member(struct json_out *out, const struct job_stop *stop)
{
	json_key(out, "stop");
	if (stop->phase == STOP_NONE) {
		json_null(out);
		return;
	}
	json_object(out);
	json_put_text(out, "phase", stop_phase_name(stop->phase));
	json_put_text(out, "by", stop->by);
	json_put_text(out, "reason", stop->reason);
	json_put_time(out, "asked_at", stop->asked_wall_ms);
	json_put_time(out, "deadline", stop->deadline_wall_ms);
	json_end(out);
}

static void put_known_int(struct json_out *out, const char *key, bool known, int64_t value)
{
	if (known)
		json_put_int(out, key, value);
	else
		json_put_null(out, key);
}

static void end_members(struct json_out *out, const struct job *job)
{
	const struct job_end *end = &job->end;
	bool ended = end->reason != END_NONE;
	const char *message = end->message[0] ? end->message : NULL;
	put_known_int(out, "exit_code", ended && end->exit_code >= 0, end->exit_code);
	put_known_int(out, "exit_signal", ended && end->exit_signal > 0, end->exit_signal);
	json_put_text(out, "end_reason", ended ? end_reason_name(end->reason) : NULL);
	json_put_text(out, "error_message", message);
	json_put_text(out, "error", message);
}

static void time_members(struct json_out *out, const struct job_view *view)
{
	const struct job *job = &view->record->job;
	int64_t until = job->ended_wall_ms ? job->ended_wall_ms : view->now_wall_ms;
	int64_t elapsed_ms = until - job->started_wall_ms - job->paused_ms;
	json_put_time(out, "created_at", job->created_wall_ms);
	json_put_time(out, "started_at", job->started_wall_ms);
	json_put_time(out, "completed_at", job->ended_wall_ms);
	put_known_int(out, "elapsed_seconds", job->started_wall_ms > 0,
		elapsed_ms > 0 ? elapsed_ms / 1000 : 0);
}

static void live_members(struct json_out *out, const struct job_view *view)
{
	const struct job *job = &view->record->job;
	const struct job_live *live = &view->live;
	put_known_int(out, "queue_position", live->queue_position > 0, live->queue_position);
	json_put_text(out, "waiting_reason", live->waiting_reason);
	put_known_int(out, "process_pid", live->process_pid > 0, live->process_pid);
	put_known_int(out, "poll_after_ms", !job_state_in(job->state, JOB_SET_TERMINAL),
		JOB_POLL_MS);
}

static void device_members(struct json_out *out, const struct job *job)
{
	int count = __builtin_popcountll(job->devices);
	put_known_int(out, "gpus", job->gpus >= 0, job->gpus);
	put_known_int(out, "num_gpus", count > 0 || job->gpus >= 0, count > 0 ? count : job->gpus);
	json_key(out, "devices");
	json_array(out);
	for (int device = 0; device < JOB_DEVICES_MAX; device++) {
		if (job->devices >> device & 1)
			json_int(out, device);
	}
	json_end(out);
}

static void git_member(struct json_out *out, const struct job_spec *spec)
{
	json_key(out, "git");
	if (!spec->git_commit) {
		json_null(out);
		return;
	}
	json_object(out);
	json_put_text(out, "commit", spec->git_commit);
	json_put_bool(out, "dirty", spec->git_dirty);
	json_end(out);
}

/* What belongs to the owner and admins: for others it is null, never absent. */
static void private_members(struct json_out *out, const struct job_view *view, struct arena *a)
{
	const struct job_spec *spec = &view->record->spec;
	bool show = view->show_private;
	json_key(out, "command");
	redact_command(out, show ? spec->command_json : NULL, spec->env_json, a);
	json_put_text(out, "cwd", show ? spec->cwd : NULL);
	json_key(out, "env");
	redact_env(out, show ? spec->env_json : NULL, a);
	json_put_raw(out, "config", show ? spec->config_json : NULL);
}

static void spec_members(struct json_out *out, const struct job_view *view, struct arena *a)
{
	const struct job_record *r = view->record;
	char umask_text[8];
	json_put_raw(out, "tags", r->spec.tags_json ? r->spec.tags_json : "[]");
	json_put_text(out, "group", r->spec.group);
	json_put_text(out, "notes", r->spec.notes);
	json_put_text(out, "host", r->spec.host);
	json_put_text(out, "stdout", r->spec.direct_output ? "direct" : "fifo");
	put_known_int(out, "log_limit_bytes", r->spec.log_limit_bytes > 0, r->spec.log_limit_bytes);
	if (r->job.grace_ms >= 0)
		json_put_double(out, "grace_seconds", (double)r->job.grace_ms / 1000);
	else
		json_put_null(out, "grace_seconds");
	snprintf(umask_text, sizeof(umask_text), "%03o", (unsigned)r->spec.umask_bits & 0777);
	json_put_text(out, "umask", r->spec.umask_bits >= 0 ? umask_text : NULL);
	git_member(out, &r->spec);
	private_members(out, view, a);
}

void wire_job_members(struct json_out *out, const struct job_view *view, enum job_detail detail,
	struct arena *a)
{
	const struct job *job = &view->record->job;
	buf_reserve(out->to, MEMBERS_BYTES);
	json_put_text(out, "job_id", job->id);
	json_put_text(out, "id", job->id);
	json_put_text(out, "user_id", view->record->spec.owner);
	json_put_text(out, "owner", view->record->spec.owner);
	json_put_text(out, "name", view->record->spec.name);
	json_put_text(out, "job_name", view->record->spec.name);
	json_put_text(out, "status", job_state_name(job->state));
	json_put_int(out, "priority", job->priority);
	put_known_int(out, "attempt", job->attempt > 0, job->attempt);
	progress_members(out, view->record);
	time_members(out, view);
	live_members(out, view);
	end_members(out, job);
	stop_member(out, &job->stop);
	json_put_text(out, "pause_kind",
		job->pause == PAUSE_NONE ? NULL : pause_kind_name(job->pause));
	device_members(out, job);
#define X(key) "\"" key "\":null,"
	json_raw(out, UNKNOWN_FIELDS(X) "\"parameter_updates\":[]");
#undef X
	if (detail == JOB_WHOLE)
		spec_members(out, view, a);
}

void wire_job(struct json_out *out, const struct job_view *view, enum job_detail detail,
	struct arena *a)
{
	json_object(out);
	wire_job_members(out, view, detail, a);
	json_end(out);
}

void wire_list_begin(struct json_out *out, const struct job_page *page)
{
	json_object(out);
	json_put_bool(out, "success", true);
	json_put_int(out, "count", page->count);
	json_key(out, "jobs");
	json_array(out);
}

void wire_list_end(struct json_out *out, const struct job_page *page, const struct job_query *query)
{
	char cursor[24];
	snprintf(cursor, sizeof(cursor), "%llu", (unsigned long long)page->next_before);
	json_end(out);
	json_put_int(out, "total", page->total);
	json_put_int(out, "limit", query->limit);
	json_put_int(out, "offset", query->offset);
	json_put_text(out, "next_cursor", page->next_before ? cursor : NULL);
	json_end(out);
}

static void running_entry(struct json_out *out, const struct job_record *r)
{
	json_object(out);
	json_put_text(out, "job_id", r->job.id);
	json_put_text(out, "name", r->spec.name);
	json_put_text(out, "status", job_state_name(r->job.state));
	json_put_text(out, "owner", r->spec.owner);
	static const struct {
		const char *key;
		enum progress_field field;
	} shown[] = { { "current_epoch", PROGRESS_EPOCH },
		{ "total_epochs", PROGRESS_TOTAL_EPOCHS } };
	progress_member(out, r);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (progress_has(&r->progress, shown[i].field))
			wire_put_number(out, shown[i].key, r->progress.value[shown[i].field]);
		else
			json_put_null(out, shown[i].key);
	}
	json_end(out);
}

void wire_queue(struct json_out *out, const struct queue_view *queue)
{
	json_object(out);
	json_put_int(out, "running_count", queue->running_count);
	json_put_int(out, "queued_count", queue->queued_count);
	json_key(out, "running_jobs");
	json_array(out);
	for (int i = 0; i < queue->running_count; i++)
		running_entry(out, &queue->running[i]);
	json_end(out);
	json_key(out, "queued_jobs");
	json_array(out);
	for (int i = 0; i < queue->queued_shown; i++) {
		const struct job_record *r = &queue->queued[i];
		json_object(out);
		json_put_text(out, "job_id", r->job.id);
		json_put_text(out, "name", r->spec.name);
		json_put_int(out, "position", i + 1);
		json_put_text(out, "status", job_state_name(r->job.state));
		json_put_text(out, "owner", r->spec.owner);
		json_put_int(out, "priority", r->job.priority);
		json_put_time(out, "created_at", r->job.created_wall_ms);
		json_end(out);
	}
	json_end(out);
	json_put_int(out, "slots", queue->slots);
	json_put_bool(out, "queue_active", !queue->draining);
	json_end(out);
}

static void put_ids(struct json_out *out, const char *key, const char *const *ids, int count)
{
	json_key(out, key);
	json_array(out);
	for (int i = 0; i < count; i++)
		json_text(out, ids[i]);
	json_end(out);
}

void wire_health(struct json_out *out, const struct health_report *report)
{
	json_object(out);
	json_put_bool(out, "healthy", report->orphaned_count == 0 && report->stale_count == 0);
	put_ids(out, "orphaned_jobs", report->orphaned_jobs, report->orphaned_count);
	put_ids(out, "stale_pending", report->stale_pending, report->stale_count);
	json_put_int(out, "total_running_db", report->running_in_store);
	json_put_int(out, "total_running_memory", report->running_in_memory);
	json_put_time(out, "checked_at", report->checked_wall_ms);
	json_end(out);
}
