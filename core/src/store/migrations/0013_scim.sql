-- What companies' directories write here (SCIM 2.0). A company's own: made or claimed by its token, and with
-- an address in one of its domains.

CREATE TABLE scim_tokens (
  token_hash   bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  idp          text NOT NULL,
  name         text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  created_by   text NOT NULL,
  last_used_at timestamptz,
  refused_at   timestamptz,  -- when another one was last tried
  UNIQUE (idp, name)
);

-- Who turned an account off, where only they may turn it on again ('scim:COMPANY'); empty: an operator.
ALTER TABLE users ADD disabled_by text NOT NULL DEFAULT '';
CREATE FUNCTION forget_who_disabled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.disabled_by := '';
  RETURN NEW;
END $$;
CREATE TRIGGER users_forget_who_disabled BEFORE UPDATE OF status ON users
  FOR EACH ROW EXECUTE FUNCTION forget_who_disabled();

-- The addresses are canonical and in the company's domains, or empty. The work email's is the person's, or
-- else the user name's.
CREATE TABLE scim_users (
  user_id           uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  idp               text NOT NULL,
  user_name         citext NOT NULL,
  user_name_address text NOT NULL,
  external_id       text NOT NULL,
  work_email        text NOT NULL,
  work_address      text NOT NULL,
  display_name      text NOT NULL,
  formatted_name    text NOT NULL,
  given_name        text NOT NULL,
  family_name       text NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (idp, user_name)
);
CREATE INDEX scim_users_external_id ON scim_users (idp, external_id);
CREATE INDEX scim_users_created ON scim_users (idp, created_at, user_id);

CREATE TABLE scim_groups (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  idp          text NOT NULL,
  display_name citext NOT NULL,
  external_id  text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (idp, display_name)
);

