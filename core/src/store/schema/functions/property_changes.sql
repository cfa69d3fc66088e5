-- Properties added, renamed, closed and opened, by operators and by whoever decides at all properties. A closed one keeps its name, grants,
-- requests and history; nothing is deleted.

-- NULL: the actor may. Otherwise what to answer.
CREATE OR REPLACE FUNCTION refuse_property(p_actor actor, p_what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF may(p_actor, '*') THEN RETURN NULL; END IF;
  RETURN refuse(p_actor, 'not_allowed', '', NULL, p_what);
END $$;

-- Pages in order of key, after p_after. Parts of keys and names are found. p_state: open, closed, or any.
CREATE OR REPLACE FUNCTION search_properties(p_actor actor, p_search text, p_state text, p_after text, p_limit int)
RETURNS TABLE (key text, name text, shared text, closed_at text, closed_by text) LANGUAGE plpgsql AS $$
BEGIN
  IF refuse_property(p_actor, 'list properties') IS NOT NULL THEN RETURN; END IF;
  RETURN QUERY
  SELECT p.key, p.name, shared_key(p.key), iso(p.closed_at), p.closed_by FROM properties p
  WHERE p.key > p_after AND (p_state = '' OR (p_state = 'closed') = (p.closed_at IS NOT NULL))
    AND (p_search = '' OR position(search_key(p_search) IN p.key) > 0
         OR position(search_key(p_search) IN search_key(p.name)) > 0)
  ORDER BY p.key LIMIT greatest(1, least(p_limit, 10000));
END $$;

-- One, with how many people have a level of their own there and how many open requests name it. No row: there is none.
CREATE OR REPLACE FUNCTION show_property(p_actor actor, p_key text)
RETURNS TABLE (key text, name text, shared text, closed_at text, closed_by text, people int, requests int) LANGUAGE plpgsql AS $$
BEGIN
  IF refuse_property(p_actor, 'show property') IS NOT NULL THEN RETURN; END IF;
  RETURN QUERY
  SELECT p.key, p.name, shared_key(p.key), iso(p.closed_at), p.closed_by,
         (SELECT count(*)::int FROM grants g WHERE g.property = p.key AND (g.expires_at IS NULL OR g.expires_at > now())),
         (SELECT count(*)::int FROM access_requests r WHERE r.property = p.key AND r.state = 'open')
  FROM properties p WHERE p.key = p_key;
END $$;

-- done, exists, bad_key or not_allowed.
CREATE OR REPLACE FUNCTION make_property(p_actor actor, p_key text, p_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_property(p_actor, 'add property ' || p_key);
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF p_key !~ '^[a-z0-9][a-z0-9-]{0,62}$' THEN RETURN 'bad_key'; END IF;
  INSERT INTO properties (key, name) VALUES (p_key, p_name) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN 'exists'; END IF;
  PERFORM note(p_actor, 'property_added', '', '', NULL, p_key || ': ' || p_name);
  RETURN 'done';
END $$;

-- done, not_found, not_allowed, or changed: its name is not p_was any more (NULL: whatever it is).
CREATE OR REPLACE FUNCTION rename_property(p_actor actor, p_key text, p_name text, p_was text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_property(p_actor, 'rename property ' || p_key);
  v_name text;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  LOCK TABLE properties IN ROW EXCLUSIVE MODE;  -- before the row, as put_properties() does
  SELECT p.name INTO v_name FROM properties p WHERE p.key = p_key FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  IF v_name = p_name THEN RETURN 'done'; END IF;
  IF v_name <> p_was THEN RETURN 'changed'; END IF;
  UPDATE properties p SET name = p_name WHERE p.key = p_key;
  PERFORM note(p_actor, 'property_renamed', '', '', NULL, p_key || ': before: ' || v_name || '; after: ' || p_name);
  RETURN 'done';
END $$;

-- What would become of each of them, in order.
CREATE OR REPLACE FUNCTION judge_properties(p_keys text[], p_names text[])
RETURNS TABLE (nth bigint, key text, name text, outcome text, was text, is_closed boolean) LANGUAGE sql STABLE AS $$
  SELECT w.nth, w.key, w.name,
         CASE WHEN w.key !~ '^[a-z0-9][a-z0-9-]{0,62}$' THEN 'bad_key' WHEN p.key IS NULL THEN 'added'
              WHEN p.name = w.name THEN 'same' ELSE 'renamed' END,
         coalesce(p.name, ''), p.closed_at IS NOT NULL
  FROM unnest(p_keys, p_names) WITH ORDINALITY w (key, name, nth) LEFT JOIN properties p ON p.key = w.key
  ORDER BY w.nth
$$;

-- Many at once, each key once, in their order: added, renamed, same or bad_key, the name before, and a digest of all of this. They are put in
-- if p_seen is that digest and none is bad: what an earlier call said of the same rows still holds. One row of not_allowed: the actor may not.
CREATE OR REPLACE FUNCTION put_properties(p_actor actor, p_keys text[], p_names text[], p_seen text)
RETURNS TABLE (outcome text, was text, is_closed boolean, seen text) LANGUAGE plpgsql AS $$
DECLARE
  v_refused text := refuse_property(p_actor, 'put in properties');
  v_seen text;
  v_is_done boolean;
  j record;
BEGIN
  IF v_refused IS NOT NULL THEN RETURN QUERY SELECT v_refused, '', false, ''; RETURN; END IF;
  IF p_seen IS NOT NULL THEN LOCK TABLE properties IN SHARE ROW EXCLUSIVE MODE; END IF;  -- nobody writes in between; all read on
  SELECT encode(sha256(convert_to(jsonb_agg(to_jsonb(t) ORDER BY t.nth)::text, 'UTF8')), 'hex'), NOT bool_or(t.outcome = 'bad_key')
  INTO v_seen, v_is_done FROM judge_properties(p_keys, p_names) t;
  v_is_done := coalesce(v_is_done AND v_seen = p_seen, false);
  FOR j IN SELECT * FROM judge_properties(p_keys, p_names) LOOP
    IF v_is_done AND j.outcome = 'added' THEN
      INSERT INTO properties (key, name) VALUES (j.key, j.name);
      PERFORM note(p_actor, 'property_added', '', '', NULL, j.key || ': ' || j.name);
    ELSIF v_is_done AND j.outcome = 'renamed' THEN
      UPDATE properties p SET name = j.name WHERE p.key = j.key;
      PERFORM note(p_actor, 'property_renamed', '', '', NULL, j.key || ': before: ' || j.was || '; after: ' || j.name);
    END IF;
    RETURN QUERY SELECT j.outcome, j.was, j.is_closed, v_seen;
  END LOOP;
END $$;

-- done, not_found, not_allowed, or changed: somebody else was quicker.
CREATE OR REPLACE FUNCTION close_property(p_actor actor, p_key text, p_is_closed boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_property(p_actor, CASE WHEN p_is_closed THEN 'close' ELSE 'open' END || ' property ' || p_key);
  p properties;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  LOCK TABLE properties IN ROW EXCLUSIVE MODE;  -- before the row, as put_properties() does
  SELECT * INTO p FROM properties x WHERE x.key = p_key FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  IF (p.closed_at IS NOT NULL) = p_is_closed THEN RETURN 'changed'; END IF;
  UPDATE properties x SET closed_at = CASE WHEN p_is_closed THEN now() END,
                          closed_by = CASE WHEN p_is_closed THEN p_actor.name ELSE '' END WHERE x.key = p_key;
  PERFORM note(p_actor, CASE WHEN p_is_closed THEN 'property_closed' ELSE 'property_opened' END, '', '', NULL, p_key || ': ' || p.name);
  RETURN 'done';
END $$;

-- Trigger: nodes forget everybody. Whom it concerns is not known here: a grant that is given at this moment is not seen yet.
CREATE OR REPLACE FUNCTION tell_nodes_of_property() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'all');
  RETURN NULL;
END $$;
