-- What users got, in all, as of a moment: counts only grow, and two rows are compared by difference.
CREATE TABLE traffic (
  at       INTEGER PRIMARY KEY,
  requests INTEGER NOT NULL,
  failed   INTEGER NOT NULL
) STRICT;
