-- Properties: what they are called, and which of them are closed. At a closed one nobody has access, by a grant for all neither. What was
-- granted there is kept, and counts again when it is opened.

-- The key where another property has the same name; else nothing.
CREATE OR REPLACE FUNCTION shared_key(p_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT p.key FROM properties p
                   WHERE p.key = p_key AND EXISTS (SELECT FROM properties o WHERE o.name = p.name AND o.key <> p.key)), '')
$$;

-- As letters and the Waiting Room call it: by its name, with the key where another has the same name. NULL: there is none.
CREATE OR REPLACE FUNCTION property_label(p_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT p.name || coalesce(' (' || nullif(shared_key(p.key), '') || ')', '') FROM properties p WHERE p.key = p_key
$$;

-- False of one that there is not, and of '*'.
CREATE OR REPLACE FUNCTION is_closed(p_key text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM properties p WHERE p.key = p_key AND p.closed_at IS NOT NULL)
$$;

-- All of them, as sessions have them: KEY,…; '*' where they are too many for a session, which then takes all for closed.
CREATE OR REPLACE FUNCTION closed_keys() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN length(k.keys) > 60000 THEN '*' ELSE coalesce(k.keys, '') END
  FROM (SELECT string_agg(p.key, ',' ORDER BY p.key) AS keys FROM properties p WHERE p.closed_at IS NOT NULL) k
$$;

-- Which open ones, of p_among (NULL: of all), each text means: the key, or the name with the key in brackets; else a name (which counts as
-- a key does unless keys come first); else parts of these, of two characters at least. By name, at most p_most (0: all) of each text, with
-- how many there are and whether it is more than a part.
CREATE OR REPLACE FUNCTION find_properties(p_among text[], p_texts text[], p_most int, p_keys_first boolean)
RETURNS TABLE (nth int, key text, name text, is_whole boolean, total int) LANGUAGE sql STABLE AS $$
  WITH open AS MATERIALIZED (
    SELECT p.key, p.name, search_key(p.name) AS called FROM properties p
    WHERE p.closed_at IS NULL AND (p_among IS NULL OR p.key = ANY (p_among))
  ), wanted AS MATERIALIZED (
    SELECT t.nth::int, search_key(t.text) AS text FROM unnest(p_texts) WITH ORDINALITY t(text, nth)
  ), hit AS (
    SELECT w.nth, o.key, o.name,
           CASE WHEN w.text IN (o.key, o.called || ' (' || o.key || ')') THEN 1
                WHEN w.text = o.called THEN CASE WHEN p_keys_first THEN 2 ELSE 1 END ELSE 3 END AS likeness
    FROM wanted w JOIN open o
      ON w.text <> '' AND (w.text IN (o.key, o.called, o.called || ' (' || o.key || ')')
                           OR length(w.text) > 1 AND (position(w.text IN o.key) > 0 OR position(w.text IN o.called) > 0))
  ), likest AS (
    SELECT h.*, min(h.likeness) OVER (PARTITION BY h.nth) AS least FROM hit h
  ), numbered AS (
    SELECT l.*, row_number() OVER (PARTITION BY l.nth ORDER BY l.name, l.key) AS place, count(*) OVER (PARTITION BY l.nth) AS count
    FROM likest l WHERE l.likeness = l.least
  )
  SELECT n.nth, n.key, n.name, n.likeness < 3, n.count::int FROM numbered n WHERE p_most = 0 OR n.place <= p_most
  ORDER BY n.nth, n.place
$$;

-- Grants that count.
CREATE OR REPLACE VIEW live_grants AS
  SELECT g.id, g.user_id, g.property, g.level, g.expires_at, g.granted_at, g.granted_by, g.given_alone_by
  FROM grants g
  WHERE (g.expires_at IS NULL OR g.expires_at > now())
    AND NOT EXISTS (SELECT FROM properties p WHERE p.key = g.property AND p.closed_at IS NOT NULL);
