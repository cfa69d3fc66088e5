-- Access by what companies assert of their people: p_values, p_properties and p_given are what a company's table gives for what the
-- assertion of a sign-on says. What it gives is granted_by 'asserted:COMPANY'.

-- What somebody holds by what was asserted, as {KEY: LEVEL}.
CREATE OR REPLACE FUNCTION held_by_assertion(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(coalesce(g.property, '*'), g.level), '{}')
  FROM grants g WHERE g.user_id = p_user AND g.granted_by LIKE 'asserted:%'
$$;

-- What of it counts: there is such a level and such a property, and people do not withhold it. The highest level of several.
CREATE OR REPLACE FUNCTION asserted_wanted(p_idp text, p_user uuid, p_properties text[], p_given text[], p_levels text[])
RETURNS TABLE (key text, level text) LANGUAGE sql STABLE AS $$
  SELECT t.property, p_levels[max(array_position(p_levels, t.level))]
  FROM unnest(p_properties, p_given) t (property, level)
  WHERE t.level = ANY (p_levels) AND (t.property = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = t.property))
    AND NOT EXISTS (SELECT FROM asserted_withheld w WHERE w.user_id = p_user AND w.idp = p_idp AND w.property = t.property)
  GROUP BY t.property
$$;

-- "elm: none -> manager, oak: viewer -> none; by A (elm); not said any more: B", as audit events say it: values may hold anything, and stand
-- behind what changed.
CREATE OR REPLACE FUNCTION asserted_changes(p_before jsonb, p_after jsonb, p_values text[], p_properties text[], p_gone text[])
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH changes AS (
    SELECT coalesce(b.key, a.key) AS key, b.value AS before, a.value AS after
    FROM jsonb_each_text(p_before) b FULL JOIN jsonb_each_text(p_after) a ON a.key = b.key
    WHERE a.value IS DISTINCT FROM b.value)
  SELECT (SELECT string_agg(c.key || ': ' || coalesce(c.before, 'none') || ' -> ' || coalesce(c.after, 'none'), ', ' ORDER BY c.key COLLATE "C")
          FROM changes c)
         || coalesce('; by ' || (
              SELECT string_agg(DISTINCT (t.value || ' (' || t.property || ')') COLLATE "C", ', ')
              FROM unnest(p_values, p_properties) t (value, property) JOIN changes c ON c.key = t.property AND c.after IS NOT NULL), '')
         || coalesce('; not said any more: ' || nullif(array_to_string(p_gone, ', '), ''), '')
$$;

-- Gives a person, who is locked, what the assertion of their sign-on gives, and takes what it no longer gives, whichever company asserted
-- it: what is missing is filled, what people and directories gave is left alone. p_is_said false: their groups are too many to be named, the
-- rows are all of the table, and those count whose values were said last. At a closed property nothing is given, and what is still given
-- there is kept.
CREATE OR REPLACE FUNCTION settle_asserted(person users, p_idp text, p_is_said boolean, p_values text[], p_properties text[],
                                           p_given text[], p_levels text[]) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  v_origin text := 'asserted:' || p_idp;
  v_before jsonb := held_by_assertion(person.id);
  v_after jsonb;
  v_said text[] := CASE WHEN p_is_said THEN ARRAY(SELECT DISTINCT v FROM unnest(p_values) v ORDER BY v) ELSE person.asserted END;
  v_keys text[];
  v_given text[];
