-- The Waiting Room: who waits since when, what they are told, and whom they can ask.

-- Trigger: whoever signs on without access begins to wait.
CREATE OR REPLACE FUNCTION begin_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF is_provisioned(NEW) THEN
    IF NEW.waiting_since IS NOT NULL THEN NEW.let_in_at := coalesce(NEW.let_in_at, now()); END IF;
  ELSIF NEW.waiting_since IS NULL OR NEW.let_in_at IS NOT NULL THEN
    NEW.waiting_since := NEW.last_sign_on_at;
    NEW.let_in_at := NULL;
  END IF;
  RETURN NEW;
END $$;

-- Trigger: a grant that counts ends it.
CREATE OR REPLACE FUNCTION end_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET let_in_at = now()
  WHERE id = NEW.user_id AND waiting_since IS NOT NULL AND let_in_at IS NULL
    AND (NEW.expires_at IS NULL OR NEW.expires_at > now()) AND NOT is_closed(coalesce(NEW.property, '*'));
  RETURN NULL;
END $$;

-- NULL: has not signed on, has access, or is disabled.
CREATE OR REPLACE FUNCTION waits_since(person users) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF person.last_sign_on_at IS NULL OR person.status = 'disabled' OR is_provisioned(person) THEN RETURN NULL; END IF;
  IF person.waiting_since IS NOT NULL AND person.let_in_at IS NULL THEN RETURN person.waiting_since; END IF;
  RETURN greatest(person.last_sign_on_at, (SELECT max(g.expires_at) FROM grants g WHERE g.user_id = person.id));
END $$;

-- What waiting_state() says of requests has changed if this has.
CREATE OR REPLACE FUNCTION news_of(p_email citext) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT count(*) || '.' || coalesce((extract(epoch FROM max(coalesce(r.decided_at, r.requested_at))) * 1000000)::bigint, 0)
  FROM access_requests r WHERE r.email = p_email
$$;

-- People of the same identity provider, or not signed on yet with the same domain, who may file a request.
-- There are fewer of them in all companies than people in a large one: the search begins at the grants.
CREATE OR REPLACE FUNCTION approvers_of(person users, p_idp text, p_levels text[], p_needed text)
RETURNS TABLE (id uuid, email text, name text) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_levels text[] := p_levels[array_position(p_levels, p_needed):];
  v_domain text := domain_of(person.email);
BEGIN
  RETURN QUERY
  SELECT DISTINCT u.id, u.email::text, u.name FROM live_grants g JOIN users u ON u.id = g.user_id
  WHERE g.level = ANY (v_levels)
    AND u.status = 'active' AND u.id <> person.id
    AND (u.idp = p_idp OR (u.idp IS NULL AND domain_of(u.email) = v_domain))
  ORDER BY u.name, 2 LIMIT 20;
END $$;

