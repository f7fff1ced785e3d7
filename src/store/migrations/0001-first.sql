-- Everything that a server remembers. Times are Unix milliseconds, 0 = never. The words of states
-- are filled in from core/job.h when this is applied.

-- One row a job: what it is, how it stands, how far it came. `number` keeps points and attempts
-- small; `id` is what people and programs call it.
CREATE TABLE local_training_jobs (
	number INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	status TEXT NOT NULL CHECK (status IN (@states@)),
	arrival INTEGER NOT NULL,
	priority INTEGER NOT NULL,
	gpus INTEGER NOT NULL,
	devices INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	pause TEXT NOT NULL,
	grace_ms INTEGER NOT NULL,
	stop_phase TEXT NOT NULL,
	stop_by TEXT NOT NULL,
	stop_reason TEXT NOT NULL,
	stop_then TEXT NOT NULL,
	stop_grace_ms INTEGER NOT NULL,
	stop_asked_at INTEGER NOT NULL,
	stop_deadline_at INTEGER NOT NULL,
	end_reason TEXT NOT NULL,
	exit_code INTEGER NOT NULL,
	exit_signal INTEGER NOT NULL,
	error_message TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	pending_at INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	completed_at INTEGER NOT NULL,
	paused_ms INTEGER NOT NULL,
	name TEXT NOT NULL,
	user_id TEXT NOT NULL,
	command_json TEXT NOT NULL,
	cwd TEXT,
	tags_json TEXT,
	group_name TEXT,
	notes TEXT,
	git_commit TEXT,
	git_dirty INTEGER NOT NULL,
	umask_bits INTEGER NOT NULL,
	direct_output INTEGER NOT NULL,
	log_limit_bytes INTEGER NOT NULL,
	host TEXT,
	progress_known INTEGER NOT NULL,
	current_step REAL,
	total_steps REAL,
	current_epoch REAL,
	total_epochs REAL,
	loss REAL,
	eval_loss REAL,
	learning_rate REAL,
	grad_norm REAL,
	progress REAL,
	remaining_seconds REAL,
	best_eval_loss REAL,
	best_step REAL,
	best_epoch REAL,
	samples_per_second REAL,
	tokens_per_second REAL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_status ON local_training_jobs (status, arrival);
CREATE INDEX jobs_by_owner ON local_training_jobs (user_id, status, arrival);

-- Large and never changed: kept apart so that a change of state rewrites a small row.
CREATE TABLE job_inputs (
	job INTEGER PRIMARY KEY REFERENCES local_training_jobs (number) ON DELETE CASCADE,
	env_json TEXT,
	config_json TEXT
) STRICT;

CREATE TABLE attempts (
	job INTEGER NOT NULL REFERENCES local_training_jobs (number) ON DELETE CASCADE,
	attempt INTEGER NOT NULL,
	nonce TEXT NOT NULL,
	boot_id TEXT NOT NULL,
	status TEXT NOT NULL CHECK (status IN (@states@)),
	devices INTEGER NOT NULL,
	pid INTEGER NOT NULL,
	pid_start_ticks INTEGER NOT NULL,
	pending_at INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	end_reason TEXT NOT NULL,
	exit_code INTEGER NOT NULL,
	exit_signal INTEGER NOT NULL,
	error_message TEXT NOT NULL,
	PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;

-- Metric values: small numbers for job and key, no row id, so that a point costs about 30 bytes.
-- value NULL = not a number, which SQLite cannot hold. No foreign keys: a check per point costs
-- more than the point, and the store looks both numbers up anyway.
CREATE TABLE metric_keys (
	key INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE points (
	job INTEGER NOT NULL,
	key INTEGER NOT NULL,
	step INTEGER NOT NULL,
	value REAL,
	at INTEGER NOT NULL,
	PRIMARY KEY (job, key, step)
) STRICT, WITHOUT ROWID;

CREATE VIEW local_training_metrics AS
SELECT j.id AS job_id, p.step AS step,
	max(CASE WHEN k.name = 'epoch' THEN p.value END) AS epoch,
	max(CASE WHEN k.name IN ('loss', 'train_loss') THEN p.value END) AS train_loss,
	max(CASE WHEN k.name = 'eval_loss' THEN p.value END) AS eval_loss,
	max(CASE WHEN k.name = 'learning_rate' THEN p.value END) AS learning_rate,
	max(CASE WHEN k.name = 'grad_norm' THEN p.value END) AS grad_norm,
	max(CASE WHEN k.name = 'samples_per_second' THEN p.value END) AS samples_per_second,
	max(CASE WHEN k.name = 'tokens_per_second' THEN p.value END) AS tokens_per_second,
	max(CASE WHEN k.name = 'gpu_memory_allocated_gb' THEN p.value END)
		AS gpu_memory_allocated_gb,
	max(CASE WHEN k.name = 'gpu_memory_reserved_gb' THEN p.value END)
		AS gpu_memory_reserved_gb,
	max(CASE WHEN k.name = 'gpu_utilization_percent' THEN p.value END)
		AS gpu_utilization_percent,
	max(CASE WHEN k.name = 'perplexity' THEN p.value END) AS perplexity,
	max(CASE WHEN k.name = 'train_perplexity' THEN p.value END) AS train_perplexity,
	max(p.at) AS timestamp
FROM points p JOIN metric_keys k ON k.key = p.key JOIN local_training_jobs j ON j.number = p.job
GROUP BY p.job, p.step;

-- How far each file of a job was read; written with the points that were read from it.
CREATE TABLE followed_files (
	job INTEGER NOT NULL REFERENCES local_training_jobs (number) ON DELETE CASCADE,
	source TEXT NOT NULL,
	offset_bytes INTEGER NOT NULL,
	inode INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	PRIMARY KEY (job, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
	job INTEGER NOT NULL REFERENCES local_training_jobs (number) ON DELETE CASCADE,
	path TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	step INTEGER,
	epoch REAL,
	eval_loss REAL,
	train_loss REAL,
	score REAL,
	size_bytes INTEGER NOT NULL,
	complete INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;

-- Append-only, also for whoever opens this file with another program. It outlives its job.
CREATE TABLE events (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	job_id TEXT,
	kind TEXT NOT NULL,
	who TEXT,
	from_status TEXT,
	to_status TEXT,
	why TEXT,
	data_json TEXT
) STRICT;
CREATE INDEX events_by_job ON events (job_id, seq);
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
	SELECT raise(ABORT, 'events are append-only');
END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
	SELECT raise(ABORT, 'events are append-only');
END;

CREATE TABLE users (
	name TEXT PRIMARY KEY,
	role TEXT NOT NULL,
	disabled INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Only the SHA-256 of a token is kept.
CREATE TABLE tokens (
	id TEXT PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE,
	user TEXT NOT NULL,
	role TEXT NOT NULL,
	label TEXT NOT NULL,
	job_id TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
	owner TEXT NOT NULL,
	key TEXT NOT NULL,
	body_hash BLOB NOT NULL,
	job_id TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency_keys (created_at);
