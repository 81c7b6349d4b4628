-- A lease runs out, so that a holder that is stopped is followed by another. One from before never does: it is free when its
-- process is gone.
ALTER TABLE lease ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 9007199254740991;
