-- Whoever decides at some properties only sees, signs out and switches off people of their own company and
-- people who have, or were asked to have, access at one of these properties: not every customer's.

CREATE FUNCTION domain_of(p_email citext) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(split_part(p_email::text, '@', 2))
$$;

CREATE FUNCTION may_see(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys))
           OR EXISTS (SELECT FROM access_requests r WHERE r.email = u.email AND r.property = ANY (v_keys)))));
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
           OR EXISTS (SELECT FROM access_requests r WHERE r.email = u.email AND r.property = ANY (v_keys)))
    ORDER BY u.email LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.email;
END $$;

CREATE OR REPLACE FUNCTION show_person(p_actor actor, p_user uuid)
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
  IF NOT may_see(p_actor, p_user) THEN
    PERFORM refuse(p_actor, 'not_allowed', person.email, p_user, 'show person');
    RETURN;
  END IF;
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

CREATE OR REPLACE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN 'not_allowed'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.id = p_user) AND NOT may_see(p_actor, p_user) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM grants x WHERE x.user_id = p_user AND (x.expires_at IS NULL OR x.expires_at > now()) LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;
