-- Connections look through our own schema only: where others may write `public` (everybody, in PostgreSQL 13 and 14), a
-- function of theirs with the exact types would be taken for one of PostgreSQL's, and run with our rights.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname = 'citext' AND n.nspname <> 'anteroom') THEN
    ALTER EXTENSION citext SET SCHEMA anteroom;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'citext has to be in the schema anteroom; as its owner: ALTER EXTENSION citext SET SCHEMA anteroom';
END $$;
