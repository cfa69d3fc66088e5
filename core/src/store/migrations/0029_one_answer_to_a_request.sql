-- One request, one answer: its ID is consumed with the message that answers it. The issuer of our own messages is '' here
-- (no identity provider's is). p_request_id '': nobody asked.
CREATE FUNCTION sign_on(p_idp text, p_issuer text, p_response_id text, p_assertion_id text,
                        p_keep_until timestamptz, p_subject text, p_email text, p_name text,
                        p_name_id text, p_name_id_format text, p_session_index text,
                        p_token_hash bytea, p_reference text, p_origin text, p_lifetime interval,
                        p_not_after timestamptz, p_client text, p_user_agent text,
                        p_authenticated_at timestamptz, p_authn_context text, p_replaces bytea,
                        p_request_id text, p_request_until timestamptz,
                        OUT outcome text, OUT user_id uuid) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_replaced sessions;
  v_subject text := coalesce(nullif(p_subject, ''), 'email:' || lower(p_email));
  v_messages int;
  v_requests int;
BEGIN
  -- In a fixed order, so that simultaneous repeats wait for one another instead of deadlocking.
  WITH used AS (
    INSERT INTO consumed_messages (issuer, message_id, keep_until)
    SELECT m.issuer, m.id, max(m.keep_until)
    FROM (VALUES (p_issuer, p_response_id, p_keep_until), (p_issuer, p_assertion_id, p_keep_until),
                 ('', p_request_id, p_request_until)) m (issuer, id, keep_until)
    WHERE m.issuer <> '' OR m.id <> ''
    GROUP BY m.issuer, m.id ORDER BY m.issuer, m.id
    ON CONFLICT DO NOTHING RETURNING issuer)
  SELECT count(*) FILTER (WHERE issuer <> ''), count(*) FILTER (WHERE issuer = '')
  INTO v_messages, v_requests FROM used;
  outcome := CASE WHEN v_messages < 2 THEN 'replayed'
                  WHEN p_request_id <> '' AND v_requests < 1 THEN 'request_answered' END;
  IF outcome IS NOT NULL THEN
    INSERT INTO audit_events (kind, code, idp, email, client_address)
    VALUES ('sign_on_refused', outcome, p_idp, p_email, p_client);
    RETURN;
  END IF;

  PERFORM hold_company(p_idp, false);
  SELECT * INTO v_replaced FROM sessions s WHERE s.token_hash = p_replaces;
  person := find_or_create_user(p_idp, v_subject, p_email, p_name, p_client, v_replaced.user_id);
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
  PERFORM end_sessions_of(ARRAY[v_replaced.user_id], ARRAY[v_replaced.sign_on_id], NULL);
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent, authenticated_at,
                        authn_context)
  VALUES (p_token_hash, p_reference, person.id, gen_random_uuid(), p_origin, p_idp, p_name_id,
          p_name_id_format, p_session_index, least(now() + p_lifetime, p_not_after), p_client,
          p_user_agent, p_authenticated_at, p_authn_context);
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  VALUES ('signed_on', outcome, p_reference, p_idp, p_email, person.id, p_client);
END $$;

-- For nodes of an older version, which do not say what was answered.
CREATE OR REPLACE FUNCTION sign_on(p_idp text, p_issuer text, p_response_id text, p_assertion_id text,
                        p_keep_until timestamptz, p_subject text, p_email text, p_name text,
                        p_name_id text, p_name_id_format text, p_session_index text,
                        p_token_hash bytea, p_reference text, p_origin text, p_lifetime interval,
                        p_not_after timestamptz, p_client text, p_user_agent text,
                        p_authenticated_at timestamptz, p_authn_context text, p_replaces bytea,
                        OUT outcome text, OUT user_id uuid) LANGUAGE sql AS $$
  SELECT s.outcome, s.user_id
  FROM sign_on($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, '', NULL) s
$$;
