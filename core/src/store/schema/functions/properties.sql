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

-- Grants that count.
CREATE OR REPLACE VIEW live_grants AS
  SELECT g.id, g.user_id, g.property, g.level, g.expires_at, g.granted_at, g.granted_by, g.given_alone_by
  FROM grants g
  WHERE (g.expires_at IS NULL OR g.expires_at > now())
    AND NOT EXISTS (SELECT FROM properties p WHERE p.key = g.property AND p.closed_at IS NOT NULL);
