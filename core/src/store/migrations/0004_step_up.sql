-- When and how a person last proved who they are, for locations that ask for a fresh sign-on. A sign-on ends
-- the one that the same browser had before.
ALTER TABLE sessions ADD authenticated_at timestamptz NOT NULL DEFAULT now(),
                     ADD authn_context text NOT NULL DEFAULT '';

DROP FUNCTION sign_on(text, text, text, text, timestamptz, text, text, text, text, text, text, bytea, text,
                      text, interval, timestamptz, text, text);
CREATE FUNCTION sign_on(p_idp text, p_issuer text, p_response_id text, p_assertion_id text,
                        p_keep_until timestamptz, p_subject text, p_email text, p_name text,
                        p_name_id text, p_name_id_format text, p_session_index text,
                        p_token_hash bytea, p_reference text, p_origin text, p_lifetime interval,
                        p_not_after timestamptz, p_client text, p_user_agent text,
                        p_authenticated_at timestamptz, p_authn_context text, p_replaces bytea,
                        OUT outcome text, OUT user_id uuid) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_subject text := coalesce(nullif(p_subject, ''), 'email:' || lower(p_email));
  v_consumed int;
BEGIN
  -- In a fixed order, so that simultaneous repeats wait for one another instead of deadlocking.
  INSERT INTO consumed_messages (issuer, message_id, keep_until)
  SELECT p_issuer, id, p_keep_until
  FROM (SELECT DISTINCT unnest(ARRAY[p_response_id, p_assertion_id]) AS id ORDER BY 1) ids
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_consumed = ROW_COUNT;
  IF v_consumed < 2 THEN
    outcome := 'replayed';
    INSERT INTO audit_events (kind, code, idp, email, client_address)
    VALUES ('sign_on_refused', 'replayed', p_idp, p_email, p_client);
    RETURN;
  END IF;

  person := find_or_create_user(p_idp, v_subject, p_email, p_name, p_client);
  user_id := person.id;
  IF person.id IS NULL THEN
    outcome := 'identity_pinned';
  ELSIF person.status = 'disabled' THEN
    outcome := 'user_disabled';
  ELSIF is_provisioned(person) THEN
    outcome := 'signed_in';
  ELSE
    outcome := 'waiting';
  END IF;
  IF outcome IN ('identity_pinned', 'user_disabled') THEN
    INSERT INTO audit_events (kind, code, idp, email, user_id, client_address)
    VALUES ('sign_on_refused', outcome, p_idp, p_email, user_id, p_client);
    RETURN;
  END IF;

  UPDATE users SET last_sign_on_at = now(), name = coalesce(nullif(p_name, ''), name)
  WHERE id = person.id;
  DELETE FROM sessions WHERE sign_on_id = (SELECT sign_on_id FROM sessions WHERE token_hash = p_replaces);
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent, authenticated_at,
                        authn_context)
  VALUES (p_token_hash, p_reference, person.id, gen_random_uuid(), p_origin, p_idp, p_name_id,
          p_name_id_format, p_session_index, least(now() + p_lifetime, p_not_after), p_client,
          p_user_agent, p_authenticated_at, p_authn_context);
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  VALUES ('signed_on', outcome, p_reference, p_idp, p_email, person.id, p_client);
END $$;

DROP FUNCTION load_session(bytea, interval, text[]);
CREATE FUNCTION load_session(p_token_hash bytea, p_idle interval, p_levels text[])
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text, authn_context text,
               authenticated_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash AND x.expires_at > now()
    AND x.last_seen_at > now() - p_idle;
  IF NOT FOUND THEN RETURN; END IF;
  IF s.last_seen_at < now() - interval '1 minute' AND NOT pg_is_in_recovery() THEN
    UPDATE sessions x SET last_seen_at = now() WHERE x.token_hash = p_token_hash;
  END IF;
  RETURN QUERY
  WITH live AS (
    SELECT coalesce(g.property, '*') AS key, g.level, g.expires_at AS ends
    FROM grants g WHERE g.user_id = s.user_id AND (g.expires_at IS NULL OR g.expires_at > now()))
  SELECT u.status, least(s.expires_at, (SELECT min(ends) FROM live)), s.reference, u.id, u.email::text,
         u.name, s.idp, s.origin,
         coalesce((SELECT l.level FROM live l WHERE array_position(p_levels, l.level) IS NOT NULL
                   ORDER BY array_position(p_levels, l.level) DESC LIMIT 1), ''),
         coalesce((SELECT string_agg(l.key || '=' || l.level, ',' ORDER BY l.key <> '*', l.key)
                   FROM live l), ''),
         s.authn_context, s.authenticated_at
  FROM users u WHERE u.id = s.user_id AND u.status <> 'disabled';
END $$;

CREATE OR REPLACE FUNCTION redeem_ticket(p_ticket_hash bytea, p_origin text, p_browser_hash bytea,
                              p_token_hash bytea, p_reference text, p_client text, p_user_agent text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t handoff_tickets;
BEGIN
  DELETE FROM handoff_tickets WHERE ticket_hash = p_ticket_hash RETURNING * INTO t;
  IF NOT FOUND OR t.expires_at <= now() OR t.origin <> p_origin OR t.browser_hash <> p_browser_hash THEN
    RETURN NULL;
  END IF;
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent, authenticated_at,
                        authn_context)
  SELECT p_token_hash, p_reference, s.user_id, s.sign_on_id, p_origin, s.idp, s.name_id,
         s.name_id_format, s.session_index, s.expires_at, p_client, p_user_agent,
         s.authenticated_at, s.authn_context
  FROM sessions s WHERE s.token_hash = t.session_hash AND s.expires_at > now();
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN t.target;
END $$;
