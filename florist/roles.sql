-- The roles that services connect as, once for each PostgreSQL server. Run by whoever sets a server up, before the first release.
-- Can be run again at any time. A password, where the server asks for one: ALTER ROLE florist_orders PASSWORD '...', the same as in the shard's URL.
DO $$
DECLARE
  service text;
BEGIN
  FOREACH service IN ARRAY ARRAY['staff', 'catalog', 'stock', 'orders', 'payments', 'loyalty', 'reports', 'gateway'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'florist_' || service) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', 'florist_' || service);
    END IF;
    -- Short statements, many of them: compiling one costs more than running it.
    EXECUTE format('ALTER ROLE %I SET jit = off', 'florist_' || service);
  END LOOP;
END
$$;
