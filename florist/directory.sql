-- The directory: which shard keeps which shop. Every service reads it; whoever opens or moves a shop writes it.
-- Can be run again at any time.
CREATE SCHEMA IF NOT EXISTS directory;

CREATE TABLE IF NOT EXISTS directory.shard (
  name text PRIMARY KEY,
  url text NOT NULL
);

CREATE TABLE IF NOT EXISTS directory.shop (
  id bigint PRIMARY KEY,
  shard text NOT NULL REFERENCES directory.shard (name),
  name text NOT NULL,
  city text NOT NULL
);
