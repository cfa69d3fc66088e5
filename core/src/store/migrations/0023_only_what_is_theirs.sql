-- Nobody comes into reach by being asked for: whoever files a request learns of that person what anybody may, and
-- only companies and properties of one's own let one act. What one asked for oneself somebody else gives, in whichever way.

-- Whom one may sign out and switch off: not those whom somebody only asked access for.
CREATE FUNCTION may_look_after(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys)))));
END $$;

CREATE OR REPLACE FUNCTION may_see(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN may_look_after(p_actor, p_user) OR EXISTS (
    SELECT FROM users u JOIN access_requests r ON r.email = u.email
    WHERE u.id = p_user AND r.property = ANY (may_at(p_actor)) AND r.state <> 'withdrawn'
      AND r.requested_by IS DISTINCT FROM p_actor.id);
END $$;

CREATE OR REPLACE FUNCTION search_people(p_actor actor, p_search text, p_only_waiting boolean, p_after text, p_limit int)
RETURNS SETOF people LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
  v_is_everywhere boolean := '*' = ANY (v_keys);
  me users;
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'search people');
    RETURN;
  END IF;
  SELECT * INTO me FROM users u WHERE u.id = p_actor.id;
  RETURN QUERY
  SELECT p.* FROM (
    SELECT u.id, u.email FROM users u
    WHERE u.email > p_after::citext
      AND (NOT p_only_waiting OR (u.waiting_since IS NOT NULL AND u.let_in_at IS NULL AND waits_since(u) IS NOT NULL))
      AND (length(p_search) < 3 OR runs_of_three(u.email::text || ' ' || u.name) @> runs_of_three(p_search))
      AND (p_search = '' OR position(lower(p_search) IN lower(u.email::text)) > 0
           OR position(lower(p_search) IN lower(u.name)) > 0)
      -- as may_see() says, for many at once
      AND (v_is_everywhere OR u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys))
           OR EXISTS (SELECT FROM access_requests r
                      WHERE r.email = u.email AND r.property = ANY (v_keys) AND r.state <> 'withdrawn'
                        AND r.requested_by IS DISTINCT FROM p_actor.id))
    ORDER BY u.email LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.email;
END $$;

-- The one person with this address, if the actor may see them.
CREATE FUNCTION see_person(p_actor actor, p_email text) RETURNS SETOF people LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT p.* FROM people p
  WHERE p.email = p_email::citext AND may_somewhere(p_actor) AND may_see(p_actor, p.id);
END $$;

CREATE OR REPLACE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN 'not_allowed'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.id = p_user) AND NOT may_look_after(p_actor, p_user) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM grants x WHERE x.user_id = p_user AND (x.expires_at IS NULL OR x.expires_at > now()) LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;

CREATE OR REPLACE FUNCTION judge_decision(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_key text;
BEGIN
  IF NOT may(p_actor, coalesce(r.property, '*')) THEN RETURN 'not_allowed'; END IF;
  IF r.state <> 'open' THEN RETURN 'decided_already'; END IF;
  IF is_own_request(p_actor, r) THEN RETURN 'own_request'; END IF;
  IF NOT p_is_approval THEN RETURN 'done'; END IF;
  IF v_rank IS NULL THEN RETURN 'no_level'; END IF;
  FOREACH v_key IN ARRAY p_properties LOOP
    IF NOT is_property(v_key) THEN RETURN 'no_property'; END IF;
    IF NOT may(p_actor, v_key) THEN RETURN 'not_allowed'; END IF;
    IF v_rank > reach(p_actor, v_key) THEN RETURN 'above_own_level'; END IF;
    IF asked_for_it(p_actor, r.email, v_key) THEN RETURN 'own_request'; END IF;
  END LOOP;
  IF r.expires_at <= now() THEN RETURN 'expired'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.email = r.email AND u.status = 'disabled') THEN RETURN 'user_disabled'; END IF;
  RETURN 'done';
END $$;

-- A group gives nothing to people of a domain that is not the company's any more; it only takes.

CREATE OR REPLACE FUNCTION scim_change_members(p_idp text, p_domains text[], p_group uuid, p_clears boolean, p_adds uuid[],
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
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(v_concerned) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
  RETURN true;
END $$;

-- The function without domains stays for commands of an older version.
CREATE FUNCTION scim_apply_table(p_idp text, p_domains text[], p_table_groups text[], p_table_properties text[],
                                 p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_all uuid[];
  v_own uuid[];
BEGIN
  v_all := ARRAY(
    SELECT m.user_id FROM scim_members m JOIN scim_groups g ON g.id = m.group_id WHERE g.idp = p_idp
    UNION SELECT user_id FROM grants WHERE granted_by = 'scim:' || p_idp);
  v_own := scim_lock_people(p_idp, p_domains, v_all);
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(v_all) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
  RETURN cardinality(v_all);
END $$;

-- Whoever finds the record that another sign-on has just made waits for what happens to it.
CREATE OR REPLACE FUNCTION find_or_create_user(p_idp text, p_subject text, p_email text, p_name text,
                                    p_client text) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE idp = p_idp AND subject = p_subject FOR UPDATE;
  IF FOUND THEN
    IF person.email <> p_email::citext THEN
      IF EXISTS (SELECT FROM users WHERE email = p_email::citext) THEN
        INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
        VALUES ('email_conflict', p_idp, p_email, person.id, p_client, 'another record has this email');
      ELSE
        INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
        VALUES ('email_changed', p_idp, p_email, person.id, p_client, 'was ' || person.email);
        UPDATE users SET email = p_email WHERE id = person.id RETURNING * INTO person;
      END IF;
    END IF;
    RETURN person;
  END IF;

  INSERT INTO users (email, name, status, idp, subject)
  VALUES (p_email, p_name, 'waiting', p_idp, p_subject)
  ON CONFLICT DO NOTHING RETURNING * INTO person;
  IF FOUND THEN
    INSERT INTO audit_events (kind, idp, email, user_id, client_address)
    VALUES ('user_created', p_idp, p_email, person.id, p_client);
    RETURN person;
  END IF;

  UPDATE users SET idp = p_idp, subject = p_subject
  WHERE email = p_email::citext AND subject IS NULL RETURNING * INTO person;
  IF FOUND THEN
    INSERT INTO audit_events (kind, idp, email, user_id, client_address)
    VALUES ('user_pinned', p_idp, p_email, person.id, p_client);
    RETURN person;
  END IF;
  -- A simultaneous first sign-on may have made the record while we waited for it.
  SELECT * INTO person FROM users WHERE idp = p_idp AND subject = p_subject FOR UPDATE;
  RETURN person;
END $$;
