-- An account is off while its directory says so or people do: neither turns on what the other turned off. And what
-- people change of a grant that came from a group, the group does not give back.

ALTER TABLE users ADD off_by_people boolean NOT NULL DEFAULT false,
                  ADD off_by_directory text NOT NULL DEFAULT '',  -- 'scim:COMPANY'
                  ADD off_by_all boolean NOT NULL DEFAULT false;  -- by people who decide everywhere: such switch it on
UPDATE users SET off_by_people = (disabled_by = ''), off_by_directory = disabled_by WHERE status = 'disabled';
DROP TRIGGER users_forget_who_disabled ON users;
DROP FUNCTION forget_who_disabled();
ALTER TABLE users DROP disabled_by;

-- Whoever sets the status alone means people.
CREATE FUNCTION who_switched_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND
     (NEW.off_by_people, NEW.off_by_directory) IS DISTINCT FROM (OLD.off_by_people, OLD.off_by_directory) THEN
    NEW.status := CASE WHEN NEW.off_by_people OR NEW.off_by_directory <> '' THEN 'disabled'
                       WHEN NEW.status = 'disabled' THEN 'active' ELSE NEW.status END;
  ELSIF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
    NEW.off_by_people := NEW.status = 'disabled';
    NEW.off_by_directory := '';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER users_who_switched_off BEFORE INSERT OR UPDATE OF status, off_by_people, off_by_directory ON users
  FOR EACH ROW EXECUTE FUNCTION who_switched_off();

-- 'people', 'scim:corp', 'people and scim:corp', or nothing.
CREATE FUNCTION off_by(person users) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' and ', CASE WHEN person.off_by_people THEN 'people' END, nullif(person.off_by_directory, ''))
$$;
-- As audit events say it.
CREATE FUNCTION state_text(person users) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT person.status || CASE WHEN person.status = 'disabled' THEN ' by ' || off_by(person) ELSE '' END
$$;

-- 'off_by_directory': it is not on again, for the directory says otherwise. Operators turn on whatever it says.
CREATE OR REPLACE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  v_before text;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
  v_outcome := CASE WHEN person.id = p_actor.id THEN 'own_account'
                    WHEN NOT p_is_disabled AND person.off_by_all AND '*' <> ALL (may_at(p_actor)) THEN 'not_allowed'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user,
                  CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  v_before := state_text(person);
  UPDATE users SET off_by_people = p_is_disabled,
                   off_by_all = p_is_disabled AND (off_by_all OR '*' = ANY (may_at(p_actor))),
                   off_by_directory = CASE WHEN p_actor.id IS NULL AND NOT p_is_disabled THEN ''
                                           ELSE off_by_directory END
  WHERE id = p_user RETURNING * INTO person;
  IF p_is_disabled THEN DELETE FROM sessions s WHERE s.user_id = p_user; END IF;
  IF state_text(person) <> v_before THEN
    PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
                 person.id, 'before: ' || v_before || '; after: ' || state_text(person));
  END IF;
  RETURN CASE WHEN NOT p_is_disabled AND person.status = 'disabled' THEN 'off_by_directory' ELSE 'done' END;
END $$;

-- What an operator says, held to no rule. False: no such user; for enable_user also one that is not off.
CREATE FUNCTION operator_switches(p_email text, p_actor text, p_is_disabled boolean) RETURNS text LANGUAGE sql AS $$
  SELECT set_disabled(ROW(NULL, p_actor, '', '{}', '')::actor,
                      (SELECT id FROM users WHERE email = p_email::citext), p_is_disabled)
$$;
CREATE OR REPLACE FUNCTION disable_user(p_email text, p_actor text) RETURNS boolean LANGUAGE sql AS $$
  SELECT operator_switches(p_email, p_actor, true) = 'done'
$$;
CREATE OR REPLACE FUNCTION enable_user(p_email text, p_actor text) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM users WHERE email = p_email::citext AND status = 'disabled') AND
         operator_switches(p_email, p_actor, false) = 'done'
$$;

