-- A run may also be taken back by a person before it was begun. A table's checks cannot be altered: it is made anew.
CREATE TABLE release_next (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('release', 'rollback', 'contract', 'abort', 'repack')),
  version INTEGER NOT NULL REFERENCES version (number),
  -- The change that a contract or its opposite is about.
  change TEXT CHECK ((change IS NOT NULL) = (kind IN ('contract', 'abort', 'repack'))),
  -- The branch that was pushed; NULL where a person asked for a commit or a version.
  branch TEXT CHECK (branch IS NULL OR kind = 'release'),
  requested_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'promoted', 'rolled-back', 'failed', 'refused', 'superseded', 'cancelled')),
  -- The run that took its place.
  superseded_by INTEGER REFERENCES release (id) CHECK ((superseded_by IS NOT NULL) = (state = 'superseded')),
  reason TEXT,
  ended_at INTEGER
);
INSERT INTO release_next (id, kind, version, change, branch, requested_at, state, superseded_by, reason, ended_at)
SELECT id, kind, version, change, branch, requested_at, state, superseded_by, reason, ended_at FROM release;
DROP TABLE release;
ALTER TABLE release_next RENAME TO release;
CREATE INDEX release_by_state ON release (state, id);
