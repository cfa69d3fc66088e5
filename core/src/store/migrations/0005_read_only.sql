-- A server that takes no writes, for whatever reason, still says who is signed in: only the note of the use is lost.

CREATE OR REPLACE FUNCTION load_session(p_token_hash bytea, p_idle interval, p_levels text[])
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text, authn_context text,
               authenticated_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash AND x.expires_at > now()
    AND x.last_seen_at > now() - p_idle;
  IF NOT FOUND THEN RETURN; END IF;
  IF s.last_seen_at < now() - interval '1 minute' AND current_setting('transaction_read_only') = 'off' THEN
    UPDATE sessions x SET last_seen_at = now() WHERE x.token_hash = p_token_hash;
  END IF;
  RETURN QUERY
  WITH live AS (
    SELECT coalesce(g.property, '*') AS key, g.level, g.expires_at AS ends
    FROM grants g WHERE g.user_id = s.user_id AND (g.expires_at IS NULL OR g.expires_at > now()))
  SELECT u.status, least(s.expires_at, (SELECT min(ends) FROM live)), s.reference, u.id, u.email::text,
         u.name, s.idp, s.origin,
         coalesce((SELECT l.level FROM live l WHERE array_position(p_levels, l.level) IS NOT NULL
                   ORDER BY array_position(p_levels, l.level) DESC LIMIT 1), ''),
         coalesce((SELECT string_agg(l.key || '=' || l.level, ',' ORDER BY l.key <> '*', l.key)
                   FROM live l), ''),
         s.authn_context, s.authenticated_at
  FROM users u WHERE u.id = s.user_id AND u.status <> 'disabled';
END $$;
