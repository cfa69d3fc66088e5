-- Groups of companies' directories, and the access that a company's table gives for them. p_table_…: the rows of the table.

-- What a company's groups say that its accounts get by the table, whatever else is so; p_users NULL: all of them.
CREATE OR REPLACE FUNCTION scim_said(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                                     p_table_levels text[], p_levels text[])
RETURNS TABLE (user_id uuid, key text, level text) LANGUAGE sql STABLE AS $$
  SELECT m.user_id, t.property, p_levels[max(array_position(p_levels, t.level))]
  FROM scim_groups g
  JOIN unnest(p_table_groups, p_table_properties, p_table_levels) AS t (group_name, property, level)
    ON fold(t.group_name) = fold(g.display_name::text)
  JOIN scim_members m ON m.group_id = g.id
  WHERE g.idp = p_idp AND (p_users IS NULL OR m.user_id = ANY (p_users))
  GROUP BY m.user_id, t.property
$$;

-- What of it counts: people withhold it from nobody, and there is such a property.
CREATE OR REPLACE FUNCTION scim_wanted(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                                       p_table_levels text[], p_levels text[])
RETURNS TABLE (user_id uuid, key text, level text) LANGUAGE sql STABLE AS $$
  SELECT s.user_id, s.key, s.level FROM scim_said(p_idp, p_users, p_table_groups, p_table_properties, p_table_levels, p_levels) s
  WHERE (s.key = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = s.key))
    AND NOT EXISTS (SELECT FROM scim_withheld w WHERE w.user_id = s.user_id AND w.idp = p_idp AND w.property = s.key)
$$;

