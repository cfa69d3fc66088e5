-- What operators do, each in one statement, each with its audit event.

CREATE FUNCTION note_change(p_kind text, p_actor text, p_email text, p_user uuid, p_detail text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, email, user_id, detail)
  VALUES (p_kind, p_actor, p_email, p_user, p_detail)
$$;

CREATE FUNCTION add_user(p_email text, p_name text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  INSERT INTO users (email, name, status) VALUES (p_email, p_name, 'active')
  ON CONFLICT DO NOTHING RETURNING id INTO v_id;
  IF v_id IS NULL THEN RETURN false; END IF;
  PERFORM note_change('user_added', p_actor, p_email, v_id, '');
  RETURN true;
END $$;

-- One level at several properties ('*': all). Makes the record if there is none, lets a waiting person in.
-- Returns 'provisioned', 'disabled', or 'no_property KEY'; nothing is done in the latter two cases.
CREATE FUNCTION provision(p_email text, p_name text, p_level text, p_properties text[],
                          p_expires_at timestamptz, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_key text;
BEGIN
  SELECT k INTO v_key FROM unnest(p_properties) k
  WHERE k <> '*' AND NOT EXISTS (SELECT FROM properties p WHERE p.key = k) LIMIT 1;
  IF FOUND THEN RETURN 'no_property ' || v_key; END IF;

  INSERT INTO users (email, name, status) VALUES (p_email, p_name, 'active') ON CONFLICT DO NOTHING;
  SELECT * INTO person FROM users WHERE email = p_email::citext FOR UPDATE;
  IF person.status = 'disabled' THEN RETURN 'disabled'; END IF;
  FOREACH v_key IN ARRAY p_properties LOOP
    INSERT INTO grants (user_id, property, level, expires_at, granted_by)
    VALUES (person.id, nullif(v_key, '*'), p_level, p_expires_at, p_actor)
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = excluded.expires_at, granted_at = now(),
          granted_by = excluded.granted_by;
  END LOOP;
  UPDATE users SET status = 'active', name = coalesce(nullif(name, ''), p_name) WHERE id = person.id;
  PERFORM note_change('provisioned', p_actor, p_email, person.id,
                      p_level || ' at ' || array_to_string(p_properties, ' '));
  RETURN 'provisioned';
END $$;

-- Rows as provision() takes them: [{"email","name","property","level","expires"}]. All or nothing.
CREATE FUNCTION import_users(p_rows jsonb, p_actor text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  r record;
  v_outcome text;
  v_count int := 0;
BEGIN
  FOR r IN SELECT * FROM jsonb_to_recordset(p_rows)
           AS x(line int, email text, name text, property text, level text, expires text) LOOP
    v_outcome := provision(r.email, coalesce(r.name, ''), r.level, ARRAY[r.property],
                           nullif(r.expires, '')::timestamptz, p_actor);
    IF v_outcome <> 'provisioned' THEN
      RAISE EXCEPTION 'line %: % (%)', r.line, v_outcome, r.email USING ERRCODE = 'AN001';
    END IF;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;

-- Turns a person's access off and ends every session at once. False: no such user.
CREATE FUNCTION disable_user(p_email text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  UPDATE users SET status = 'disabled' WHERE email = p_email::citext RETURNING id INTO v_id;
  IF v_id IS NULL THEN RETURN false; END IF;
  DELETE FROM sessions WHERE user_id = v_id;
  PERFORM note_change('user_disabled', p_actor, p_email, v_id, '');
  RETURN true;
END $$;

CREATE FUNCTION enable_user(p_email text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  UPDATE users SET status = 'active' WHERE email = p_email::citext AND status = 'disabled'
  RETURNING id INTO v_id;
  IF v_id IS NULL THEN RETURN false; END IF;
  PERFORM note_change('user_enabled', p_actor, p_email, v_id, '');
  RETURN true;
END $$;

-- Lets the next sign-on with this email pin the record anew: a company changed its IdP, or an account was
-- made anew. Ends every session.
CREATE FUNCTION unpin_user(p_email text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE email = p_email::citext FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE users SET idp = NULL, subject = NULL WHERE id = person.id;
  DELETE FROM sessions WHERE user_id = person.id;
  PERFORM note_change('user_unpinned', p_actor, p_email, person.id,
                      coalesce('was ' || person.idp || ' ' || person.subject, ''));
  RETURN true;
END $$;

CREATE FUNCTION add_property(p_key text, p_name text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO properties (key, name) VALUES (p_key, p_name) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM note_change('property_added', p_actor, '', NULL, p_key);
  RETURN true;
END $$;

CREATE VIEW people AS
  SELECT u.id, u.email::text AS email, u.name, u.status,
         CASE WHEN u.status = 'active' AND NOT is_provisioned(u) THEN 'waiting' ELSE u.status END AS state,
         coalesce(u.idp, '') AS idp, coalesce(u.subject, '') AS subject,
         to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
         to_char(u.last_sign_on_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_sign_on_at,
         coalesce((SELECT string_agg(coalesce(g.property, '*') || '=' || g.level, ','
                                     ORDER BY g.property IS NOT NULL, g.property)
                   FROM grants g WHERE g.user_id = u.id
                     AND (g.expires_at IS NULL OR g.expires_at > now())), '') AS grants
  FROM users u;
