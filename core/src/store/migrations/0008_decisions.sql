-- What becomes of a request: approved, declined, withdrawn; and who is told.

-- Asked for by the actor, or for the actor.
CREATE FUNCTION is_own_request(p_actor actor, r access_requests) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NOT NULL AND
    (r.requested_by IS NOT DISTINCT FROM p_actor.id OR
     EXISTS (SELECT FROM users u WHERE u.id = p_actor.id AND u.email = r.email));
END $$;

CREATE FUNCTION judge_decision(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_key text;
BEGIN
  IF NOT may(p_actor, coalesce(r.property, '*')) THEN RETURN 'not_allowed'; END IF;
  IF r.state <> 'open' THEN RETURN 'decided_already'; END IF;
  IF is_own_request(p_actor, r) THEN RETURN 'own_request'; END IF;
  IF NOT p_is_approval THEN RETURN 'done'; END IF;
  IF v_rank IS NULL THEN RETURN 'no_level'; END IF;
  FOREACH v_key IN ARRAY p_properties LOOP
    IF NOT is_property(v_key) THEN RETURN 'no_property'; END IF;
    IF NOT may(p_actor, v_key) THEN RETURN 'not_allowed'; END IF;
    IF v_rank > reach(p_actor, v_key) THEN RETURN 'above_own_level'; END IF;
  END LOOP;
  IF r.expires_at <= now() THEN RETURN 'expired'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.email = r.email AND u.status = 'disabled') THEN RETURN 'user_disabled'; END IF;
  RETURN 'done';
END $$;

-- What letters about a request say. p_properties: keys.
CREATE FUNCTION letter_about(r access_requests, p_level text, p_properties text[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'email', r.email, 'name', coalesce(nullif(u.name, ''), r.name), 'level', p_level,
    'properties', (SELECT jsonb_agg(coalesce(p.name, k) ORDER BY p.name)
                   FROM unnest(p_properties) k LEFT JOIN properties p ON p.key = k),
    'expires_at', coalesce(to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ''),
    'requested_by', coalesce(nullif(b.name, ''), b.email::text, ''))
  FROM (SELECT) one LEFT JOIN users u ON u.email = r.email LEFT JOIN users b ON b.id = r.requested_by
$$;

-- Operators are nobody that a requester could ask.
CREATE FUNCTION decider_text(p_actor actor) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT u.email::text FROM users u WHERE u.id = (p_actor).id), '')
$$;

