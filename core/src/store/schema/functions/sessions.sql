-- Sessions: loaded, made on other hosts, ended. They end in one function, which locks their people first; whoever makes a session or a
-- ticket holds on to the person, too, and looks again afterwards.

-- The live session of a token with everything the gate wants to know, in one row or none. closed: where a grant for all properties counts
-- for nothing, as closed_keys() says it. p_is_use: somebody uses it, and does not only look.
CREATE OR REPLACE FUNCTION find_session(p_token_hash bytea, p_idle interval, p_levels text[], p_is_use boolean DEFAULT true)
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text, authn_context text,
               authenticated_at timestamptz, news text, closed text, ends_at timestamptz, idle_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash AND x.expires_at > now()
    AND x.last_seen_at > now() - p_idle;
  IF NOT FOUND THEN RETURN; END IF;
  -- To five minutes, but never so coarse that somebody who is there counts as gone: each write is one of the write-ahead log, too.
  IF p_is_use AND s.last_seen_at < now() - least(interval '5 minutes', p_idle / 10) AND current_setting('transaction_read_only') = 'off' THEN
    UPDATE sessions x SET last_seen_at = now() WHERE x.token_hash = p_token_hash;
    s.last_seen_at := now();
  END IF;
  RETURN QUERY
  WITH live AS (
    SELECT coalesce(g.property, '*') AS key, g.level, g.expires_at AS ends
    FROM live_grants g WHERE g.user_id = s.user_id)
  SELECT u.status, least(s.expires_at, (SELECT min(ends) FROM live)), s.reference, u.id, u.email::text,
         u.name, s.idp, s.origin,
         coalesce((SELECT l.level FROM live l WHERE array_position(p_levels, l.level) IS NOT NULL
                   ORDER BY array_position(p_levels, l.level) DESC LIMIT 1), ''),
         coalesce((SELECT string_agg(l.key || '=' || l.level, ',' ORDER BY l.key <> '*', l.key)
                   FROM live l), ''),
         s.authn_context, s.authenticated_at,
         CASE WHEN u.status = 'active' AND EXISTS (SELECT FROM live) THEN '' ELSE news_of(u.email) END,
         CASE WHEN EXISTS (SELECT FROM live l WHERE l.key = '*') THEN closed_keys() ELSE '' END,
         s.expires_at, s.last_seen_at + p_idle
  FROM users u WHERE u.id = s.user_id AND u.status <> 'disabled';
END $$;

-- The live session of somebody who is let in, its row held so that it does not go before what is made of it.
CREATE OR REPLACE FUNCTION hold_session(p_token_hash bytea) RETURNS sessions LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  PERFORM hold_person((SELECT x.user_id FROM sessions x WHERE x.token_hash = p_token_hash));
  SELECT x.* INTO s FROM sessions x JOIN users u ON u.id = x.user_id
  WHERE x.token_hash = p_token_hash AND x.expires_at > now() AND u.status <> 'disabled' FOR KEY SHARE OF x;
  RETURN s;
END $$;

-- Ends sessions of these people: of those sign-ons (NULL: all of them), with that company (NULL: any), with these tokens (NULL: any).
-- Their tickets go, too.
CREATE OR REPLACE FUNCTION end_sessions_of(p_people uuid[], p_sign_ons uuid[], p_idp text, p_tokens bytea[] DEFAULT NULL)
RETURNS SETOF sessions
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(p_people);
  RETURN QUERY
  DELETE FROM sessions s WHERE s.user_id = ANY (p_people)
    AND (p_sign_ons IS NULL OR s.sign_on_id = ANY (p_sign_ons)) AND (p_idp IS NULL OR s.idp = p_idp)
    AND (p_tokens IS NULL OR s.token_hash = ANY (p_tokens))
  RETURNING s.*;
END $$;

-- Ends the sign-on that a session belongs to. One row: what its IdP needs to be told; none: no session.
CREATE OR REPLACE FUNCTION sign_out(p_token_hash bytea, p_client text)
RETURNS TABLE (idp text, name_id text, name_id_format text, session_index text) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN; END IF;
  IF NOT EXISTS (SELECT FROM end_sessions_of(ARRAY[s.user_id], ARRAY[s.sign_on_id], NULL)) THEN RETURN; END IF;
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address)
  SELECT 'signed_out', s.reference, s.idp, u.email, u.id, p_client FROM users u WHERE u.id = s.user_id;
  RETURN QUERY SELECT s.idp, s.name_id, s.name_id_format, s.session_index;
