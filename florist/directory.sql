-- The directory: which shard keeps which shop, and which shop a user name belongs to. Every service reads it; whoever opens or moves a shop writes it,
-- and staff writes the user names. Can be run again at any time, after roles.sql.
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

CREATE TABLE IF NOT EXISTS directory.login (
  username text PRIMARY KEY CHECK (username = lower(username)),
  shop_id bigint NOT NULL REFERENCES directory.shop (id)
);
CREATE INDEX IF NOT EXISTS login_shop ON directory.login (shop_id);

GRANT USAGE ON SCHEMA directory TO florist_staff, florist_catalog, florist_stock, florist_orders, florist_payments, florist_loyalty, florist_reports, florist_gateway;
GRANT SELECT ON directory.shard, directory.shop TO florist_staff, florist_catalog, florist_stock, florist_orders, florist_payments, florist_loyalty, florist_reports, florist_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.login TO florist_staff;
