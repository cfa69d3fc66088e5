-- The Waiting Room's state, and people for support.

CREATE INDEX grants_of_level ON grants (level, user_id);
CREATE INDEX audit_events_of_user ON audit_events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_of_email ON audit_events (lower(email), id) WHERE email <> '' AND user_id IS NULL;

-- People of the same identity provider, or not signed on yet with the same domain, who may file a request.
-- There are fewer of them in all companies than people in a large one: the search begins at the grants.
CREATE FUNCTION approvers_of(person users, p_idp text, p_levels text[], p_needed text)
RETURNS TABLE (id uuid, email text, name text) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_levels text[] := p_levels[array_position(p_levels, p_needed):];
  v_domain text := lower(split_part(person.email::text, '@', 2));
BEGIN
  RETURN QUERY
  SELECT DISTINCT u.id, u.email::text, u.name FROM grants g JOIN users u ON u.id = g.user_id
  WHERE g.level = ANY (v_levels) AND (g.expires_at IS NULL OR g.expires_at > now())
    AND u.status = 'active' AND u.id <> person.id
    AND (u.idp = p_idp OR (u.idp IS NULL AND lower(split_part(u.email::text, '@', 2)) = v_domain))
  ORDER BY u.name, 2 LIMIT 20;
END $$;

-- One row per approver; at least one row.
CREATE FUNCTION waiting_state(p_user uuid, p_idp text, p_levels text[], p_needed text)
RETURNS TABLE (kind text, since text, requested_by text, property_name text, reason text, asked_at text,
               approver text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  person users;
  r access_requests;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  SELECT * INTO r FROM access_requests x WHERE x.email = person.email
  ORDER BY x.state <> 'open', coalesce(x.decided_at, x.requested_at) DESC LIMIT 1;
  IF r.state = 'open' THEN
    SELECT * INTO r FROM access_requests x WHERE x.email = person.email AND x.state = 'open'
    ORDER BY x.requested_at, x.id LIMIT 1;
  END IF;
  RETURN QUERY
  SELECT CASE WHEN r.state IN ('open', 'declined') THEN r.state ELSE 'no_request' END,
         CASE WHEN r.state = 'open' THEN iso(r.requested_at) END,
         CASE WHEN r.state IN ('open', 'declined') THEN
           (SELECT coalesce(nullif(b.name, ''), b.email::text) FROM users b WHERE b.id = r.requested_by) END,
         CASE WHEN r.state IN ('open', 'declined') THEN (SELECT p.name FROM properties p WHERE p.key = r.property) END,
         CASE WHEN r.state = 'declined' THEN r.reason END,
         iso(person.asked_at), coalesce(nullif(a.name, ''), a.email)
  FROM (SELECT) one LEFT JOIN approvers_of(person, p_idp, p_levels, p_needed) a ON true;
END $$;

CREATE FUNCTION ask_approvers(p_actor actor, p_idp text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_count int;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_actor.id FOR UPDATE;
  IF waits_since(person) IS NULL OR person.asked_at > now() - interval '1 day' THEN RETURN 0; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT a.email, 'please_request', jsonb_build_object('email', person.email, 'name', person.name)
  FROM approvers_of(person, p_idp, p_actor.levels, p_actor.needed) a;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count = 0 THEN RETURN 0; END IF;
  UPDATE users SET asked_at = now() WHERE id = person.id;
  PERFORM note(p_actor, 'approvers_asked', '', person.email, person.id, v_count || ' people');
  RETURN v_count;
END $$;

-- Parts of addresses and names are found by an index on their runs of three letters. (pg_trgm would do, but a
-- role may not be allowed to install it.)
CREATE FUNCTION runs_of_three(p text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 AS $$
  SELECT coalesce(array_agg(DISTINCT substr(lower(p), i, 3)), '{}') FROM generate_series(1, length(p) - 2) i
$$;
CREATE INDEX users_search ON users USING gin (runs_of_three(email::text || ' ' || name));

CREATE FUNCTION search_people(p_actor actor, p_search text, p_only_waiting boolean, p_after text, p_limit int)
RETURNS SETOF people LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'search people');
    RETURN;
  END IF;
  RETURN QUERY
  SELECT p.* FROM (
    SELECT u.id, u.email FROM users u
    WHERE u.email > p_after::citext
      AND (NOT p_only_waiting OR (u.waiting_since IS NOT NULL AND u.let_in_at IS NULL AND waits_since(u) IS NOT NULL))
      AND (length(p_search) < 3 OR runs_of_three(u.email::text || ' ' || u.name) @> runs_of_three(p_search))
      AND (p_search = '' OR position(lower(p_search) IN lower(u.email::text)) > 0
           OR position(lower(p_search) IN lower(u.name)) > 0)
    ORDER BY u.email LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.email;
END $$;

-- Rows of four kinds: person, grant, session, history (newest first). None: no such user, or not the actor's to see.
CREATE FUNCTION show_person(p_actor actor, p_user uuid)
RETURNS TABLE (part text, c1 text, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text)
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
  RETURN QUERY SELECT 'person', person.id::text, person.email, person.name, person.state, person.idp,
                      person.created_at, person.last_sign_on_at, person.grants, person.subject;
  RETURN QUERY
  SELECT 'grant', coalesce(g.property, '*'), coalesce(p.name, ''), g.level, iso(g.expires_at), iso(g.granted_at),
         g.granted_by, (judge_grant(p_actor, person.id, coalesce(g.property, '*'), '') = 'done')::text, NULL, NULL
  FROM grants g LEFT JOIN properties p ON p.key = g.property WHERE g.user_id = person.id
  ORDER BY g.property IS NOT NULL, p.name;
  RETURN QUERY
  SELECT 'session', s.reference, s.origin, s.idp, iso(s.created_at), iso(s.last_seen_at), iso(s.expires_at),
         s.client_address, s.user_agent, NULL
  FROM sessions s WHERE s.user_id = person.id AND s.expires_at > now() ORDER BY s.last_seen_at DESC;
  RETURN QUERY
  SELECT 'history', iso(e.at), e.kind, e.code, e.reference, e.actor, e.detail, NULL, NULL, NULL
  FROM ((SELECT a.* FROM audit_events a WHERE a.user_id = person.id ORDER BY a.id DESC LIMIT 100)
        UNION ALL
        (SELECT a.* FROM audit_events a WHERE a.user_id IS NULL AND a.email <> ''
           AND lower(a.email) = lower(person.email) ORDER BY a.id DESC LIMIT 100)) e
  ORDER BY e.id DESC LIMIT 100;
END $$;

-- Whether the actor may give somebody this level at a property, or take away what is held there (level empty).
CREATE FUNCTION judge_grant(p_actor actor, p_user uuid, p_property text, p_level text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_held text := (SELECT g.level FROM grants g WHERE g.user_id = p_user AND coalesce(g.property, '*') = p_property
                  AND (g.expires_at IS NULL OR g.expires_at > now()));
  v_highest int := greatest(array_position(p_actor.levels, p_level), array_position(p_actor.levels, v_held));
BEGIN
  IF p_user IS NOT DISTINCT FROM p_actor.id THEN RETURN 'own_account'; END IF;
  IF NOT is_property(p_property) THEN RETURN 'no_property'; END IF;
  IF NOT may(p_actor, p_property) THEN RETURN 'not_allowed'; END IF;
  IF p_level <> '' AND array_position(p_actor.levels, p_level) IS NULL THEN RETURN 'no_level'; END IF;
  IF v_highest > reach(p_actor, p_property) THEN RETURN 'above_own_level'; END IF;
  RETURN 'done';
END $$;

CREATE FUNCTION change_grant(p_actor actor, p_user uuid, p_property text, p_level text, p_expires text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_expires_at timestamptz := CASE WHEN p_level = '' THEN NULL ELSE instant(p_expires) END;
  v_outcome text;
  person users;
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN refuse(p_actor, 'not_allowed', '', p_user, 'change grant'); END IF;
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  v_outcome := judge_grant(p_actor, p_user, p_property, p_level);
  IF v_outcome IN ('own_account', 'not_allowed', 'above_own_level') THEN
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
  RETURN 'done';
EXCEPTION WHEN foreign_key_violation THEN RETURN 'no_property';  -- removed meanwhile
END $$;

-- Whether the actor may do something to a person as a whole: at every property where that person holds something.
CREATE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM grants x WHERE x.user_id = p_user AND (x.expires_at IS NULL OR x.expires_at > now()) LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;

CREATE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
  v_outcome := CASE WHEN person.id = p_actor.id THEN 'own_account' ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user,
                  CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  IF (person.status = 'disabled') = p_is_disabled THEN RETURN 'done'; END IF;
  UPDATE users SET status = CASE WHEN p_is_disabled THEN 'disabled' ELSE 'active' END WHERE id = p_user;
  IF p_is_disabled THEN DELETE FROM sessions s WHERE s.user_id = p_user; END IF;
  PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
               person.id, 'before: ' || person.status || '; after: ' ||
               CASE WHEN p_is_disabled THEN 'disabled' ELSE 'active' END);
  RETURN 'done';
END $$;

-- Their own sessions may be ended by everybody who may here at all.
CREATE FUNCTION end_sessions(p_actor actor, p_user uuid, p_reference text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  v_count int;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  v_outcome := CASE WHEN person.id = p_actor.id AND may_somewhere(p_actor) THEN 'done'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user, 'end sessions');
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  DELETE FROM sessions s WHERE s.user_id = p_user AND (p_reference = '' OR s.sign_on_id IN (
    SELECT x.sign_on_id FROM sessions x WHERE x.user_id = p_user AND x.reference = p_reference));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count = 0 THEN RETURN CASE WHEN p_reference = '' THEN 'done' ELSE 'not_found' END; END IF;
  INSERT INTO audit_events (kind, reference, actor, email, user_id, client_address, detail)
  VALUES ('sessions_ended', p_reference, p_actor.name, person.email, person.id, p_actor.client_address,
          v_count || CASE WHEN p_reference = '' THEN ' sessions, all' ELSE ' sessions of one sign-on' END);
  RETURN 'done';
END $$;