CREATE TABLE scim_members (
  group_id uuid NOT NULL REFERENCES scim_groups ON DELETE CASCADE,
  user_id  uuid NOT NULL REFERENCES scim_users ON DELETE CASCADE,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX scim_members_of_user ON scim_members (user_id);

CREATE VIEW scim_people AS
  SELECT u.id, s.user_name, s.external_id, s.work_email, s.display_name, s.formatted_name,
         s.given_name, s.family_name, u.status <> 'disabled' AS active,
         to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created,
         to_char(s.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS changed,
         s.idp, u.email, lower(split_part(u.email::text, '@', 2)) AS domain, s.created_at
  FROM scim_users s JOIN users u ON u.id = s.user_id;

CREATE FUNCTION scim_note(p_idp text, p_kind text, p_email text, p_user uuid, p_detail text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  VALUES (p_kind, 'scim:' || p_idp, p_idp, p_email, p_user, p_detail)
$$;

-- Tokens.

CREATE FUNCTION scim_authenticate(p_idp text, p_token_hash bytea, p_client text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_is_known boolean;
  v_used_at timestamptz;
BEGIN
  SELECT bool_or(token_hash = p_token_hash), max(last_used_at) FILTER (WHERE token_hash = p_token_hash)
  INTO v_is_known, v_used_at FROM scim_tokens WHERE idp = p_idp;
  IF v_is_known THEN
    IF v_used_at IS NULL OR v_used_at < now() - interval '1 minute' THEN
      UPDATE scim_tokens SET last_used_at = now() WHERE token_hash = p_token_hash;
    END IF;
    RETURN true;
  END IF;
  IF v_is_known IS NULL THEN RETURN false; END IF;
  UPDATE scim_tokens SET refused_at = now()
  WHERE idp = p_idp AND (refused_at IS NULL OR refused_at < now() - interval '1 minute');
  IF FOUND THEN
    INSERT INTO audit_events (kind, code, idp, client_address, detail)
    VALUES ('scim_refused', 'scim_token', p_idp, p_client, 'at most one such event a minute');
  END IF;
  RETURN false;
END $$;

-- The name; NULL: there is one of that name.
CREATE FUNCTION add_scim_token(p_idp text, p_name text, p_token_hash bytea, p_actor text) RETURNS text
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

CREATE FUNCTION remove_scim_token(p_idp text, p_name text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM scim_tokens WHERE idp = p_idp AND name = p_name;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO audit_events (kind, actor, idp, detail) VALUES ('scim_token_removed', p_actor, p_idp, p_name);
  RETURN true;
END $$;

-- Grants that come from groups. What p_table_* say in parallel: members of the group have this level at this
-- property ('*': all); the highest of several wins. They fill what is missing: a grant that people gave stays
-- as it is, and so does one that people changed.
CREATE FUNCTION scim_settle(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                            p_table_levels text[], p_levels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_actor text := 'scim:' || p_idp;
BEGIN
  WITH wanted AS (
    SELECT DISTINCT ON (m.user_id, t.property) m.user_id, t.property AS key, t.level
    FROM scim_members m JOIN scim_groups g ON g.id = m.group_id AND g.idp = p_idp
    JOIN unnest(p_table_groups, p_table_properties, p_table_levels) AS t (group_name, property, level)
      ON t.group_name::citext = g.display_name
    WHERE m.user_id = ANY (p_users)
      AND (t.property = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = t.property))
    ORDER BY m.user_id, t.property, array_position(p_levels, t.level) DESC),
  before AS (
    SELECT user_id, coalesce(property, '*') AS key, level FROM grants
    WHERE user_id = ANY (p_users) AND granted_by = v_actor),
  taken AS (
    DELETE FROM grants g WHERE g.user_id = ANY (p_users) AND g.granted_by = v_actor AND NOT EXISTS (
      SELECT FROM wanted w WHERE w.user_id = g.user_id AND w.key = coalesce(g.property, '*'))
    RETURNING g.user_id, coalesce(g.property, '*') AS key),
  given AS (
    INSERT INTO grants AS g (user_id, property, level, granted_by)
    SELECT user_id, nullif(key, '*'), level, v_actor FROM wanted
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = NULL, granted_at = now(), granted_by = excluded.granted_by
      WHERE (g.granted_by = excluded.granted_by AND g.level <> excluded.level) OR g.expires_at <= now()
    RETURNING g.user_id, coalesce(g.property, '*') AS key, g.level),
  changes AS (
    SELECT user_id, key, NULL AS level FROM taken UNION ALL SELECT user_id, key, level FROM given)
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  SELECT 'grants_changed', v_actor, p_idp, u.email, u.id,
         string_agg(c.key || ': ' || coalesce(b.level, 'none') || ' -> ' || coalesce(c.level, 'none'), ', '
                    ORDER BY c.key)
  FROM changes c JOIN users u ON u.id = c.user_id
  LEFT JOIN before b ON b.user_id = c.user_id AND b.key = c.key
  GROUP BY u.id;

  UPDATE users u SET status = 'active' WHERE u.id = ANY (p_users) AND u.status = 'waiting'
    AND EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.granted_by = v_actor);
END $$;

-- Users.

-- What the directory says of an account. It turns on only what it turned off itself.
CREATE FUNCTION scim_set_active(p_idp text, p_user uuid, p_is_active boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user FOR UPDATE;
  IF NOT p_is_active AND person.status <> 'disabled' THEN
    UPDATE users SET status = 'disabled' WHERE id = p_user;
    UPDATE users SET disabled_by = 'scim:' || p_idp WHERE id = p_user;
    DELETE FROM sessions WHERE user_id = p_user;
    PERFORM scim_note(p_idp, 'user_disabled', person.email, p_user, person.status || ' -> disabled');
  ELSIF p_is_active AND person.status = 'disabled' AND person.disabled_by = 'scim:' || p_idp THEN
    UPDATE users SET status = 'active' WHERE id = p_user;
    PERFORM scim_note(p_idp, 'user_enabled', person.email, p_user, 'disabled -> active');
  END IF;
END $$;

CREATE FUNCTION scim_shown_name(p_display text, p_formatted text, p_given text, p_family text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(nullif(p_display, ''), nullif(p_formatted, ''), btrim(p_given || ' ' || p_family))
$$;

CREATE FUNCTION scim_described(p scim_people) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(', ', 'userName ' || p.user_name, 'email ' || p.email, 'externalId ' || nullif(p.external_id, ''),
                   'name ' || nullif(scim_shown_name(p.display_name, p.formatted_name, p.given_name,
                                                     p.family_name), ''))
$$;

-- done, exists, pinned or no_address. A record that has the address already is claimed with all that people
-- gave it: another company's claim on it is void, for the domain is no longer that company's.
CREATE FUNCTION scim_create_user(p_idp text, p_domains text[], p_user_name text, p_user_name_address text,
                                 p_external_id text, p_work_email text, p_work_address text,
                                 p_display_name text, p_formatted_name text, p_given_name text,
                                 p_family_name text, p_is_active boolean,
                                 OUT outcome text, OUT person scim_people) LANGUAGE plpgsql AS $$
DECLARE
  v_email text := coalesce(nullif(p_work_address, ''), nullif(p_user_name_address, ''));
  v_name text := scim_shown_name(p_display_name, p_formatted_name, p_given_name, p_family_name);
  v_user users;
  v_owner text;
BEGIN
  IF v_email IS NULL OR split_part(v_email, '@', 2) <> ALL (p_domains) THEN
    outcome := 'no_address';
    RETURN;
  END IF;
  INSERT INTO users (email, name, status) VALUES (v_email, v_name, 'active')
  ON CONFLICT DO NOTHING RETURNING * INTO v_user;
  IF NOT FOUND THEN
    SELECT * INTO v_user FROM users WHERE email = v_email::citext FOR UPDATE;
    SELECT idp INTO v_owner FROM scim_users WHERE user_id = v_user.id;
    IF v_owner = p_idp OR v_user.id IS NULL THEN outcome := 'exists'; RETURN; END IF;
    IF v_user.idp <> p_idp THEN outcome := 'pinned'; RETURN; END IF;
    IF v_owner IS NOT NULL THEN
      DELETE FROM scim_users WHERE user_id = v_user.id;
      PERFORM scim_settle(v_owner, ARRAY[v_user.id], '{}', '{}', '{}', '{}');
    END IF;
    UPDATE users SET name = coalesce(nullif(v_name, ''), name) WHERE id = v_user.id;
  END IF;
  INSERT INTO scim_users (user_id, idp, user_name, user_name_address, external_id, work_email, work_address,
                          display_name, formatted_name, given_name, family_name)
  VALUES (v_user.id, p_idp, p_user_name, p_user_name_address, p_external_id, p_work_email, p_work_address,
          p_display_name, p_formatted_name, p_given_name, p_family_name);
  PERFORM scim_set_active(p_idp, v_user.id, p_is_active);
  SELECT * INTO person FROM scim_people p WHERE p.id = v_user.id;
  PERFORM scim_note(p_idp, 'scim_user_created', v_email, v_user.id, scim_described(person));
  outcome := 'done';
EXCEPTION WHEN unique_violation THEN  -- the user name
  outcome := 'exists';
END $$;

-- Locks the person and tells whether they are the company's own.
CREATE FUNCTION scim_own(p_idp text, p_domains text[], p_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users WHERE id = p_id FOR UPDATE;
  RETURN EXISTS (SELECT FROM scim_people p WHERE p.id = p_id AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

-- done, not_found, exists or no_address. NULL leaves as it is.
CREATE FUNCTION scim_change_user(p_idp text, p_domains text[], p_id uuid, p_user_name text,
                                 p_user_name_address text, p_external_id text, p_work_email text,
                                 p_work_address text, p_display_name text, p_formatted_name text,
                                 p_given_name text, p_family_name text, p_is_active boolean,
                                 OUT outcome text, OUT person scim_people) LANGUAGE plpgsql AS $$
DECLARE
  v_before scim_people;
  s scim_users;
  v_email text;
BEGIN
  IF NOT scim_own(p_idp, p_domains, p_id) THEN outcome := 'not_found'; RETURN; END IF;
  SELECT * INTO v_before FROM scim_people p WHERE p.id = p_id;
  IF coalesce(p_user_name_address, p_work_address) IS NOT NULL THEN
    SELECT * INTO s FROM scim_users WHERE user_id = p_id;
    v_email := coalesce(nullif(coalesce(p_work_address, s.work_address), ''),
                        nullif(coalesce(p_user_name_address, s.user_name_address), ''));
    IF v_email IS NULL OR split_part(v_email, '@', 2) <> ALL (p_domains) THEN
      outcome := 'no_address';
      RETURN;
    END IF;
    UPDATE users SET email = v_email WHERE id = p_id AND email <> v_email::citext;
  END IF;
  UPDATE scim_users SET
    user_name = coalesce(p_user_name, user_name),
    user_name_address = coalesce(p_user_name_address, user_name_address),
    external_id = coalesce(p_external_id, external_id),
    work_email = coalesce(p_work_email, work_email),
    work_address = coalesce(p_work_address, work_address),
    display_name = coalesce(p_display_name, display_name),
    formatted_name = coalesce(p_formatted_name, formatted_name),
    given_name = coalesce(p_given_name, given_name),
    family_name = coalesce(p_family_name, family_name),
    changed_at = now()
  WHERE user_id = p_id RETURNING * INTO s;
  IF coalesce(p_display_name, p_formatted_name, p_given_name, p_family_name) IS NOT NULL THEN
    UPDATE users SET name = coalesce(nullif(scim_shown_name(s.display_name, s.formatted_name, s.given_name,
                                                            s.family_name), ''), name)
    WHERE id = p_id;
  END IF;
  IF p_is_active IS NOT NULL THEN PERFORM scim_set_active(p_idp, p_id, p_is_active); END IF;
  SELECT * INTO person FROM scim_people p WHERE p.id = p_id;
  IF scim_described(v_before) <> scim_described(person) THEN
    PERFORM scim_note(p_idp, 'scim_user_changed', person.email::text, p_id,
                      scim_described(v_before) || ' -> ' || scim_described(person));
  END IF;
  outcome := 'done';
EXCEPTION WHEN unique_violation THEN  -- the user name or the address
  outcome := 'exists';
  person := NULL;
END $$;

-- The account stays, turned off: whoever signs on again is not taken for somebody new.
CREATE FUNCTION scim_delete_user(p_idp text, p_domains text[], p_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person scim_people;
BEGIN
  IF NOT scim_own(p_idp, p_domains, p_id) THEN RETURN false; END IF;
  SELECT * INTO person FROM scim_people p WHERE p.id = p_id;
  PERFORM scim_set_active(p_idp, p_id, false);
  DELETE FROM scim_users WHERE user_id = p_id;
  PERFORM scim_settle(p_idp, ARRAY[p_id], '{}', '{}', '{}', '{}');
  PERFORM scim_note(p_idp, 'scim_user_deleted', person.email::text, p_id, scim_described(person));
  RETURN true;
END $$;

-- Groups.

-- The Users among them that are the company's own, locked in order of their ids.
CREATE FUNCTION scim_lock_people(p_idp text, p_domains text[], p_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users WHERE id = ANY (p_ids) ORDER BY id FOR UPDATE;
  RETURN ARRAY(SELECT p.id FROM scim_people p
               WHERE p.id = ANY (p_ids) AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

-- Changes the members of a locked group and settles whom that concerns; all members if p_is_renamed.
-- False: one to be added is no User of the company, and nothing was done.
CREATE FUNCTION scim_change_members(p_idp text, p_domains text[], p_group uuid, p_clears boolean, p_adds uuid[],
                                    p_removes uuid[], p_is_renamed boolean, p_table_groups text[],
                                    p_table_properties text[], p_table_levels text[], p_levels text[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_concerned uuid[];
  v_own uuid[];
BEGIN
  v_concerned := ARRAY(
    SELECT unnest(p_adds || p_removes) UNION
    SELECT user_id FROM scim_members WHERE group_id = p_group AND (p_clears OR p_is_renamed));
  v_own := scim_lock_people(p_idp, p_domains, v_concerned);
  IF NOT p_adds <@ v_own THEN RETURN false; END IF;
  DELETE FROM scim_members WHERE group_id = p_group
    AND (user_id = ANY (p_removes) OR (p_clears AND user_id <> ALL (p_adds)));
  INSERT INTO scim_members (group_id, user_id) SELECT p_group, unnest(p_adds) ON CONFLICT DO NOTHING;
  PERFORM scim_settle(p_idp, v_concerned, p_table_groups, p_table_properties, p_table_levels, p_levels);
  RETURN true;
END $$;

CREATE FUNCTION scim_counts(p_adds uuid[], p_removes uuid[], p_clears boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_clears THEN ', members replaced' ELSE '' END || ', ' || cardinality(p_adds) || ' added, '
         || cardinality(p_removes) || ' removed'
$$;

-- done, exists or no_member.
CREATE FUNCTION scim_create_group(p_idp text, p_domains text[], p_display_name text, p_external_id text,
                                  p_adds uuid[], p_table_groups text[], p_table_properties text[],
                                  p_table_levels text[], p_levels text[], OUT outcome text, OUT id uuid)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO scim_groups AS g (idp, display_name, external_id) VALUES (p_idp, p_display_name, p_external_id)
  ON CONFLICT DO NOTHING RETURNING g.id INTO scim_create_group.id;
  IF NOT FOUND THEN outcome := 'exists'; RETURN; END IF;
  IF NOT scim_change_members(p_idp, p_domains, scim_create_group.id, false, p_adds, '{}', false, p_table_groups,
                             p_table_properties, p_table_levels, p_levels) THEN
    DELETE FROM scim_groups g WHERE g.id = scim_create_group.id;
    outcome := 'no_member';
    RETURN;
  END IF;
  PERFORM scim_note(p_idp, 'scim_group_created', '', NULL, p_display_name || scim_counts(p_adds, '{}', false));
  outcome := 'done';
END $$;

-- done, not_found, exists or no_member. NULL leaves as it is.
CREATE FUNCTION scim_change_group(p_idp text, p_domains text[], p_id uuid, p_display_name text,
                                  p_external_id text, p_clears boolean, p_adds uuid[], p_removes uuid[],
                                  p_table_groups text[], p_table_properties text[], p_table_levels text[],
                                  p_levels text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_before scim_groups;
  v_name text;
BEGIN
  SELECT * INTO v_before FROM scim_groups WHERE id = p_id AND idp = p_idp FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  v_name := coalesce(p_display_name, v_before.display_name::text);
  UPDATE scim_groups SET display_name = v_name, external_id = coalesce(p_external_id, external_id),
                         changed_at = now()
  WHERE id = p_id;
  IF NOT scim_change_members(p_idp, p_domains, p_id, p_clears, p_adds, p_removes,
                             v_name::citext <> v_before.display_name, p_table_groups, p_table_properties,
                             p_table_levels, p_levels) THEN
    UPDATE scim_groups SET display_name = v_before.display_name, external_id = v_before.external_id,
                           changed_at = v_before.changed_at
    WHERE id = p_id;
    RETURN 'no_member';
  END IF;
  PERFORM scim_note(p_idp, 'scim_group_changed', '', NULL,
                    concat_ws(' -> ', nullif(v_before.display_name::text, v_name), v_name)
                    || scim_counts(p_adds, p_removes, p_clears));
  RETURN 'done';
EXCEPTION WHEN unique_violation THEN
  RETURN 'exists';
END $$;

CREATE FUNCTION scim_delete_group(p_idp text, p_domains text[], p_id uuid, p_table_groups text[],
                                  p_table_properties text[], p_table_levels text[], p_levels text[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  SELECT display_name INTO v_name FROM scim_groups WHERE id = p_id AND idp = p_idp FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM scim_change_members(p_idp, p_domains, p_id, true, '{}', '{}', false, p_table_groups,
                              p_table_properties, p_table_levels, p_levels);
  DELETE FROM scim_groups WHERE id = p_id;
  PERFORM scim_note(p_idp, 'scim_group_deleted', '', NULL, v_name);
  RETURN true;
END $$;

-- After the table was changed. How many people.
CREATE FUNCTION scim_apply_table(p_idp text, p_table_groups text[], p_table_properties text[],
                                 p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_all uuid[];
BEGIN
  v_all := ARRAY(
    SELECT m.user_id FROM scim_members m JOIN scim_groups g ON g.id = m.group_id WHERE g.idp = p_idp
    UNION SELECT user_id FROM grants WHERE granted_by = 'scim:' || p_idp);
  PERFORM FROM users WHERE id = ANY (v_all) ORDER BY id FOR UPDATE;
  PERFORM scim_settle(p_idp, v_all, p_table_groups, p_table_properties, p_table_levels, p_levels);
  RETURN cardinality(v_all);
END $$;
