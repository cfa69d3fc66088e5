-- People for support: found, shown, changed, switched off.

-- Whether somebody is one of those searched for: by a part of their address or name, by the beginning of a word in them where it has less
-- than three letters. PostgreSQL takes its body into the statement, with the indexes.
CREATE OR REPLACE FUNCTION is_searched(person users, p_search text, p_only_waiting boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (NOT p_only_waiting
          OR (person.waiting_since IS NOT NULL AND person.let_in_at IS NULL AND waits_since(person) IS NOT NULL))
    AND CASE WHEN short_key(p_search) = '' THEN true
             WHEN length(p_search) < 3 THEN words_begin(person.email::text || ' ' || person.name) @> ARRAY[short_key(p_search)]
             ELSE runs_of_three(person.email::text || ' ' || person.name) @> runs_of_three(p_search)
               AND (position(search_key(p_search) IN person.email::text) > 0
                    OR position(search_key(p_search) IN search_key(person.name)) > 0) END
$$;

-- What is searched for, without what separates words.
CREATE OR REPLACE FUNCTION short_key(p_search text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(string_agg(w, ''), '') FROM words_of(p_search) w
$$;

-- Those of a page of search_people(), in order of address; p_keys: may_at(). (By itself, for here each question has a plan of its own,
-- and what one is shown of each of those found is asked by plans that are kept.)
CREATE OR REPLACE FUNCTION find_people(p_actor actor, p_keys text[], p_search text, p_only_waiting boolean, p_after text, p_limit int)
RETURNS uuid[] LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_others uuid[];
  me users;
BEGIN
  IF '*' = ANY (p_keys) THEN
    RETURN ARRAY(SELECT u.id FROM users u
      WHERE u.email > p_after::citext AND is_searched(u, p_search, p_only_waiting) ORDER BY u.email LIMIT p_limit);
  END IF;
  -- As may_see() says. All of a company are read in order of address, each way by an index of its own and no further than one page needs;
  -- what is searched for is found by its own index, once for both ways.
  SELECT * INTO me FROM users u WHERE u.id = p_actor.id;
  v_others := others_in_reach(p_actor, p_keys);
  RETURN ARRAY(
    SELECT reached.id FROM (
      (SELECT u.id, u.email FROM users u WHERE short_key(p_search) = '' AND u.idp = me.idp
         AND u.email > p_after::citext AND is_searched(u, p_search, p_only_waiting) ORDER BY u.email LIMIT p_limit)
      UNION
      (SELECT u.id, u.email FROM users u
       WHERE short_key(p_search) = '' AND lower(split_part(u.email::text, '@', 2) COLLATE "C") = domain_of(me.email)
         AND u.email > p_after::citext AND is_searched(u, p_search, p_only_waiting) ORDER BY u.email LIMIT p_limit)
      UNION
      (SELECT u.id, u.email FROM users u
       WHERE short_key(p_search) <> '' AND (u.idp = me.idp OR lower(split_part(u.email::text, '@', 2) COLLATE "C") = domain_of(me.email))
         AND (p_after = '' OR u.email > p_after::citext) AND is_searched(u, p_search, p_only_waiting) ORDER BY u.email LIMIT p_limit)
      UNION
      (SELECT u.id, u.email FROM users u WHERE u.id = ANY (v_others)
         AND u.email > p_after::citext AND is_searched(u, p_search, p_only_waiting) ORDER BY u.email LIMIT p_limit)) reached
    ORDER BY reached.email LIMIT p_limit);
END $$;

-- Pages of people in order of address, after p_after.
CREATE OR REPLACE FUNCTION search_people(p_actor actor, p_search text, p_only_waiting boolean, p_after text, p_limit int)
RETURNS SETOF people LANGUAGE plpgsql AS $$
DECLARE
  v_ids uuid[];
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'search people');
    RETURN;
  END IF;
  v_ids := find_people(p_actor, may_at(p_actor), p_search, p_only_waiting, p_after, greatest(1, least(p_limit, 1000)));
  RETURN QUERY SELECT seen.* FROM unnest(v_ids) WITH ORDINALITY AS found(id, number)
  JOIN people p ON p.id = found.id CROSS JOIN LATERAL as_seen(p_actor, p) seen ORDER BY found.number;
END $$;

-- Rows of four kinds: person, grant, session, history (newest first). None: no such user, or not the actor's to see. c10 of the
-- person: off_by(); c8 of a grant: shared_key(); c9: whether the property is closed.
CREATE OR REPLACE FUNCTION show_person(p_actor actor, p_user uuid)
RETURNS TABLE (part text, c1 text, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text,
              c10 text)
LANGUAGE plpgsql AS $$
DECLARE
  v_is_looked_after boolean;
  person people;
BEGIN
  IF may_see_or_refuse(p_actor, p_user, 'show person') IS NOT NULL THEN RETURN; END IF;
  SELECT seen.* INTO person FROM people p CROSS JOIN LATERAL as_seen(p_actor, p) seen WHERE p.id = p_user;
  IF NOT FOUND THEN RETURN; END IF;
  v_is_looked_after := person.created_at IS NOT NULL;
  RETURN QUERY SELECT 'person', person.id::text, person.email, person.name, person.state, person.idp,
                      person.created_at, person.last_sign_on_at, person.grants, person.subject,
                      CASE WHEN v_is_looked_after THEN (SELECT off_by(u) FROM users u WHERE u.id = person.id) END;
  RETURN QUERY
  SELECT 'grant', coalesce(g.property, '*'), coalesce(p.name, ''), g.level, iso(g.expires_at), iso(g.granted_at),
         g.granted_by, (judge_grant(p_actor, person.id, coalesce(g.property, '*'), '') = 'done')::text, shared_key(g.property),
         is_closed(g.property)::text, NULL
  FROM grants g LEFT JOIN properties p ON p.key = g.property
  WHERE g.user_id = person.id AND (v_is_looked_after OR g.property = ANY (may_at(p_actor)))
  ORDER BY g.property IS NOT NULL, p.name;
  IF NOT v_is_looked_after THEN RETURN; END IF;
  RETURN QUERY
  SELECT 'session', s.reference, s.origin, s.idp, iso(s.created_at), iso(s.last_seen_at), iso(s.expires_at),
         s.client_address, s.user_agent, NULL, NULL
  FROM sessions s WHERE s.user_id = person.id AND s.expires_at > now() ORDER BY s.last_seen_at DESC;
  RETURN QUERY
  SELECT 'history', iso(e.at), e.kind, e.code, e.reference, e.actor, e.detail, NULL, NULL, NULL, NULL
  FROM ((SELECT a.* FROM audit_events a WHERE a.user_id = person.id ORDER BY a.id DESC LIMIT 100)
        UNION ALL
        (SELECT a.* FROM audit_events a WHERE a.user_id IS NULL AND a.email <> ''
           AND lower(a.email COLLATE "C") = person.email ORDER BY a.id DESC LIMIT 100)) e
  ORDER BY e.id DESC LIMIT 100;
END $$;

-- Gives a level at a property, or takes away what is held there (level empty). done, or why not.
CREATE OR REPLACE FUNCTION change_grant(p_actor actor, p_user uuid, p_property text, p_level text, p_expires text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_expires_at timestamptz := CASE WHEN p_level = '' THEN NULL ELSE instant(p_expires) END;
  v_outcome text := may_see_or_refuse(p_actor, p_user, 'change grant to ' || coalesce(nullif(p_level, ''), 'nothing') ||
                                                       ' at ' || p_property);
  person users;
  g grants;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_actor.id, p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  v_outcome := judge_grant(p_actor, p_user, p_property, p_level);
  -- What somebody asked for, somebody else gives.
  IF v_outcome = 'done' AND p_level <> '' AND asked_for_it(p_actor, person.email, p_property) THEN
    v_outcome := 'own_request';
  END IF;
  IF v_outcome IN ('own_account', 'not_allowed', 'above_own_level', 'own_request') THEN
    RETURN refuse(p_actor, v_outcome, person.email, person.id,
                  'change grant to ' || coalesce(nullif(p_level, ''), 'nothing') || ' at ' || p_property);
  END IF;
  IF v_outcome <> 'done' THEN RETURN v_outcome; END IF;
  IF v_expires_at = '-infinity' THEN RETURN 'bad_expiry'; END IF;
  IF v_expires_at <= now() THEN RETURN 'in_the_past'; END IF;

  SELECT * INTO g FROM grants x WHERE x.user_id = p_user AND coalesce(x.property, '*') = p_property;
  IF p_level = '' AND g.id IS NULL THEN RETURN 'done'; END IF;
  IF p_level = '' THEN
    DELETE FROM grants x WHERE x.id = g.id;
    PERFORM withhold(p_user, g.granted_by, p_property);
  ELSE
    INSERT INTO grants (user_id, property, level, expires_at, granted_by)
    VALUES (p_user, nullif(p_property, '*'), p_level, v_expires_at, p_actor.name)
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = excluded.expires_at, granted_at = now(),
          granted_by = excluded.granted_by;
    UPDATE users SET status = 'active' WHERE id = p_user AND status = 'waiting';
  END IF;
  PERFORM note(p_actor, 'grant_changed', '', person.email, person.id,
    'before: ' || coalesce(grant_text(g.level, g.property, g.expires_at), 'nothing at ' || p_property) ||
    '; after: ' || CASE WHEN p_level = '' THEN 'nothing at ' || p_property
                        ELSE grant_text(p_level, p_property, v_expires_at) END);
  IF p_level <> '' THEN PERFORM close_fulfilled(p_actor, person, p_property, p_level, v_expires_at); END IF;
  RETURN 'done';
EXCEPTION WHEN foreign_key_violation THEN RETURN 'no_property';  -- removed meanwhile
END $$;

-- Switches an account off or on. done; off_by_directory: still off, for a directory says so; or why not.
CREATE OR REPLACE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := may_see_or_refuse(p_actor, p_user, CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  v_before text;
  person users;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
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
  IF p_is_disabled THEN PERFORM end_sessions_of(ARRAY[p_user], NULL, NULL); END IF;
  IF state_text(person) <> v_before THEN
    PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
                 person.id, 'before: ' || v_before || '; after: ' || state_text(person));
  END IF;
  RETURN CASE WHEN NOT p_is_disabled AND person.status = 'disabled' THEN 'off_by_directory' ELSE 'done' END;
END $$;

-- Ends somebody's sessions, or those of the sign-on with that reference. Their own may be ended by everybody who may here at all.
CREATE OR REPLACE FUNCTION end_sessions(p_actor actor, p_user uuid, p_reference text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := may_see_or_refuse(p_actor, p_user, 'end sessions');
  v_count int;
  person users;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  v_outcome := CASE WHEN person.id = p_actor.id AND may_somewhere(p_actor) THEN 'done'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user, 'end sessions');
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  SELECT count(*) INTO v_count FROM end_sessions_of(ARRAY[p_user], CASE WHEN p_reference <> '' THEN ARRAY(
    SELECT s.sign_on_id FROM sessions s WHERE s.user_id = p_user AND s.reference = p_reference) END, NULL);
  IF v_count = 0 THEN RETURN CASE WHEN p_reference = '' THEN 'done' ELSE 'not_found' END; END IF;
  INSERT INTO audit_events (kind, reference, actor, email, user_id, client_address, detail)
  VALUES ('sessions_ended', p_reference, p_actor.name, person.email, person.id, p_actor.client_address,
          v_count || CASE WHEN p_reference = '' THEN ' sessions, all' ELSE ' sessions of one sign-on' END);
  RETURN 'done';
END $$;

-- Trigger: an account is off while its directory says so or people do, and neither turns on what the other turned off. Whoever
-- sets the status alone means people.
CREATE OR REPLACE FUNCTION who_switched_off() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- 'people', 'scim:corp', 'people and scim:corp', or nothing.
CREATE OR REPLACE FUNCTION off_by(person users) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' and ', CASE WHEN person.off_by_people THEN 'people' END, nullif(person.off_by_directory, ''))
$$;

-- As audit events say it.
CREATE OR REPLACE FUNCTION state_text(person users) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT person.status || CASE WHEN person.status = 'disabled' THEN ' by ' || off_by(person) ELSE '' END
$$;

-- Trigger: a grant of a company's directory that people change becomes theirs; the directory does not give it back.
CREATE OR REPLACE FUNCTION withhold_from_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM withhold(OLD.user_id, OLD.granted_by, coalesce(OLD.property, '*'));
  RETURN NULL;
END $$;
