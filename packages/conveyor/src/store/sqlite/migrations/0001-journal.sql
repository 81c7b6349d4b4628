-- The control plane's memory: what was asked for, what was begun, how it ended.
-- It is a record, not the truth: copies, shards and the edge know their own state, and every step observes them first.

-- At most one control plane works at a time. The token grows with each holder, so that a holder that was
-- thought dead can be told apart from its successor, here and in every shard.
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  start_time TEXT NOT NULL,
  taken_at INTEGER NOT NULL
);

-- One commit has one version, whatever the number of its releases.
CREATE TABLE version (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  commit_sha TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Known once built: the artifact and the changes in its commit, as JSON.
  artifact TEXT,
  changes TEXT,
  -- How long it is kept warm after it was current; NULL while it is current or was never.
  warm_until INTEGER,
  -- When its last copy was stopped; NULL while one runs or none ever ran.
  stopped_at INTEGER
);

CREATE TABLE release (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('release', 'rollback', 'contract', 'abort', 'repack')),
  version INTEGER NOT NULL REFERENCES version (number),
  -- The change that a contract or its opposite is about.
  change TEXT CHECK ((change IS NOT NULL) = (kind IN ('contract', 'abort', 'repack'))),
  requested_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'promoted', 'rolled-back', 'failed', 'refused')),
  reason TEXT,
  ended_at INTEGER
);
CREATE INDEX release_by_state ON release (state, id);

-- Committed before the effect it announces, and again after it.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  release INTEGER NOT NULL REFERENCES release (id),
  step TEXT NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('started', 'succeeded', 'failed', 'undo_started', 'undo_finished', 'undo_failed')),
  at INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  facts TEXT NOT NULL
);
CREATE INDEX journal_by_release ON journal (release, seq);
