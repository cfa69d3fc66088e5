-- Whoever ends a person's sessions locks the person first; whoever makes one from another holds on to them before
-- looking: none comes to be while they are being ended.

CREATE OR REPLACE FUNCTION redeem_ticket(p_ticket_hash bytea, p_origin text, p_browser_hash bytea,
                              p_token_hash bytea, p_reference text, p_client text, p_user_agent text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t handoff_tickets;
BEGIN
  -- Before the ticket: ending a session removes its tickets.
  PERFORM FROM handoff_tickets h JOIN sessions s ON s.token_hash = h.session_hash JOIN users u ON u.id = s.user_id
  WHERE h.ticket_hash = p_ticket_hash FOR SHARE OF u;
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

CREATE OR REPLACE FUNCTION sign_out(p_token_hash bytea, p_client text)
RETURNS TABLE (idp text, name_id text, name_id_format text, session_index text) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM FROM users u WHERE u.id = s.user_id FOR NO KEY UPDATE;
  DELETE FROM sessions x WHERE x.sign_on_id = s.sign_on_id;
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address)
  SELECT 'signed_out', s.reference, s.idp, u.email, u.id, p_client FROM users u WHERE u.id = s.user_id;
  RETURN QUERY SELECT s.idp, s.name_id, s.name_id_format, s.session_index;
END $$;

CREATE OR REPLACE FUNCTION log_out_by_idp(p_idp text, p_issuer text, p_message_id text, p_keep_until timestamptz,
                               p_name_id text, p_session_indexes text[], p_client text)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_sign_ons uuid[];
BEGIN
  INSERT INTO consumed_messages (issuer, message_id, keep_until)
  VALUES (p_issuer, p_message_id, p_keep_until) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT coalesce(array_agg(DISTINCT sign_on_id), '{}') INTO v_sign_ons FROM sessions
  WHERE idp = p_idp AND
    ((name_id = p_name_id AND name_id <> '' AND
      (cardinality(p_session_indexes) = 0 OR session_index = ANY (p_session_indexes))) OR
     (length(session_index) >= 20 AND session_index = ANY (p_session_indexes)));
  PERFORM FROM users u WHERE u.id IN (SELECT s.user_id FROM sessions s WHERE s.sign_on_id = ANY (v_sign_ons))
  ORDER BY u.id FOR NO KEY UPDATE;
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  SELECT DISTINCT ON (s.sign_on_id) 'signed_out', 'by_identity_provider', s.reference, s.idp, u.email,
         u.id, p_client
  FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.sign_on_id = ANY (v_sign_ons)
  ORDER BY s.sign_on_id, s.created_at;
  DELETE FROM sessions WHERE sign_on_id = ANY (v_sign_ons);
  RETURN cardinality(v_sign_ons);
END $$;

CREATE OR REPLACE FUNCTION end_sessions(p_actor actor, p_user uuid, p_reference text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  v_count int;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR NO KEY UPDATE;
  v_outcome := CASE WHEN person.id = p_actor.id AND may_somewhere(p_actor) THEN 'done'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user, 'end sessions');
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  DELETE FROM sessions s WHERE s.user_id = p_user AND (p_reference = '' OR s.sign_on_id IN (
    SELECT x.sign_on_id FROM sessions x WHERE x.user_id = p_user AND x.reference = p_reference));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count = 0 THEN RETURN CASE WHEN p_reference = '' THEN 'done' ELSE 'not_found' END; END IF;
  INSERT INTO audit_events (kind, reference, actor, email, user_id, client_address, detail)
  VALUES ('sessions_ended', p_reference, p_actor.name, person.email, person.id, p_actor.client_address,
          v_count || CASE WHEN p_reference = '' THEN ' sessions, all' ELSE ' sessions of one sign-on' END);
  RETURN 'done';
END $$;

-- Which token a directory used, and from where: whenever that changes, and once a day.
ALTER TABLE scim_tokens ADD last_client_address text NOT NULL DEFAULT '';

CREATE OR REPLACE FUNCTION scim_authenticate(p_idp text, p_token_hash bytea, p_client text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  t scim_tokens;
BEGIN
  SELECT * INTO t FROM scim_tokens WHERE idp = p_idp AND token_hash = p_token_hash;
  IF FOUND THEN
    IF t.last_used_at > now() - interval '1 minute' AND t.last_client_address = p_client THEN RETURN true; END IF;
    UPDATE scim_tokens SET last_used_at = now(), last_client_address = p_client WHERE token_hash = p_token_hash;
    IF t.last_client_address <> p_client OR t.last_used_at < date_trunc('day', now()) THEN
      INSERT INTO audit_events (kind, actor, idp, client_address, detail)
      VALUES ('scim_token_used', 'scim:' || p_idp, p_idp, p_client, t.name);
    END IF;
    RETURN true;
  END IF;
  UPDATE scim_tokens SET refused_at = now()
  WHERE idp = p_idp AND (refused_at IS NULL OR refused_at < now() - interval '1 minute');
  IF FOUND THEN
    INSERT INTO audit_events (kind, code, idp, client_address, detail)
    VALUES ('scim_refused', 'scim_token', p_idp, p_client, 'at most one such event a minute');
  END IF;
  RETURN false;
END $$;

-- Those who wait and for whom nobody has asked, whoever waits longest first.
CREATE FUNCTION waiting_without_request(p_actor actor, p_limit int) RETURNS SETOF people LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_is_everywhere boolean := '*' = ANY (may_at(p_actor));
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'see who waits');
    RETURN;
  END IF;
  RETURN QUERY
  SELECT p.* FROM (
    SELECT u.id, u.waiting_since FROM users u
    WHERE u.waiting_since IS NOT NULL AND u.let_in_at IS NULL AND waits_since(u) IS NOT NULL
      AND NOT EXISTS (SELECT FROM access_requests r WHERE r.email = u.email AND r.state = 'open')
      AND (v_is_everywhere OR may_see(p_actor, u.id))
    ORDER BY u.waiting_since, u.id LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.waiting_since, found.id;
END $$;
CREATE INDEX users_who_wait ON users (waiting_since, id) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