-- One row per approver; at least one row.
CREATE OR REPLACE FUNCTION waiting_state(p_user uuid, p_idp text, p_levels text[], p_needed text)
RETURNS TABLE (kind text, since text, requested_by text, property_name text, reason text, asked_at text,
               approver text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  person users;
  r access_requests;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  SELECT * INTO r FROM access_requests x WHERE x.email = person.email
  ORDER BY x.state <> 'open', coalesce(x.decided_at, x.requested_at) DESC LIMIT 1;
  IF r.state = 'open' THEN
    SELECT * INTO r FROM access_requests x WHERE x.email = person.email AND x.state = 'open'
    ORDER BY x.requested_at, x.id LIMIT 1;
  END IF;
  RETURN QUERY
  SELECT CASE WHEN r.state IN ('open', 'declined') THEN r.state ELSE 'no_request' END,
         CASE WHEN r.state = 'open' THEN iso(r.requested_at) END,
         CASE WHEN r.state IN ('open', 'declined') THEN
           (SELECT coalesce(nullif(b.name, ''), b.email::text) FROM users b WHERE b.id = r.requested_by) END,
         CASE WHEN r.state IN ('open', 'declined') THEN property_label(r.property) END,
         CASE WHEN r.state = 'declined' THEN r.reason END,
         iso(person.asked_at), coalesce(nullif(a.name, ''), a.email)
  FROM (SELECT) one LEFT JOIN approvers_of(person, p_idp, p_levels, p_needed) a ON true;
END $$;

-- At most once a day. The number of letters; 0: none was due, or there is nobody to ask.
CREATE OR REPLACE FUNCTION ask_approvers(p_actor actor, p_idp text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_count int;
BEGIN
  PERFORM lock_people(ARRAY[p_actor.id]);
  SELECT * INTO person FROM users u WHERE u.id = p_actor.id;
  IF waits_since(person) IS NULL OR person.asked_at > now() - interval '1 day' THEN RETURN 0; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT a.email, 'please_request', jsonb_build_object('email', person.email, 'name', person.name)
  FROM approvers_of(person, p_idp, p_actor.levels, p_actor.needed) a;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count = 0 THEN RETURN 0; END IF;
  UPDATE users SET asked_at = now() WHERE id = person.id;
  PERFORM note(p_actor, 'approvers_asked', '', person.email, person.id, v_count || ' people');
  RETURN v_count;
END $$;

-- How many wait, and since when the first of them (microseconds of the epoch): what waits_since() says, for all at once. Nobody begins to
-- wait who has not signed on.
CREATE OR REPLACE FUNCTION waiting_now(OUT people bigint, OUT since bigint) LANGUAGE sql STABLE AS $$
  SELECT count(*), (extract(epoch FROM min(u.waiting_since)) * 1000000)::bigint FROM users u
  WHERE u.waiting_since IS NOT NULL AND u.let_in_at IS NULL
    AND (u.status = 'waiting' OR (u.status = 'active' AND NOT EXISTS (SELECT FROM live_grants g WHERE g.user_id = u.id)))
$$;

-- Those who may wait and whom may_see() allows; p_keys: may_at(), not everywhere. (By itself, as find_people() is.)
CREATE OR REPLACE FUNCTION waiting_in_reach(p_actor actor, p_keys text[]) RETURNS uuid[] LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  me users;
BEGIN
  SELECT * INTO me FROM users u WHERE u.id = p_actor.id;
  RETURN ARRAY(
    SELECT w.id FROM users w WHERE w.waiting_since IS NOT NULL AND w.let_in_at IS NULL AND w.idp = me.idp
    UNION
    SELECT w.id FROM users w WHERE w.waiting_since IS NOT NULL AND w.let_in_at IS NULL
      AND lower(split_part(w.email::text, '@', 2) COLLATE "C") = domain_of(me.email)
    UNION
    SELECT unnest(others_in_reach(p_actor, p_keys)));
END $$;

-- Those who wait and for whom nobody has asked, whoever waits longest first.
CREATE OR REPLACE FUNCTION waiting_without_request(p_actor actor, p_limit int) RETURNS SETOF people LANGUAGE plpgsql AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
  v_limit int := greatest(1, least(p_limit, 1000));
  v_ids uuid[];
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'see who waits');
    RETURN;
  END IF;
  IF '*' = ANY (v_keys) THEN
    v_ids := ARRAY(SELECT u.id FROM users u WHERE u.waiting_since IS NOT NULL AND u.let_in_at IS NULL AND is_forgotten(u)
                   ORDER BY u.waiting_since, u.id LIMIT v_limit);
  ELSE
    v_ids := waiting_in_reach(p_actor, v_keys);
    v_ids := ARRAY(  -- in their order, so that no more of them are looked at than are shown
      SELECT (w.person).id
      FROM (SELECT u AS person FROM users u
            WHERE u.id = ANY (v_ids) AND u.waiting_since IS NOT NULL AND u.let_in_at IS NULL
            ORDER BY u.waiting_since, u.id OFFSET 0) w
      WHERE is_forgotten(w.person) LIMIT v_limit);
  END IF;
  RETURN QUERY SELECT seen.* FROM unnest(v_ids) WITH ORDINALITY AS found(id, number)
  JOIN people p ON p.id = found.id CROSS JOIN LATERAL as_seen(p_actor, p) seen ORDER BY found.number;
END $$;

-- Whether nobody has asked for somebody who waits.
CREATE OR REPLACE FUNCTION is_forgotten(person users) RETURNS boolean LANGUAGE plpgsql STABLE COST 10000 AS $$
BEGIN
  RETURN waits_since(person) IS NOT NULL
    AND NOT EXISTS (SELECT FROM access_requests r WHERE r.email = person.email AND r.state = 'open');
END $$;
