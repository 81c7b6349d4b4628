-- A version is what one commit builds into together with what its copies are told: a changed secret makes another version of
-- the same commit. A column's UNIQUE cannot be taken away: the table is made anew.
CREATE TABLE version_next (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  commit_sha TEXT NOT NULL,
  -- What its copies are told, as JSON: an id, and a keyed digest of each variable, by name. NULL where that is nothing, and
  -- of versions from before it was kept.
  environment TEXT,
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
INSERT INTO version_next (number, commit_sha, subject, created_at, artifact, changes, warm_until, stopped_at)
SELECT number, commit_sha, subject, created_at, artifact, changes, warm_until, stopped_at FROM version;
DROP TABLE version;
ALTER TABLE version_next RENAME TO version;
CREATE UNIQUE INDEX version_by_commit ON version (commit_sha, coalesce(environment ->> '$.id', ''));
CREATE INDEX version_warm ON version (number) WHERE warm_until IS NOT NULL;
CREATE INDEX version_built ON version (number) WHERE artifact IS NOT NULL;
CREATE INDEX version_by_changes ON version (changes, number) WHERE artifact IS NOT NULL;
