-- Who waits is told at once what becomes of a request for them.

CREATE FUNCTION tell_nodes_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || u.id) FROM users u
  WHERE u.email = NEW.email AND waits_since(u) IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER access_requests_filed AFTER INSERT ON access_requests
  FOR EACH ROW EXECUTE FUNCTION tell_nodes_of_request();
CREATE TRIGGER access_requests_decided AFTER UPDATE OF state ON access_requests
  FOR EACH ROW EXECUTE FUNCTION tell_nodes_of_request();

-- What waiting_state() says of requests has changed if this has.
CREATE FUNCTION news_of(p_email citext) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT count(*) || '.' || coalesce((extract(epoch FROM max(coalesce(r.decided_at, r.requested_at))) * 1000000)::bigint, 0)
  FROM access_requests r WHERE r.email = p_email
$$;

DROP FUNCTION load_session(bytea, interval, text[]);
CREATE FUNCTION load_session(p_token_hash bytea, p_idle interval, p_levels text[])
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text, authn_context text,
               authenticated_at timestamptz, news text) LANGUAGE plpgsql AS $$
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
         s.authn_context, s.authenticated_at,
         CASE WHEN u.status = 'active' AND EXISTS (SELECT FROM live) THEN '' ELSE news_of(u.email) END
  FROM users u WHERE u.id = s.user_id AND u.status <> 'disabled';
END $$;