BEGIN
  IF p_is_said THEN
    DELETE FROM asserted_withheld w WHERE w.user_id = person.id AND NOT (w.idp = p_idp AND w.property = ANY (p_properties));
  ELSE
    SELECT coalesce(array_agg(t.value), '{}'), coalesce(array_agg(t.property), '{}'), coalesce(array_agg(t.level), '{}')
    INTO p_values, p_properties, p_given
    FROM unnest(p_values, p_properties, p_given) t (value, property, level) WHERE t.value = ANY (person.asserted);
  END IF;
  SELECT coalesce(array_agg(w.key), '{}'), coalesce(array_agg(w.level), '{}') INTO v_keys, v_given
  FROM asserted_wanted(p_idp, person.id, p_properties, p_given, p_levels) w;
  DELETE FROM grants g WHERE g.user_id = person.id AND g.granted_by LIKE 'asserted:%'
    AND (g.granted_by <> v_origin OR coalesce(g.property, '*') <> ALL (v_keys));
  INSERT INTO grants AS g (user_id, property, level, granted_by)
  SELECT person.id, nullif(w.key, '*'), w.level, v_origin FROM unnest(v_keys, v_given) w (key, level)
  WHERE NOT is_closed(w.key)
  ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
    SET level = excluded.level, expires_at = NULL, granted_at = now(), granted_by = excluded.granted_by
    WHERE origin_replaces(v_origin, g, excluded.level);
  v_after := held_by_assertion(person.id);
  IF v_after <> v_before THEN
    INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
    VALUES ('grants_changed', v_origin, p_idp, person.email, person.id,
            asserted_changes(v_before, v_after, p_values, p_properties,
                             ARRAY(SELECT unnest(person.asserted) EXCEPT SELECT unnest(v_said) ORDER BY 1)));
  END IF;
  UPDATE users u SET asserted = v_said, too_many_at = CASE WHEN NOT p_is_said THEN now() END
  WHERE u.id = person.id AND (NOT p_is_said OR u.asserted <> v_said OR u.too_many_at IS NOT NULL);
  UPDATE users u SET status = 'active' WHERE u.id = person.id AND u.status = 'waiting' AND v_after <> '{}';
  SELECT * INTO person FROM users u WHERE u.id = person.id;
  RETURN person;
END $$;

-- Whether nobody gets more by the tables of these settings (asserted values, groups by SCIM) than the actor, who writes them, holds there:
-- rows that were there before are somebody else's word.
CREATE OR REPLACE FUNCTION reaches_tables(p_actor actor, p_settings jsonb, p_before jsonb) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_path text[];
  v_rows jsonb;
  v_old jsonb;
BEGIN
  IF p_actor.id IS NULL THEN RETURN true; END IF;
  FOREACH v_path SLICE 1 IN ARRAY ARRAY[['access', 'values'], ['scim', 'groups']] LOOP
    v_rows := p_settings #> v_path;
    v_old := CASE WHEN p_settings -> 'access' -> 'attribute' IS NOT DISTINCT FROM p_before -> 'access' -> 'attribute'
                    OR v_path[1] <> 'access'
                  THEN p_before #> v_path END;
    CONTINUE WHEN v_rows IS NULL OR v_rows = v_old;
    IF jsonb_typeof(v_rows) <> 'array' THEN RETURN false; END IF;
    IF EXISTS (
      SELECT FROM jsonb_array_elements(v_rows) r (given)
      CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(given -> 'properties') WHEN 'array' THEN given -> 'properties'
             ELSE jsonb_build_array(given -> 'properties') END) k (property)
      WHERE NOT coalesce(jsonb_typeof(v_old) = 'array' AND v_old @> jsonb_build_array(given), false)
        AND NOT coalesce(array_position(p_actor.levels, given ->> 'level') <= reach(p_actor, k.property), false)) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- What the last sign-on of somebody said, a row for each value, at least one; none for whoever may not look after them.
CREATE OR REPLACE FUNCTION last_asserted(p_actor actor, p_user uuid) RETURNS TABLE (value text, too_many_at text)
LANGUAGE sql STABLE AS $$
  SELECT v.value, iso(u.too_many_at) FROM users u LEFT JOIN LATERAL unnest(u.asserted) v (value) ON true
  WHERE u.id = p_user AND may_look_after(p_actor, p_user)
$$;

-- Of a company's people: whose last sign-on named no groups, for they are too many. At most 1,000 are counted.
CREATE OR REPLACE FUNCTION too_many_groups(p_idp text, OUT people int, OUT last_at text) LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*)::int FROM (SELECT FROM users u WHERE u.idp = p_idp AND u.too_many_at IS NOT NULL LIMIT 1000) counted),
         (SELECT iso(max(u.too_many_at)) FROM users u WHERE u.idp = p_idp AND u.too_many_at IS NOT NULL)
$$;
