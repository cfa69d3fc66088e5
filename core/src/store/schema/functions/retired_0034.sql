-- What nodes and commands of schema 34 call.

-- Those nodes know no closed properties, and take a grant for all as one for each: while one is closed, they are told the open ones.
-- Cut where a node would cut it, but between two of them.
CREATE OR REPLACE FUNCTION load_session(p_token_hash bytea, p_idle interval, p_levels text[])
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text, authn_context text,
               authenticated_at timestamptz, news text) LANGUAGE sql AS $$
  SELECT s.status, s.expires_at, s.reference, s.user_id, s.email, s.name, s.idp, s.origin, s.access_level,
         CASE WHEN s.closed = '' THEN s.properties ELSE regexp_replace(left(
           (SELECT string_agg(coalesce(p.key, g[1]) || '=' || g[2], ',')
            FROM regexp_matches(s.properties, '([^,=]+)=([^,=]+)', 'g') g
            LEFT JOIN properties p ON g[1] = '*' AND p.closed_at IS NULL
            WHERE g[1] <> '*' OR p.key IS NOT NULL) || ',', 65000), ',[^,]*$', '') END,
         s.authn_context, s.authenticated_at, s.news
  FROM find_session(p_token_hash, p_idle, p_levels) s
$$;

-- False: there is one.
CREATE OR REPLACE FUNCTION add_property(p_key text, p_name text, p_actor text) RETURNS boolean LANGUAGE sql AS $$
  SELECT make_property(ROW(NULL, p_actor, '', '{}', '')::actor, p_key, p_name) = 'done'
$$;
