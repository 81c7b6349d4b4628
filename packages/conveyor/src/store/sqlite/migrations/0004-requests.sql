-- Who asked for what, when and why, whatever became of it. `actor` and `reason` are what the asker said of itself: a claim.
-- `proof` is what let it in.
CREATE TABLE request (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  -- "release", "promote", "retire", ...
  action TEXT NOT NULL,
  -- The version, the change or the run that it is about.
  subject TEXT NOT NULL,
  -- The run that it began or touched; NULL where there is none.
  run INTEGER REFERENCES release (id),
  actor TEXT,
  reason TEXT,
  proof TEXT NOT NULL
);
CREATE INDEX request_by_run ON request (run, seq) WHERE run IS NOT NULL;
