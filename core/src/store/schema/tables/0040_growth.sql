-- Requests are removed some time after they were decided.
CREATE INDEX access_requests_ended ON access_requests ((coalesce(decided_at, requested_at))) WHERE state <> 'open';
-- Each active session is written now and then (last_seen_at): that fits beside it on its page, and touches no index.
ALTER TABLE sessions SET (fillfactor = 70);

-- Whom somebody sees who decides at some properties: people of their company, with access there, or asked for there.
CREATE INDEX users_of_company ON users (idp, email);
DROP INDEX users_of_domain;
CREATE INDEX users_of_domain ON users ((lower(split_part(email::text, '@', 2) COLLATE "C")), email);
CREATE INDEX users_who_wait_of_company ON users (idp) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX users_who_wait_of_domain ON users ((lower(split_part(email::text, '@', 2) COLLATE "C")))
  WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX grants_of_property ON grants (property, user_id) WHERE property IS NOT NULL;
CREATE INDEX access_requests_of_property ON access_requests (property, email) WHERE state <> 'withdrawn';

-- What is too short for runs of three letters is found where a word begins with it. Letters beyond ASCII separate no words, under any locale.
CREATE FUNCTION words_begin(p text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 AS $$
  SELECT coalesce(array_agg(DISTINCT left(w.word, v.length)), '{}')
  FROM regexp_split_to_table(anteroom.search_key(p) COLLATE "C", '[[:space:][:punct:]]+') AS w(word), (VALUES (1), (2)) AS v(length)
  WHERE w.word <> ''
$$;
CREATE INDEX users_words ON users USING gin (words_begin(email::text || ' ' || name));

-- How many wait is counted by an index alone. (Not with last_sign_on_at in it: each sign-on would write all indexes.)
DROP INDEX users_who_wait;
CREATE INDEX users_who_wait ON users (waiting_since, id) INCLUDE (status) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
