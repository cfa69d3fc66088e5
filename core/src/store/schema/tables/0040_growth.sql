-- Indexes that are made IF NOT EXISTS, and functions that they are built on, are made beforehand, while everybody goes on
-- (core/host/migrate.cpp).

-- Requests are removed some time after they were decided.
CREATE INDEX IF NOT EXISTS access_requests_ended ON access_requests ((coalesce(decided_at, requested_at))) WHERE state <> 'open';
-- Each active session is written now and then (last_seen_at): that fits beside it on its page, and touches no index.
ALTER TABLE sessions SET (fillfactor = 70);

-- Whom somebody sees who decides at some properties: people of their company, with access there, or asked for there.
CREATE INDEX IF NOT EXISTS users_of_company ON users (idp, email);
CREATE INDEX IF NOT EXISTS users_of_domain_by_address ON users ((lower(split_part(email::text, '@', 2) COLLATE "C")), email);
CREATE INDEX IF NOT EXISTS users_who_wait_of_company ON users (idp) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX IF NOT EXISTS users_who_wait_of_domain ON users ((lower(split_part(email::text, '@', 2) COLLATE "C")))
  WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX IF NOT EXISTS grants_of_property ON grants (property, user_id) WHERE property IS NOT NULL;
CREATE INDEX IF NOT EXISTS access_requests_of_property ON access_requests (property, email) WHERE state <> 'withdrawn';

-- What is too short for runs of three letters is found where a word begins with it, and anywhere in a word with letters beyond ASCII, which may
-- be a whole name in one. Nothing beyond ASCII separates words under any locale but these four: no-break and ideographic space, apostrophe, dash.
CREATE OR REPLACE FUNCTION words_of(p text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT w FROM regexp_split_to_table(
    translate(anteroom.search_key(p), chr(160) || chr(12288) || chr(8217) || chr(8211), '    ') COLLATE "C", '[[:space:][:punct:]]+') w
  WHERE w <> ''
$$;
CREATE OR REPLACE FUNCTION words_begin(p text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 AS $$
  SELECT coalesce(array_agg(DISTINCT substr(w, v.first, v.length)), '{}')
  FROM anteroom.words_of(p) w
  CROSS JOIN LATERAL (SELECT 1, 1 UNION ALL
                      SELECT i, 2 FROM generate_series(1, CASE WHEN w COLLATE "C" ~ '[^\x01-\x7f]' THEN greatest(1, length(w) - 1) ELSE 1 END) i) v(first, length)
$$;
CREATE INDEX IF NOT EXISTS users_words ON users USING gin (words_begin(email::text || ' ' || name));

-- How many wait is counted by an index alone. (Not with last_sign_on_at in it: each sign-on would write all indexes.)
CREATE INDEX IF NOT EXISTS users_who_wait_by_status ON users (waiting_since, id) INCLUDE (status) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
