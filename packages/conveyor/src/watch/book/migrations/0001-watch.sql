-- What each check was found to be: how it stands, so that a restart forgets no failure that was counted.
CREATE TABLE standing (
  check_name TEXT PRIMARY KEY,
  judged     TEXT NOT NULL,
  summary    TEXT NOT NULL,
  found_at   INTEGER NOT NULL,
  since      INTEGER NOT NULL
) STRICT;

-- The ledger of uptime. The newest interval of a check is prolonged; those before never change.
CREATE TABLE interval (
  id         INTEGER PRIMARY KEY,
  check_name TEXT NOT NULL,
  outcome    TEXT NOT NULL CHECK (outcome IN ('fine', 'problem', 'unknown')),
  from_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX interval_of_check ON interval (check_name, from_ms);

CREATE TABLE incident (
  id              INTEGER PRIMARY KEY,
  check_name      TEXT NOT NULL,
  trouble         TEXT NOT NULL CHECK (trouble IN ('problem', 'unknown', 'flapping')),
  severity        TEXT NOT NULL CHECK (severity IN ('page', 'ticket')),
  summary         TEXT NOT NULL,
  place           TEXT NOT NULL,
  opened_at       INTEGER NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  closed_at       INTEGER,
  cause           TEXT,
  explained_by    TEXT,
  suspects        TEXT NOT NULL
) STRICT;
-- Whatever opens twice, by two processes or after a crash, is one incident.
CREATE UNIQUE INDEX one_open_incident ON incident (check_name) WHERE closed_at IS NULL;

CREATE TABLE note (
  id       INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL REFERENCES incident (id),
  at       INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  text     TEXT NOT NULL,
  by       TEXT
) STRICT;
CREATE INDEX note_of_incident ON note (incident);

-- What has to be told, once for each incident, transition and notifier. A row is written with the transition, in one transaction.
CREATE TABLE message (
  id         INTEGER PRIMARY KEY,
  incident   INTEGER NOT NULL REFERENCES incident (id),
  transition TEXT NOT NULL,
  notifier   TEXT NOT NULL,
  made_at    INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  sent_at    INTEGER,
  dropped_at INTEGER,
  -- What the receiver calls it, so that what follows is an answer to it.
  thread     TEXT,
  last_error TEXT,
  UNIQUE (incident, transition, notifier)
) STRICT;
CREATE INDEX message_waiting ON message (notifier, due_at) WHERE sent_at IS NULL AND dropped_at IS NULL;

-- Nobody is told meanwhile; what is measured goes on. It always ends.
CREATE TABLE silence (
  id       INTEGER PRIMARY KEY,
  pattern  TEXT NOT NULL,
  from_ms  INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  by       TEXT NOT NULL,
  reason   TEXT NOT NULL
) STRICT;

CREATE TABLE heartbeat (
  name TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT;
