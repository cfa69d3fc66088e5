-- What is alike does not depend on the locale that a database was made with: under Turkish, lower('IVAN') is not 'ivan'.
-- Addresses are canonical (ASCII in lower case), so that citext takes them for what they are under every locale.

-- Lower case as the Unicode standard has it, by the first collation for that which this PostgreSQL has; of ASCII alone if it
-- has none. For comparing names of things.
DO $do$
DECLARE
  v_collation text := coalesce((
    SELECT c.collname FROM unnest(ARRAY['und-x-icu', 'pg_c_utf8', 'C.UTF-8', 'C.utf8']) WITH ORDINALITY AS wanted (name, number)
    JOIN pg_collation c ON c.collname = wanted.name AND c.collnamespace = 'pg_catalog'::regnamespace
      AND c.collencoding IN (-1, pg_char_to_encoding('UTF8'))
    ORDER BY wanted.number LIMIT 1), 'C');
BEGIN
  EXECUTE format($create$
    CREATE FUNCTION fold(p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
      SELECT lower(p COLLATE %I)
    $$ $create$, v_collation);
END $do$;
-- As people search: who types i finds every i, and one sigma is the other. Indexes call it, whatever the search path.
CREATE FUNCTION search_key(p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT translate(anteroom.fold(translate(p, 'İı', 'ii')), 'ς', 'σ')
$$;

-- Whatever an old command or somebody by hand writes.
CREATE FUNCTION canonical_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.email := lower(NEW.email::text COLLATE "C");
  RETURN NEW;
END $$;
CREATE TRIGGER users_canonical_address BEFORE INSERT OR UPDATE OF email ON users
  FOR EACH ROW EXECUTE FUNCTION canonical_address();
CREATE TRIGGER access_requests_canonical_address BEFORE INSERT OR UPDATE OF email ON access_requests
  FOR EACH ROW EXECUTE FUNCTION canonical_address();

CREATE OR REPLACE FUNCTION domain_of(p_email citext) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(split_part(p_email::text, '@', 2) COLLATE "C")
$$;

-- Parts of addresses and names are found by an index on their runs of three letters. (pg_trgm would do, but a
-- role may not be allowed to install it.)
CREATE OR REPLACE FUNCTION runs_of_three(p text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 AS $$
  WITH k AS MATERIALIZED (SELECT anteroom.search_key(p) AS key)
  SELECT coalesce(array_agg(DISTINCT substr(k.key, i, 3)), '{}') FROM k, generate_series(1, length(k.key) - 2) i
$$;
REINDEX INDEX users_search;

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
      AND (p_search = '' OR position(search_key(p_search) IN u.email::text) > 0
           OR position(search_key(p_search) IN search_key(u.name)) > 0)
      -- as may_see() says, for many at once
      AND (v_is_everywhere OR u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys)
                      AND g.given_alone_by IS DISTINCT FROM p_actor.id)
           OR EXISTS (SELECT FROM access_requests r
                      WHERE r.email = u.email AND r.property = ANY (v_keys) AND r.state <> 'withdrawn'
                        AND r.requested_by IS DISTINCT FROM p_actor.id))
    ORDER BY u.email LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.email;
END $$;

DROP INDEX audit_events_of_email;
CREATE INDEX audit_events_of_email ON audit_events (lower(email COLLATE "C"), id) WHERE email <> '' AND user_id IS NULL;

CREATE OR REPLACE FUNCTION show_person(p_actor actor, p_user uuid)
RETURNS TABLE (part text, c1 text, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text,
              c10 text)
LANGUAGE plpgsql AS $$
DECLARE
  person people;
BEGIN
  IF may_see_or_refuse(p_actor, p_user, 'show person') IS NOT NULL THEN RETURN; END IF;
  SELECT * INTO person FROM people p WHERE p.id = p_user;
  IF NOT FOUND THEN RETURN; END IF;
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
           AND lower(a.email COLLATE "C") = person.email ORDER BY a.id DESC LIMIT 100)) e
  ORDER BY e.id DESC LIMIT 100;
END $$;

-- Of a filter an empty text is any. PostgreSQL takes its body into the statement, with the indexes.
CREATE OR REPLACE FUNCTION audit_matching(p_since text, p_until text, p_email text, p_idp text, p_kind text, p_code text,
                               p_reference text) RETURNS SETOF audit_events LANGUAGE sql STABLE AS $$
  SELECT * FROM audit_events e
  WHERE (p_since = '' OR e.at >= nullif(p_since, '')::timestamptz)
    AND (p_until = '' OR e.at < nullif(p_until, '')::timestamptz)
    AND (p_email = '' OR lower(e.email COLLATE "C") = lower(p_email COLLATE "C")) AND (p_idp = '' OR e.idp = p_idp)
    AND (p_kind = '' OR e.kind = p_kind) AND (p_code = '' OR e.code = p_code)
    AND (p_reference = '' OR e.reference = p_reference)
$$;

-- People of the same identity provider, or not signed on yet with the same domain, who may file a request.
-- There are fewer of them in all companies than people in a large one: the search begins at the grants.
CREATE OR REPLACE FUNCTION approvers_of(person users, p_idp text, p_levels text[], p_needed text)
RETURNS TABLE (id uuid, email text, name text) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_levels text[] := p_levels[array_position(p_levels, p_needed):];
  v_domain text := domain_of(person.email);
BEGIN
  RETURN QUERY
  SELECT DISTINCT u.id, u.email::text, u.name FROM grants g JOIN users u ON u.id = g.user_id
  WHERE g.level = ANY (v_levels) AND (g.expires_at IS NULL OR g.expires_at > now())
    AND u.status = 'active' AND u.id <> person.id
    AND (u.idp = p_idp OR (u.idp IS NULL AND domain_of(u.email) = v_domain))
  ORDER BY u.name, 2 LIMIT 20;
END $$;

-- Names of accounts and groups, as directories give them.
ALTER TABLE scim_users DROP CONSTRAINT scim_users_idp_user_name_key;
CREATE UNIQUE INDEX scim_users_name ON scim_users (idp, fold(user_name::text));
ALTER TABLE scim_groups DROP CONSTRAINT scim_groups_idp_display_name_key;
CREATE UNIQUE INDEX scim_groups_name ON scim_groups (idp, fold(display_name::text));

CREATE OR REPLACE FUNCTION scim_settle(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                                       p_table_levels text[], p_levels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_actor text := 'scim:' || p_idp;
BEGIN
  DELETE FROM scim_withheld w WHERE w.idp = p_idp AND w.user_id = ANY (p_users) AND NOT EXISTS (
    SELECT FROM scim_members m JOIN scim_groups g ON g.id = m.group_id AND g.idp = p_idp
    JOIN unnest(p_table_groups, p_table_properties) AS t (group_name, property)
      ON fold(t.group_name) = fold(g.display_name::text)
    WHERE m.user_id = w.user_id AND t.property = w.property);
  WITH wanted AS (
    SELECT DISTINCT ON (m.user_id, t.property) m.user_id, t.property AS key, t.level
    FROM scim_members m JOIN scim_groups g ON g.id = m.group_id AND g.idp = p_idp
    JOIN unnest(p_table_groups, p_table_properties, p_table_levels) AS t (group_name, property, level)
      ON fold(t.group_name) = fold(g.display_name::text)
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

-- done, not_found, exists or no_member. NULL leaves as it is.
CREATE OR REPLACE FUNCTION scim_change_group(p_idp text, p_domains text[], p_id uuid, p_display_name text,
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
                             fold(v_name) <> fold(v_before.display_name::text), p_table_groups, p_table_properties,
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