END $$;

-- The sessions that a LogoutRequest names.
CREATE OR REPLACE FUNCTION sessions_at_idp(p_idp text, p_name_id text, p_session_indexes text[]) RETURNS SETOF sessions
LANGUAGE sql STABLE AS $$
  SELECT * FROM sessions s
  WHERE s.idp = p_idp AND
    ((s.name_id = p_name_id AND s.name_id <> '' AND
      (cardinality(p_session_indexes) = 0 OR s.session_index = ANY (p_session_indexes))) OR
     (length(s.session_index) >= 20 AND s.session_index = ANY (p_session_indexes)))
$$;

-- A LogoutRequest: how many sign-ons it ended. NULL: it came before.
CREATE OR REPLACE FUNCTION log_out_by_idp(p_idp text, p_issuer text, p_message_id text, p_keep_until timestamptz,
                               p_name_id text, p_session_indexes text[], p_client text)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[];
  v_sign_ons uuid[];
BEGIN
  INSERT INTO consumed_messages (issuer, message_id, keep_until)
  VALUES (p_issuer, p_message_id, p_keep_until) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN NULL; END IF;
  v_people := ARRAY(SELECT DISTINCT s.user_id FROM sessions_at_idp(p_idp, p_name_id, p_session_indexes) s);
  PERFORM lock_people(v_people);
  v_sign_ons := ARRAY(SELECT DISTINCT s.sign_on_id FROM sessions_at_idp(p_idp, p_name_id, p_session_indexes) s
                      WHERE s.user_id = ANY (v_people));
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  SELECT DISTINCT ON (s.sign_on_id) 'signed_out', 'by_identity_provider', s.reference, s.idp, u.email,
         u.id, p_client
  FROM end_sessions_of(v_people, v_sign_ons, NULL) s JOIN users u ON u.id = s.user_id
  ORDER BY s.sign_on_id, s.created_at;
  RETURN cardinality(v_sign_ons);
END $$;

-- From the login host to another one.

-- For thirty seconds, for that browser and host. False: no session.
CREATE OR REPLACE FUNCTION issue_ticket(p_ticket_hash bytea, p_session_hash bytea, p_origin text,
                             p_browser_hash bytea, p_target text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  s sessions := hold_session(p_session_hash);
BEGIN
  IF s.token_hash IS NULL THEN RETURN false; END IF;
  INSERT INTO handoff_tickets (ticket_hash, session_hash, origin, browser_hash, target, expires_at)
  VALUES (p_ticket_hash, s.token_hash, p_origin, p_browser_hash, p_target, now() + interval '30 seconds');
  RETURN true;
END $$;

-- The ticket is used up whatever comes of it. Where to go; NULL: not good here.
CREATE OR REPLACE FUNCTION redeem_ticket(p_ticket_hash bytea, p_origin text, p_browser_hash bytea,
                              p_token_hash bytea, p_reference text, p_client text, p_user_agent text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  k_kept constant int := 3;  -- of one browser at one host: tabs cross side by side, and each takes the cookie of the one before
  s sessions;
  t handoff_tickets;
BEGIN
  -- Before the ticket: ending a session removes its tickets.
  PERFORM lock_people(ARRAY(SELECT x.user_id FROM handoff_tickets h JOIN sessions x ON x.token_hash = h.session_hash
                            WHERE h.ticket_hash = p_ticket_hash));
  s := hold_session((SELECT h.session_hash FROM handoff_tickets h WHERE h.ticket_hash = p_ticket_hash));
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
  PERFORM end_sessions_of(ARRAY[s.user_id], ARRAY[s.sign_on_id], NULL, ARRAY(
    SELECT x.token_hash FROM sessions x WHERE x.sign_on_id = s.sign_on_id AND x.origin = p_origin AND x.token_hash NOT IN (p_token_hash, s.token_hash)
    ORDER BY x.created_at DESC, x.token_hash OFFSET k_kept));
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address, detail)
  SELECT 'handed_over', p_reference, s.idp, u.email, u.id, p_client, p_origin || ', from ' || s.reference
  FROM users u WHERE u.id = s.user_id;
  RETURN t.target;
END $$;
