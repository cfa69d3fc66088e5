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

-- An operator switches on what people switched off, and what the company's directory did only if he means that: 'enabled',
-- 'not_disabled', or 'scim:COMPANY'.
CREATE FUNCTION switch_on(p_email text, p_actor text, p_against_directory boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.email = p_email::citext FOR UPDATE;
  IF NOT FOUND OR person.status <> 'disabled' THEN RETURN 'not_disabled'; END IF;
  IF person.off_by_directory <> '' AND NOT p_against_directory THEN RETURN person.off_by_directory; END IF;
  PERFORM operator_switches(p_email, p_actor, false);
  RETURN 'enabled';
END $$;

-- Everybody who signed on with a company leaves, on all nodes: how many sessions.
CREATE FUNCTION end_company_sessions(p_idp text, p_actor text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  DELETE FROM sessions s WHERE s.idp = p_idp;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  INSERT INTO audit_events (kind, actor, idp, detail)
  VALUES ('company_sessions_ended', p_actor, p_idp, v_count || ' sessions');
  RETURN v_count;
END $$;
