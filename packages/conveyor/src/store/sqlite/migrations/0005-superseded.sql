-- A push names its branch; a newer one of the same branch takes the place of those that still wait in the queue.
CREATE TABLE release_next (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('release', 'rollback', 'contract', 'abort', 'repack')),
  version INTEGER NOT NULL REFERENCES version (number),
  -- The change that a contract or its opposite is about.
  change TEXT CHECK ((change IS NOT NULL) = (kind IN ('contract', 'abort', 'repack'))),
  -- The branch that was pushed; NULL where a person asked for a commit or a version.
  branch TEXT CHECK (branch IS NULL OR kind = 'release'),
  requested_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'promoted', 'rolled-back', 'failed', 'refused', 'superseded')),
  -- The run that took its place.
  superseded_by INTEGER REFERENCES release (id) CHECK ((superseded_by IS NOT NULL) = (state = 'superseded')),
  reason TEXT,
  ended_at INTEGER
);
INSERT INTO release_next (id, kind, version, change, requested_at, state, reason, ended_at)
SELECT id, kind, version, change, requested_at, state, reason, ended_at FROM release;
DROP TABLE release;
ALTER TABLE release_next RENAME TO release;
CREATE INDEX release_by_state ON release (state, id);
