-- How far each job's schedule has been looked at: what was due up to then has been decided.
CREATE TABLE job (
  name TEXT PRIMARY KEY,
  looked_until INTEGER NOT NULL
);
-- What became of each time that a job was due. Written before anything is begun, once: of two that decide, one finds the row.
CREATE TABLE job_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'interrupted', 'skipped')),
  -- Of the control plane that runs it, or ran it.
  fence INTEGER NOT NULL,
  -- The version that runs it.
  version TEXT,
  started_at INTEGER,
  ended_at INTEGER,
  exit_code INTEGER,
  -- Why it was not done, with the command's last words.
  reason TEXT,
  UNIQUE (job, due_at)
);
CREATE INDEX job_run_under_way ON job_run (job) WHERE state IN ('queued', 'running');
CREATE INDEX job_run_newest ON job_run (job, id);
