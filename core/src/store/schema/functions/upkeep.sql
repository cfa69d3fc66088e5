-- Housekeeping.

-- Removes what has expired, a small batch at a time, by one node at a time, and waits for nobody: nothing is made of an
-- expired session any more, so that its person need not be locked. Returns the rows removed.
CREATE OR REPLACE FUNCTION housekeep(p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_total int := 0;
  v_rows int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('anteroom.housekeep')) THEN RETURN 0; END IF;
  DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE expires_at <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM consumed_messages WHERE (issuer, message_id) IN (
    SELECT issuer, message_id FROM consumed_messages WHERE keep_until <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM handoff_tickets WHERE ticket_hash IN (
    SELECT ticket_hash FROM handoff_tickets WHERE expires_at <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM sign_on_tallies WHERE (day, idp) IN (  -- sign_on_activity() looks back over a year
    SELECT s.day, s.idp FROM sign_on_tallies s WHERE s.day < (now() AT TIME ZONE 'UTC')::date - 366
    LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM company_links WHERE number IN (  -- what was done by one is in the audit trail
    SELECT l.number FROM company_links l WHERE l.ends_at < now() - interval '90 days' LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM company_proposals WHERE number IN (
    SELECT p.number FROM company_proposals p WHERE p.ends_at < now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  RETURN v_total;
END $$;

-- For how many seconds there has been something that housekeep() would remove; 0: nothing is left.
CREATE OR REPLACE FUNCTION upkeep_behind() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT greatest(0, coalesce(extract(epoch FROM now() - least(
    (SELECT min(s.expires_at) FROM sessions s), (SELECT min(m.keep_until) FROM consumed_messages m),
    (SELECT min(t.expires_at) FROM handoff_tickets t))), 0))::bigint
$$;