-- What the directory says of an account.
CREATE OR REPLACE FUNCTION scim_set_active(p_idp text, p_user uuid, p_is_active boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_before text;
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user FOR UPDATE;
  IF p_is_active AND person.off_by_directory <> 'scim:' || p_idp THEN RETURN; END IF;
  v_before := state_text(person);
  UPDATE users SET off_by_directory = CASE WHEN p_is_active THEN '' ELSE 'scim:' || p_idp END
  WHERE id = p_user RETURNING * INTO person;
  IF state_text(person) = v_before THEN RETURN; END IF;
  IF NOT p_is_active THEN DELETE FROM sessions WHERE user_id = p_user; END IF;
  PERFORM scim_note(p_idp, CASE WHEN p_is_active THEN 'user_enabled' ELSE 'user_disabled' END, person.email, p_user,
                    v_before || ' -> ' || state_text(person));
END $$;

-- Groups do not give this while the person is in one that would.
CREATE TABLE scim_withheld (
  user_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  idp      text NOT NULL,
  property text NOT NULL,  -- '*': all
  PRIMARY KEY (user_id, idp, property)
);

CREATE FUNCTION withhold_from_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO scim_withheld (user_id, idp, property)
  VALUES (OLD.user_id, substr(OLD.granted_by, 6), coalesce(OLD.property, '*')) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
-- A grant from a group that people change becomes theirs.
CREATE TRIGGER grants_changed_by_people AFTER UPDATE ON grants FOR EACH ROW
  WHEN (OLD.granted_by LIKE 'scim:%' AND NEW.granted_by <> OLD.granted_by)
  EXECUTE FUNCTION withhold_from_groups();

CREATE OR REPLACE FUNCTION scim_settle(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                                       p_table_levels text[], p_levels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_actor text := 'scim:' || p_idp;
BEGIN
  DELETE FROM scim_withheld w WHERE w.idp = p_idp AND w.user_id = ANY (p_users) AND NOT EXISTS (
    SELECT FROM scim_members m JOIN scim_groups g ON g.id = m.group_id AND g.idp = p_idp
    JOIN unnest(p_table_groups, p_table_properties) AS t (group_name, property)
      ON t.group_name::citext = g.display_name
    WHERE m.user_id = w.user_id AND t.property = w.property);
  WITH wanted AS (
    SELECT DISTINCT ON (m.user_id, t.property) m.user_id, t.property AS key, t.level
    FROM scim_members m JOIN scim_groups g ON g.id = m.group_id AND g.idp = p_idp
    JOIN unnest(p_table_groups, p_table_properties, p_table_levels) AS t (group_name, property, level)
      ON t.group_name::citext = g.display_name
    WHERE m.user_id = ANY (p_users)
      AND (t.property = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = t.property))
      AND NOT EXISTS (SELECT FROM scim_withheld w
                      WHERE w.user_id = m.user_id AND w.idp = p_idp AND w.property = t.property)
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

-- Locks that two who change grants at once take in one order, and that inserting a session does not wait for.
CREATE OR REPLACE FUNCTION scim_lock_people(p_idp text, p_domains text[], p_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users WHERE id = ANY (p_ids) ORDER BY id FOR NO KEY UPDATE;
  RETURN ARRAY(SELECT p.id FROM scim_people p
               WHERE p.id = ANY (p_ids) AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

CREATE OR REPLACE FUNCTION scim_apply_table(p_idp text, p_table_groups text[], p_table_properties text[],
                                            p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_all uuid[];
BEGIN
  v_all := ARRAY(
    SELECT m.user_id FROM scim_members m JOIN scim_groups g ON g.id = m.group_id WHERE g.idp = p_idp
    UNION SELECT user_id FROM grants WHERE granted_by = 'scim:' || p_idp);
  PERFORM FROM users WHERE id = ANY (v_all) ORDER BY id FOR NO KEY UPDATE;
  PERFORM scim_settle(p_idp, v_all, p_table_groups, p_table_properties, p_table_levels, p_levels);
  RETURN cardinality(v_all);
END $$;

-- c10, of the person: off_by().
DROP FUNCTION show_person(actor, uuid);
CREATE FUNCTION show_person(p_actor actor, p_user uuid)
RETURNS TABLE (part text, c1 text, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text,
              c10 text)
LANGUAGE plpgsql AS $$
DECLARE
  person people;
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', p_user, 'show person');
    RETURN;
  END IF;
  SELECT * INTO person FROM people p WHERE p.id = p_user;
  IF NOT FOUND THEN RETURN; END IF;
  IF NOT may_see(p_actor, p_user) THEN
    PERFORM refuse(p_actor, 'not_allowed', person.email, p_user, 'show person');
    RETURN;
  END IF;
  RETURN QUERY SELECT 'person', person.id::text, person.email, person.name, person.state, person.idp,
                      person.created_at, person.last_sign_on_at, person.grants, person.subject,
                      (SELECT off_by(u) FROM users u WHERE u.id = person.id);
  RETURN QUERY
  SELECT 'grant', coalesce(g.property, '*'), coalesce(p.name, ''), g.level, iso(g.expires_at), iso(g.granted_at),
         g.granted_by, (judge_grant(p_actor, person.id, coalesce(g.property, '*'), '') = 'done')::text, NULL, NULL, NULL
  FROM grants g LEFT JOIN properties p ON p.key = g.property WHERE g.user_id = person.id
  ORDER BY g.property IS NOT NULL, p.name;
  RETURN QUERY
  SELECT 'session', s.reference, s.origin, s.idp, iso(s.created_at), iso(s.last_seen_at), iso(s.expires_at),
         s.client_address, s.user_agent, NULL, NULL
  FROM sessions s WHERE s.user_id = person.id AND s.expires_at > now() ORDER BY s.last_seen_at DESC;
  RETURN QUERY
  SELECT 'history', iso(e.at), e.kind, e.code, e.reference, e.actor, e.detail, NULL, NULL, NULL, NULL
  FROM ((SELECT a.* FROM audit_events a WHERE a.user_id = person.id ORDER BY a.id DESC LIMIT 100)
        UNION ALL
        (SELECT a.* FROM audit_events a WHERE a.user_id IS NULL AND a.email <> ''
           AND lower(a.email) = lower(person.email) ORDER BY a.id DESC LIMIT 100)) e
  ORDER BY e.id DESC LIMIT 100;
END $$;
