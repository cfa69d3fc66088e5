-- Everybody of a company that calls its people otherwise now, and what the session of another host is known by.

-- As unpin_user() does, for all who are pinned to it or for nobody. A preview only counts.
CREATE FUNCTION unpin_company(p_idp text, p_actor text, p_is_preview boolean, OUT people int, OUT sessions int)
LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[];
BEGIN
  v_people := ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp);
  people := cardinality(v_people);
  sessions := (SELECT count(*) FROM sessions s WHERE s.user_id = ANY (v_people));
  IF p_is_preview OR people = 0 THEN RETURN; END IF;
  -- Nobody is pinned to it while this goes on.
  PERFORM hold_company(p_idp, true);
  SELECT count(*) INTO sessions FROM end_sessions_of(ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp), NULL, NULL);
  -- Locked now: one or the other was unpinned meanwhile.
  v_people := ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp);
  people := cardinality(v_people);
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  SELECT 'user_unpinned', p_actor, p_idp, u.email, u.id, 'was ' || u.idp || ' ' || u.subject
  FROM users u WHERE u.id = ANY (v_people) ORDER BY u.id;
  UPDATE users u SET idp = NULL, subject = NULL WHERE u.id = ANY (v_people);
  INSERT INTO audit_events (kind, actor, idp, detail)
  VALUES ('company_unpinned', p_actor, p_idp, people || ' people, ' || sessions || ' sessions');
END $$;

CREATE OR REPLACE FUNCTION redeem_ticket(p_ticket_hash bytea, p_origin text, p_browser_hash bytea,
                              p_token_hash bytea, p_reference text, p_client text, p_user_agent text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  -- Before the ticket: ending a session removes its tickets.
  s sessions := hold_session((SELECT h.session_hash FROM handoff_tickets h WHERE h.ticket_hash = p_ticket_hash));
  t handoff_tickets;
BEGIN
  DELETE FROM handoff_tickets WHERE ticket_hash = p_ticket_hash RETURNING * INTO t;
  IF t.session_hash IS NULL OR s.token_hash IS DISTINCT FROM t.session_hash OR t.expires_at <= now()
     OR t.origin <> p_origin OR t.browser_hash <> p_browser_hash THEN
    RETURN NULL;
  END IF;
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent, authenticated_at,
                        authn_context)
  VALUES (p_token_hash, p_reference, s.user_id, s.sign_on_id, p_origin, s.idp, s.name_id,
          s.name_id_format, s.session_index, s.expires_at, p_client, p_user_agent,
          s.authenticated_at, s.authn_context);
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address, detail)
  SELECT 'handed_over', p_reference, s.idp, u.email, u.id, p_client, p_origin || ', from ' || s.reference
  FROM users u WHERE u.id = s.user_id;
  RETURN t.target;
END $$;
