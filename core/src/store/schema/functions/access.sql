-- Who has access, and who may give it: rules are applied to the grants that the actor has at that moment.

-- True if the person may go anywhere at all. (PL/pgSQL, because its plans are kept: what holds for one is asked for thousands.)
CREATE OR REPLACE FUNCTION is_provisioned(person users) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF person.status <> 'active' THEN RETURN false; END IF;
  RETURN EXISTS (SELECT FROM live_grants g WHERE g.user_id = person.id);
END $$;

-- People as everything that lists them shows them. state: waiting, active or disabled; grants: KEY=LEVEL,….
CREATE OR REPLACE VIEW people AS
  SELECT u.id, u.email::text AS email, u.name, u.status,
         CASE WHEN u.status = 'active' AND NOT is_provisioned(u) THEN 'waiting' ELSE u.status END AS state,
         coalesce(u.idp, '') AS idp, coalesce(u.subject, '') AS subject,
         to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
         to_char(u.last_sign_on_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_sign_on_at,
         coalesce((SELECT string_agg(coalesce(g.property, '*') || '=' || g.level, ','
                                     ORDER BY g.property IS NOT NULL, g.property)
                   FROM live_grants g WHERE g.user_id = u.id), '') AS grants
  FROM users u;

-- The one with this address. (Of the view alone every person would be read: no index knows its addresses, which are texts; nor one that is
-- compared as "C" has it.)
CREATE OR REPLACE FUNCTION person_with(p_email text) RETURNS SETOF people LANGUAGE sql STABLE AS $$
  SELECT p.* FROM people p WHERE p.id = (SELECT u.id FROM users u WHERE u.email = lower(p_email COLLATE "C")::citext COLLATE "default")
$$;

-- For operators: in order of address, found by a part of address or name. Who waits is looked for before what they are shown with.
CREATE OR REPLACE FUNCTION list_people(p_search text, p_only_waiting boolean, p_limit int) RETURNS SETOF people LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_ids uuid[] := ARRAY(
    SELECT u.id FROM users u
    WHERE (p_search = '' OR position(search_key(p_search) IN search_key(u.email::text)) > 0
           OR position(search_key(p_search) IN search_key(u.name)) > 0)
      AND (NOT p_only_waiting OR u.status = 'waiting' OR (u.status = 'active' AND NOT EXISTS (
             SELECT FROM live_grants g WHERE g.user_id = u.id)))
    ORDER BY u.email LIMIT p_limit);
BEGIN
  RETURN QUERY SELECT p.* FROM unnest(v_ids) WITH ORDINALITY AS found(id, number) JOIN people p ON p.id = found.id ORDER BY found.number;
END $$;

-- People who signed on and have no access.
CREATE OR REPLACE VIEW people_waiting AS
  SELECT u.id, u.email::text AS email, u.name, coalesce(u.idp, '') AS idp, u.last_sign_on_at
  FROM users u
  WHERE u.status <> 'disabled' AND u.last_sign_on_at IS NOT NULL AND NOT EXISTS (SELECT FROM live_grants g WHERE g.user_id = u.id);

-- How high somebody reaches at a property, counted from 1; 0: not at all. Grants for all properties count
-- everywhere but at closed ones, and they alone at '*'. A level that is no longer configured counts for nothing.
CREATE OR REPLACE FUNCTION held_rank(p_user uuid, p_property text, p_levels text[]) RETURNS int
LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(array_position(p_levels, g.level)), 0)
  FROM users u JOIN live_grants g ON g.user_id = u.id
  WHERE u.id = p_user AND u.status = 'active' AND (g.property IS NULL OR g.property = p_property)
    AND NOT is_closed(p_property)
$$;

-- How high the actor reaches there: an operator to the top.
CREATE OR REPLACE FUNCTION reach(p_actor actor, p_property text) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_actor.id IS NULL THEN RETURN cardinality(p_actor.levels); END IF;
  RETURN held_rank(p_actor.id, p_property, p_actor.levels);
END $$;

