-- Tokens of companies' directories.

-- True: good for that company. Of others, one a minute is noted.
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

-- The name; NULL: there is one of that name.
CREATE OR REPLACE FUNCTION add_scim_token(p_idp text, p_name text, p_token_hash bytea, p_actor text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_name text := coalesce(nullif(p_name, ''), to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'));
BEGIN
  INSERT INTO scim_tokens (token_hash, idp, name, created_by) VALUES (p_token_hash, p_idp, v_name, p_actor)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN NULL; END IF;
  INSERT INTO audit_events (kind, actor, idp, detail) VALUES ('scim_token_added', p_actor, p_idp, v_name);
  RETURN v_name;
END $$;

-- False: there is none of that name.
CREATE OR REPLACE FUNCTION remove_scim_token(p_idp text, p_name text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM scim_tokens WHERE idp = p_idp AND name = p_name;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO audit_events (kind, actor, idp, detail) VALUES ('scim_token_removed', p_actor, p_idp, p_name);
  RETURN true;
END $$;
