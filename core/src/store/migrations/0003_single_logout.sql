-- Single logout: sessions are found by what the IdP calls the person, without a cookie.
CREATE INDEX sessions_of_name_id ON sessions (idp, name_id);
CREATE INDEX sessions_of_session_index ON sessions (idp, session_index) WHERE session_index <> '';

-- Ends the sign-on that a session belongs to. One row: what its IdP needs to be told; none: no session.
DROP FUNCTION sign_out(bytea, text);
CREATE FUNCTION sign_out(p_token_hash bytea, p_client text)
RETURNS TABLE (idp text, name_id text, name_id_format text, session_index text) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM sessions x WHERE x.sign_on_id = s.sign_on_id;
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address)
  SELECT 'signed_out', s.reference, s.idp, u.email, u.id, p_client FROM users u WHERE u.id = s.user_id;
  RETURN QUERY SELECT s.idp, s.name_id, s.name_id_format, s.session_index;
END $$;

-- A verified LogoutRequest. Returns how many sign-ons ended; NULL where the request was used before.
-- An IdP may call the person by another NameID than at sign-on (Entra's pairwise one): a SessionIndex
-- that is long enough to be nobody else's names the session too.
CREATE FUNCTION log_out_by_idp(p_idp text, p_issuer text, p_message_id text, p_keep_until timestamptz,
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
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  SELECT DISTINCT ON (s.sign_on_id) 'signed_out', 'by_identity_provider', s.reference, s.idp, u.email,
         u.id, p_client
  FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.sign_on_id = ANY (v_sign_ons)
  ORDER BY s.sign_on_id, s.created_at;
  DELETE FROM sessions WHERE sign_on_id = ANY (v_sign_ons);
  RETURN cardinality(v_sign_ons);
END $$;