-- Gives these people, who are locked, what the table gives for their groups, and takes what it no longer gives: what is missing is filled,
-- what people gave is left alone. An empty table takes. At a closed property nothing is given, and what a group still gives is kept.
-- What it would change, scim_unsettled() finds.
CREATE OR REPLACE FUNCTION scim_settle(p_idp text, p_users uuid[], p_table_groups text[], p_table_properties text[],
                                       p_table_levels text[], p_levels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_actor text := 'scim:' || p_idp;
BEGIN
  DELETE FROM scim_withheld w WHERE w.idp = p_idp AND w.user_id = ANY (p_users) AND NOT EXISTS (
    SELECT FROM scim_said(p_idp, p_users, p_table_groups, p_table_properties, p_table_levels, p_levels) s
    WHERE s.user_id = w.user_id AND s.key = w.property);
  WITH wanted AS MATERIALIZED (
    SELECT * FROM scim_wanted(p_idp, p_users, p_table_groups, p_table_properties, p_table_levels, p_levels)),
  before AS (
    SELECT user_id, coalesce(property, '*') AS key, level FROM grants
    WHERE user_id = ANY (p_users) AND granted_by = v_actor),
  taken AS (
    DELETE FROM grants g WHERE g.user_id = ANY (p_users) AND g.granted_by = v_actor AND NOT EXISTS (
      SELECT FROM wanted w WHERE w.user_id = g.user_id AND w.key = coalesce(g.property, '*'))
    RETURNING g.user_id, coalesce(g.property, '*') AS key),
  given AS (
    INSERT INTO grants AS g (user_id, property, level, granted_by)
    SELECT user_id, nullif(key, '*'), level, v_actor FROM wanted WHERE NOT is_closed(key)
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = NULL, granted_at = now(), granted_by = excluded.granted_by
      WHERE origin_replaces(v_actor, g, excluded.level)
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

-- Of whom scim_settle() would change anything, in order of id. Nobody is locked.
CREATE OR REPLACE FUNCTION scim_unsettled(p_idp text, p_domains text[], p_table_groups text[], p_table_properties text[],
                                          p_table_levels text[], p_levels text[])
RETURNS SETOF uuid LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_actor text := 'scim:' || p_idp;
BEGIN
  RETURN QUERY
  WITH own AS MATERIALIZED (
    SELECT a.user_id FROM scim_users a WHERE a.idp = p_idp AND a.domain = ANY (p_domains)),
  said AS MATERIALIZED (
    SELECT s.* FROM scim_said(p_idp, NULL, p_table_groups, p_table_properties, p_table_levels, p_levels) s
    WHERE EXISTS (SELECT FROM own o WHERE o.user_id = s.user_id)),
  wanted AS MATERIALIZED (
    SELECT w.* FROM scim_wanted(p_idp, NULL, p_table_groups, p_table_properties, p_table_levels, p_levels) w
    WHERE EXISTS (SELECT FROM own o WHERE o.user_id = w.user_id)),
  held AS MATERIALIZED (
    SELECT g.user_id, coalesce(g.property, '*') AS key, g AS held FROM grants g
    WHERE g.granted_by LIKE 'scim:%' AND g.granted_by = v_actor)
  SELECT w.user_id FROM scim_withheld w
  WHERE w.idp = p_idp AND NOT EXISTS (SELECT FROM said s WHERE s.user_id = w.user_id AND s.key = w.property)
  UNION
  SELECT h.user_id FROM held h WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.user_id = h.user_id AND w.key = h.key)
  UNION
  SELECT m.user_id  -- most hold it by the group: few are looked up among all that anybody gave
  FROM (SELECT w.* FROM wanted w LEFT JOIN held h ON h.user_id = w.user_id AND h.key = w.key
        WHERE h.held IS NULL OR origin_replaces(v_actor, h.held, w.level) OFFSET 0) m
  WHERE NOT is_closed(m.key)
    AND NOT EXISTS (SELECT FROM grants g WHERE g.user_id = m.user_id AND coalesce(g.property, '*') = m.key
                      AND NOT origin_replaces(v_actor, g, m.level))
  UNION
  SELECT h.user_id FROM held h JOIN (SELECT u.id FROM users u WHERE u.status = 'waiting' OFFSET 0) u ON u.id = h.user_id
  ORDER BY 1;
END $$;

-- False: not all that are added are the company's. A group gives nothing to people of a domain that is not the company's any more; it
-- only takes.
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
  IF EXISTS (SELECT unnest(p_adds) EXCEPT SELECT unnest(v_own)) THEN RETURN false; END IF;
  DELETE FROM scim_members WHERE group_id = p_group
    AND (user_id = ANY (p_removes) OR (p_clears AND user_id NOT IN (SELECT unnest(p_adds))));
  INSERT INTO scim_members (group_id, user_id) SELECT p_group, unnest(p_adds) ON CONFLICT DO NOTHING;
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(v_concerned) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
  RETURN true;
END $$;

-- As audit events say it.
CREATE OR REPLACE FUNCTION scim_counts(p_adds uuid[], p_removes uuid[], p_clears boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_clears THEN ', members replaced' ELSE '' END || ', ' || cardinality(p_adds) || ' added, '
         || cardinality(p_removes) || ' removed'
$$;

-- done, exists or no_member.
CREATE OR REPLACE FUNCTION scim_create_group(p_idp text, p_domains text[], p_display_name text, p_external_id text,
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

-- False: there is none.
CREATE OR REPLACE FUNCTION scim_delete_group(p_idp text, p_domains text[], p_id uuid, p_table_groups text[],
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

-- After the table was changed, of some of scim_unsettled(): they are locked, and while so few are, who signs on waits for nothing that can be
-- felt. Whoever else has settled them meanwhile has done so.
CREATE OR REPLACE FUNCTION scim_settle_some(p_idp text, p_domains text[], p_table_groups text[], p_table_properties text[],
                                            p_table_levels text[], p_levels text[], p_people uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_own uuid[] := scim_lock_people(p_idp, p_domains, p_people);
BEGIN
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(p_people) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
END $$;

-- Of a group, folded. Empty: it has no value.
CREATE OR REPLACE FUNCTION scim_group_value(g scim_groups, p_attribute text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT scim_folded(p_attribute, CASE p_attribute
    WHEN 'displayName' THEN g.display_name::text
    WHEN 'externalId' THEN g.external_id
    WHEN 'id' THEN g.id::text
    WHEN 'meta.created' THEN to_char(g.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    WHEN 'meta.lastModified' THEN to_char(g.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    WHEN 'meta.resourceType' THEN 'Group'
    WHEN 'schemas' THEN 'urn:ietf:params:scim:schemas:core:2.0:Group'
    ELSE '' END)
$$;