-- Whether the actor reaches what is needed at a property.
CREATE OR REPLACE FUNCTION may(p_actor actor, p_property text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NULL OR
         coalesce(reach(p_actor, p_property) >= array_position(p_actor.levels, p_actor.needed), false);
END $$;

-- The properties at which the actor may, none of them closed; '*' among them: everywhere.
CREATE OR REPLACE FUNCTION may_at(p_actor actor) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_actor.id IS NULL THEN RETURN '{*}'; END IF;
  RETURN ARRAY(
    SELECT coalesce(g.property, '*') FROM users u JOIN live_grants g ON g.user_id = u.id
    WHERE u.id = p_actor.id AND u.status = 'active'
      AND array_position(p_actor.levels, g.level) >= array_position(p_actor.levels, p_actor.needed));
END $$;

-- Whether the actor may at any property.
CREATE OR REPLACE FUNCTION may_somewhere(p_actor actor) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT cardinality(may_at(p_actor)) > 0
$$;

-- Where access can be asked for and given; '*' stands for all.
CREATE OR REPLACE FUNCTION is_property(p_key text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p_key = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = p_key AND p.closed_at IS NULL)
$$;

-- Who has a say about what is kept of a property: at a closed one whoever has at all of them.
CREATE OR REPLACE FUNCTION decided_at(p_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN is_closed(p_key) THEN '*' ELSE p_key END
$$;

-- Whether the actor may give somebody this level at a property, or take away what is held there (level empty). At a closed one nothing
-- is given, and whoever decides at all properties takes.
CREATE OR REPLACE FUNCTION judge_grant(p_actor actor, p_user uuid, p_property text, p_level text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_held text := (SELECT g.level FROM grants g WHERE g.user_id = p_user AND coalesce(g.property, '*') = p_property
                  AND (g.expires_at IS NULL OR g.expires_at > now()));
  v_where text := CASE WHEN p_level = '' THEN decided_at(p_property) ELSE p_property END;
  v_highest int := greatest(array_position(p_actor.levels, p_level), array_position(p_actor.levels, v_held));
BEGIN
  IF p_user IS NOT DISTINCT FROM p_actor.id THEN RETURN 'own_account'; END IF;
  IF NOT is_property(v_where) THEN RETURN 'no_property'; END IF;
  IF NOT may(p_actor, v_where) THEN RETURN 'not_allowed'; END IF;
  IF p_level <> '' AND array_position(p_actor.levels, p_level) IS NULL THEN RETURN 'no_level'; END IF;
  IF v_highest > reach(p_actor, v_where) THEN RETURN 'above_own_level'; END IF;
  RETURN 'done';
END $$;

-- Gives somebody a level at properties ('*': all); makes the record where there is none. provisioned, disabled or no_property KEY, of one
-- that there is not or that is closed.
CREATE OR REPLACE FUNCTION give_grants(p_email text, p_name text, p_level text, p_properties text[], p_expires_at timestamptz,
                          p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_key text;
BEGIN
  SELECT k INTO v_key FROM unnest(p_properties) k
  WHERE NOT is_property(k) LIMIT 1;
  IF FOUND THEN RETURN 'no_property ' || v_key; END IF;

  person := meet_person(p_email::citext, p_name);
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

-- What companies' own directories give: granted_by 'scim:COMPANY' by groups, 'asserted:COMPANY' by what is said at sign-on.

-- Whether what such an origin gives takes the place of what somebody holds: what others gave is left alone until it ends.
CREATE OR REPLACE FUNCTION origin_replaces(p_origin text, held grants, p_level text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (held.granted_by = p_origin AND held.level <> p_level) OR coalesce(held.expires_at <= now(), false)
$$;

-- People changed or took what that origin gave: it does not give it back while it would go on giving it. Nothing for other origins.
CREATE OR REPLACE FUNCTION withhold(p_user uuid, p_origin text, p_property text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_origin LIKE 'scim:%' THEN
    INSERT INTO scim_withheld (user_id, idp, property) VALUES (p_user, substr(p_origin, 6), p_property) ON CONFLICT DO NOTHING;
  ELSIF p_origin LIKE 'asserted:%' THEN
    INSERT INTO asserted_withheld (user_id, idp, property) VALUES (p_user, substr(p_origin, 10), p_property) ON CONFLICT DO NOTHING;
  END IF;
END $$;

-- Trigger: what one gave oneself brings nobody into reach, and no longer counts as given by one alone once somebody else gave it, too.
CREATE OR REPLACE FUNCTION remember_who_gave() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_giver uuid := (SELECT u.id FROM users u WHERE u.email = NEW.granted_by::citext);
BEGIN
  NEW.given_alone_by := CASE WHEN TG_OP = 'INSERT' OR OLD.given_alone_by = v_giver THEN v_giver END;
  RETURN NEW;
END $$;