-- To the requester, who may be an operator, or disabled meanwhile, or the person.
CREATE FUNCTION write_to_requester(r access_requests, p_template text, p_parameters jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT u.email, p_template, p_parameters FROM users u
  WHERE u.id = r.requested_by AND u.status <> 'disabled' AND u.email <> r.email
$$;

-- An approval takes nothing away: what the person holds that is higher, or as high and lasts as long, stays.
CREATE FUNCTION approve_request(p_actor actor, r access_requests, p_level text, p_properties text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_letter jsonb;
  v_before text;
  v_outcome text;
  v_missing text[];
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.email = r.email FOR UPDATE;
  v_before := grants_text(person.id);
  v_missing := ARRAY(
    SELECT k FROM unnest(p_properties) k WHERE NOT EXISTS (
      SELECT FROM grants g WHERE g.user_id = person.id AND coalesce(g.property, '*') = k
        AND person.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > now())
        AND (array_position(p_actor.levels, g.level) > v_rank OR
             (g.level = p_level AND
              coalesce(g.expires_at, 'infinity') >= coalesce(r.expires_at, 'infinity')))));
  IF cardinality(v_missing) > 0 THEN
    v_outcome := provision(r.email, r.name, p_level, v_missing, r.expires_at, p_actor.name);
    IF v_outcome = 'disabled' THEN RETURN 'user_disabled'; END IF;
    IF v_outcome <> 'provisioned' THEN RETURN 'no_property'; END IF;
    SELECT * INTO person FROM users u WHERE u.email = r.email;
  END IF;
  v_letter := letter_about(r, p_level, p_properties);
  INSERT INTO mail_outbox (recipient, template, parameters) VALUES (r.email, 'access_approved', v_letter);
  PERFORM write_to_requester(r, 'request_approved', v_letter || jsonb_build_object('decided_by', decider_text(p_actor)));
  PERFORM note(p_actor, 'request_approved', '', r.email, person.id,
               'before: ' || v_before || '; after: ' || grants_text(person.id) || '; request ' || r.id);
  RETURN 'done';
END $$;

CREATE FUNCTION decline_request(p_actor actor, r access_requests, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_letter jsonb := letter_about(r, r.level, ARRAY[coalesce(r.property, '*')]) ||
                    jsonb_build_object('reason', p_reason, 'decided_by', decider_text(p_actor));
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.email = r.email;
  IF waits_since(person) IS NOT NULL THEN
    INSERT INTO mail_outbox (recipient, template, parameters)
    VALUES (r.email, 'access_declined', v_letter - 'decided_by' - 'level' - 'requested_by');
  END IF;
  PERFORM write_to_requester(r, 'request_declined', v_letter);
  PERFORM note(p_actor, 'request_declined', '', r.email, person.id,
               grant_text(r.level, r.property, r.expires_at) || '; request ' || r.id ||
               CASE WHEN p_reason <> '' THEN '; reason: ' || p_reason ELSE '' END);
  RETURN 'done';
END $$;

CREATE FUNCTION decide_request(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[], p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_level text := coalesce(nullif(p_level, ''), r.level);
  v_properties text[] := CASE WHEN cardinality(p_properties) = 0 THEN ARRAY[coalesce(r.property, '*')]
                              ELSE ARRAY(SELECT DISTINCT unnest(p_properties)) END;
  v_outcome text := judge_decision(p_actor, r, p_is_approval, v_level, v_properties);
BEGIN
  IF v_outcome IN ('not_allowed', 'own_request', 'above_own_level') THEN
    RETURN refuse(p_actor, v_outcome, r.email, NULL,
                  CASE WHEN p_is_approval THEN 'approve ' || v_level || ' at ' || array_to_string(v_properties, ' ')
                       ELSE 'decline' END || '; request ' || r.id);
  END IF;
  IF v_outcome = 'done' AND p_is_approval THEN
    v_outcome := approve_request(p_actor, r, v_level, v_properties);
  ELSIF v_outcome = 'done' THEN
    v_outcome := decline_request(p_actor, r, p_reason);
  END IF;
  IF v_outcome = 'done' THEN
    UPDATE access_requests SET state = CASE WHEN p_is_approval THEN 'approved' ELSE 'declined' END,
      decided_by = p_actor.id, decided_by_name = p_actor.name, decided_at = now(),
      reason = CASE WHEN p_is_approval THEN '' ELSE p_reason END
    WHERE id = r.id;
  END IF;
  RETURN v_outcome;
END $$;

-- Of those that exist. Of two who decide at once, the second waits for the first and is told of them.
CREATE FUNCTION decide_requests(p_actor actor, p_requests uuid[], p_is_approval boolean, p_level text,
                                p_properties text[], p_reason text)
RETURNS TABLE (request uuid, outcome text, decided_by text) LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  -- By person: locks are taken in the same order by everybody.
  FOR request IN SELECT x.id FROM access_requests x WHERE x.id = ANY (p_requests) ORDER BY x.email, x.id LOOP
    SELECT * INTO r FROM access_requests x WHERE x.id = request FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    outcome := decide_request(p_actor, r, p_is_approval, p_level, p_properties, p_reason);
    decided_by := CASE WHEN outcome = 'decided_already' THEN
      coalesce((SELECT u.email::text FROM users u WHERE u.id = r.decided_by), r.decided_by_name) END;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION withdraw_request(p_actor actor, p_request uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  SELECT * INTO r FROM access_requests x WHERE x.id = p_request FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_actor.id IS NOT NULL AND (r.requested_by IS DISTINCT FROM p_actor.id OR NOT EXISTS (
       SELECT FROM users u WHERE u.id = p_actor.id AND is_provisioned(u))) THEN
    PERFORM refuse(p_actor, 'not_allowed', r.email, NULL, 'withdraw; request ' || r.id);
    RETURN false;
  END IF;
  IF r.state <> 'open' THEN RETURN false; END IF;
  UPDATE access_requests SET state = 'withdrawn', decided_by = p_actor.id, decided_by_name = p_actor.name,
                             decided_at = now() WHERE id = r.id;
  PERFORM note(p_actor, 'request_withdrawn', '', r.email, (SELECT u.id FROM users u WHERE u.email = r.email),
               grant_text(r.level, r.property, r.expires_at) || '; request ' || r.id);
  RETURN true;
END $$;

-- One letter per requester, about the oldest; `more` says how many others. The number of letters.
CREATE FUNCTION remind_open_requests(p_after interval) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  WITH due AS (
    SELECT r.id FROM access_requests r
    WHERE r.state = 'open' AND r.reminded_at IS NULL AND r.requested_at <= now() - p_after
    FOR UPDATE SKIP LOCKED),
  marked AS (
    UPDATE access_requests r SET reminded_at = now() FROM due WHERE r.id = due.id RETURNING r.*),
  counted AS (
    SELECT DISTINCT ON (m.requested_by) m.id, m.requested_by, count(*) OVER (PARTITION BY m.requested_by) AS total
    FROM marked m ORDER BY m.requested_by, m.requested_at, m.id)
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT u.email, 'request_reminder',
         letter_about(r, r.level, ARRAY[coalesce(r.property, '*')]) || jsonb_build_object(
           'note', r.note, 'requested_at', to_char(r.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
           'more', CASE WHEN c.total > 1 THEN (c.total - 1)::text ELSE '' END)
  FROM counted c JOIN access_requests r ON r.id = c.id JOIN users u ON u.id = c.requested_by
  WHERE u.status <> 'disabled';
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
