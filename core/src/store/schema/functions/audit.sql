-- The audit trail: who writes it, the chain of digests beside it, and how it is read.

-- What somebody did. The audit trail keeps what was tried, and not whatever length somebody chose to try.
CREATE OR REPLACE FUNCTION note(p_actor actor, p_kind text, p_code text, p_email text, p_user uuid, p_detail text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, code, actor, email, user_id, client_address, detail)
  VALUES (p_kind, p_code, (p_actor).name, left(p_email, 320), p_user, (p_actor).client_address, left(p_detail, 1000))
$$;

-- What somebody tried without the right. Gives the code, to be returned.
CREATE OR REPLACE FUNCTION refuse(p_actor actor, p_code text, p_email text, p_user uuid, p_detail text)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note(p_actor, 'manage_refused', p_code, p_email, p_user, p_detail);
  RETURN p_code;
END $$;

-- What an operator did.
CREATE OR REPLACE FUNCTION note_change(p_kind text, p_actor text, p_email text, p_user uuid, p_detail text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, email, user_id, detail)
  VALUES (p_kind, p_actor, p_email, p_user, p_detail)
$$;

-- What a company's directory did.
CREATE OR REPLACE FUNCTION scim_note(p_idp text, p_kind text, p_email text, p_user uuid, p_detail text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  VALUES (p_kind, 'scim:' || p_idp, p_idp, left(p_email, 320), p_user, left(p_detail, 1000))
$$;

-- "manager at elm until 2027-01-31T00:00:00Z", as audit events say it.
CREATE OR REPLACE FUNCTION grant_text(p_level text, p_property text, p_expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT p_level || ' at ' || coalesce(p_property, '*') || coalesce(' until ' || iso(p_expires_at), '')
$$;

-- All that somebody holds, as audit events say it.
CREATE OR REPLACE FUNCTION grants_text(p_user uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(grant_text(g.level, g.property, g.expires_at), ', ' ORDER BY g.property), 'nothing')
  FROM grants g WHERE g.user_id = p_user AND (g.expires_at IS NULL OR g.expires_at > now())
$$;

-- Of a filter an empty text is any. PostgreSQL takes its body into the statement, with the indexes.
CREATE OR REPLACE FUNCTION audit_matching(p_since text, p_until text, p_email text, p_idp text, p_kind text, p_code text,
                               p_reference text) RETURNS SETOF audit_events LANGUAGE sql STABLE AS $$
  SELECT * FROM audit_events e
  WHERE (p_since = '' OR e.at >= nullif(p_since, '')::timestamptz)
    AND (p_until = '' OR e.at < nullif(p_until, '')::timestamptz)
    AND (p_email = '' OR lower(e.email COLLATE "C") = lower(p_email COLLATE "C")) AND (p_idp = '' OR e.idp = p_idp)
    AND (p_kind = '' OR e.kind = p_kind) AND (p_code = '' OR e.code = p_code)
    AND (p_reference = '' OR e.reference = p_reference)
$$;

-- The chain.

-- A text with its length in bytes before it, so that no two events read alike.
CREATE OR REPLACE FUNCTION audit_part(p_text text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN octet_length(coalesce(p_text, '')) || ':' || coalesce(p_text, '') || ',';
END $$;

-- The same is computed by `anteroom audit --verify` itself (core/src/store/audit_chain.cpp): it trusts no function in here.
-- PL/pgSQL, because its plans are kept: a tenth of what SQL takes.
CREATE OR REPLACE FUNCTION audit_digest(p_before bytea, p_position bigint, p_sealed_at timestamptz, e audit_events)
RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  RETURN sha256(p_before || convert_to(
    audit_part(p_position::text) || audit_part((extract(epoch FROM p_sealed_at) * 1000000)::bigint::text)
      || audit_part(e.id::text) || audit_part((extract(epoch FROM e.at) * 1000000)::bigint::text) || audit_part(e.kind)
      || audit_part(e.code) || audit_part(e.reference) || audit_part(e.actor) || audit_part(e.idp) || audit_part(e.email)
      || audit_part(e.user_id::text) || audit_part(e.client_address) || audit_part(e.detail), 'UTF8'));
END $$;

-- Seals events that have none, oldest first. Transactions commit in another order than they began: looks 15 minutes back, and
-- what appears later than that stays unsealed, for --verify to name.
CREATE OR REPLACE FUNCTION seal_audit(p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  anchor audit_anchor;
  e audit_events;
  v_position bigint;
  v_hash bytea;
  v_now timestamptz := clock_timestamp();
  v_sealed int := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('anteroom.audit_chain')) THEN RETURN 0; END IF;
  SELECT * INTO anchor FROM audit_anchor;
  -- After the clock was set back, or an event had a date ahead of it.
  anchor.sealed_to := least(anchor.sealed_to, v_now);
  SELECT c.position, c.hash INTO v_position, v_hash FROM audit_chain c ORDER BY c.position DESC LIMIT 1;
  IF NOT FOUND THEN
    v_position := anchor.position;
    v_hash := anchor.hash;
  END IF;
  FOR e IN SELECT a.* FROM audit_events a
           WHERE a.at >= anchor.sealed_to - interval '15 minutes'
             AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = a.id)
           ORDER BY a.at, a.id LIMIT p_batch LOOP
    v_position := v_position + 1;
    v_hash := audit_digest(v_hash, v_position, v_now, e);
    INSERT INTO audit_chain (position, event_id, sealed_at, hash) VALUES (v_position, e.id, v_now, v_hash);
    v_sealed := v_sealed + 1;
  END LOOP;
  IF v_sealed > 0 THEN
    UPDATE audit_anchor SET sealed_to = least(greatest(anchor.sealed_to, e.at), v_now);
  END IF;
  RETURN v_sealed;
END $$;

-- Removes the oldest sealed events, from the beginning of the chain on and never from its middle. p_keep NULL: none.
CREATE OR REPLACE FUNCTION remove_old_audit(p_keep interval, p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_to bigint;
  v_rows int;
BEGIN
  IF p_keep IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('anteroom.audit_chain')) THEN RETURN 0; END IF;
  SELECT coalesce(min(o.position) FILTER (WHERE o.at >= now() - p_keep) - 1, max(o.position)) INTO v_to
  FROM (SELECT c.position, coalesce(e.at, c.sealed_at) AS at
        FROM audit_chain c LEFT JOIN audit_events e ON e.id = c.event_id ORDER BY c.position LIMIT p_batch) o;
  UPDATE audit_anchor a SET position = c.position, hash = c.hash, removed_at = now()
  FROM audit_chain c WHERE c.position = v_to;
  IF NOT FOUND THEN RETURN 0; END IF;
  DELETE FROM audit_events WHERE id IN (SELECT c.event_id FROM audit_chain c WHERE c.position <= v_to);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  DELETE FROM audit_chain WHERE position <= v_to;
  RETURN v_rows;
END $$;
