-- Decisions on New User requests: approved or declined, and who is told. Nobody decides on what they asked for, by whichever way;
-- what should be looked at is not approved along with others.

-- Asked for by the actor, or for the actor.
CREATE OR REPLACE FUNCTION is_own_request(p_actor actor, r access_requests) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NOT NULL AND
    (r.requested_by IS NOT DISTINCT FROM p_actor.id OR
     EXISTS (SELECT FROM users u WHERE u.id = p_actor.id AND u.email = r.email));
END $$;

-- Whether the actor has an open request for that person there, or for more or for a part of it.
CREATE OR REPLACE FUNCTION asked_for_it(p_actor actor, p_email citext, p_property text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM access_requests r
                 WHERE r.email = p_email AND r.state = 'open' AND r.requested_by = (p_actor).id
                   AND (r.property IS NULL OR p_property = '*' OR r.property = p_property))
$$;

-- Whether whoever asked still reaches what they asked for. Operators do.
CREATE OR REPLACE FUNCTION has_lost_reach(p_requester uuid, p_property text, p_level text, p_levels text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT p_requester IS NOT NULL AND held_rank(p_requester, p_property, p_levels) < array_position(p_levels, p_level)
$$;

-- done, or why not. p_properties: where, if not as it was asked. What was asked for at a property that is closed now is declined by
-- whoever decides at all of them, or approved elsewhere.
CREATE OR REPLACE FUNCTION judge_decision(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_key text;
BEGIN
  IF NOT may(p_actor, decided_at(coalesce(r.property, '*'))) THEN RETURN 'not_allowed'; END IF;
  IF r.state <> 'open' THEN RETURN 'decided_already'; END IF;
  IF is_own_request(p_actor, r) THEN RETURN 'own_request'; END IF;
  IF NOT p_is_approval THEN RETURN 'done'; END IF;
  IF v_rank IS NULL THEN RETURN 'no_level'; END IF;
  FOREACH v_key IN ARRAY p_properties LOOP
    IF NOT is_property(v_key) THEN RETURN 'no_property'; END IF;
    IF NOT may(p_actor, v_key) THEN RETURN 'not_allowed'; END IF;
    IF v_rank > reach(p_actor, v_key) THEN RETURN 'above_own_level'; END IF;
    IF asked_for_it(p_actor, r.email, v_key) THEN RETURN 'own_request'; END IF;
  END LOOP;
  IF r.expires_at <= now() THEN RETURN 'expired'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.email = r.email AND u.status = 'disabled') THEN RETURN 'user_disabled'; END IF;
  RETURN 'done';
END $$;

-- Whether to approve it along with others would be rash: whoever asked has lost the right to, or a lower level
-- that lasts longer would be lost.
CREATE OR REPLACE FUNCTION needs_a_look(p_actor actor, r access_requests, p_level text, p_properties text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT (p_actor).id IS NOT NULL AND (
    has_lost_reach(r.requested_by, coalesce(r.property, '*'), r.level, (p_actor).levels) OR
    EXISTS (SELECT FROM users u JOIN grants g ON g.user_id = u.id
            WHERE u.email = r.email AND coalesce(g.property, '*') = ANY (p_properties)
              AND coalesce(g.expires_at, 'infinity') > greatest(r.expires_at, now())
              AND array_position((p_actor).levels, g.level) < array_position((p_actor).levels, p_level)
              AND r.expires_at IS NOT NULL))
$$;

-- Letters.

-- What letters about a request say: the name that the requester gave. p_properties: keys.
CREATE OR REPLACE FUNCTION letter_about(r access_requests, p_level text, p_properties text[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'email', r.email, 'name', r.name, 'level', p_level,
    'properties', (SELECT jsonb_agg(coalesce(property_label(k), k) ORDER BY property_label(k))
                   FROM unnest(p_properties) k),
    'expires_at', coalesce(to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ''),
    'requested_by', coalesce(nullif(b.name, ''), b.email::text, ''))
  FROM (SELECT) one LEFT JOIN users b ON b.id = r.requested_by
$$;

-- Operators are nobody that a requester could ask.
CREATE OR REPLACE FUNCTION decider_text(p_actor actor) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT u.email::text FROM users u WHERE u.id = (p_actor).id), '')
$$;

-- To the requester, who may be an operator, or without access meanwhile, or the person.
CREATE OR REPLACE FUNCTION write_to_requester(r access_requests, p_template text, p_parameters jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT u.email, p_template, p_parameters FROM users u
  WHERE u.id = r.requested_by AND is_provisioned(u) AND u.email <> r.email
$$;

-- To the person, by their own name.
CREATE OR REPLACE FUNCTION write_to_person(r access_requests, person users, p_template text, p_parameters jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  VALUES (r.email, p_template, p_parameters || jsonb_build_object('name', coalesce(nullif(person.name, ''), r.name)))
$$;

-- The person and whoever asked.
CREATE OR REPLACE FUNCTION tell_of_approval(p_actor actor, r access_requests, person users, p_level text, p_properties text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_letter jsonb := letter_about(r, p_level, p_properties);
BEGIN
  PERFORM write_to_person(r, person, 'access_approved', v_letter);
  PERFORM write_to_requester(r, 'request_approved', v_letter || jsonb_build_object('decided_by', decider_text(p_actor)));
END $$;

-- Deciding.

-- Gives what is missing: a higher level, and one that lasts longer, stay.
CREATE OR REPLACE FUNCTION approve_request(p_actor actor, r access_requests, p_level text, p_properties text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_before text;
  v_outcome text;
  v_missing text[];
  person users := lock_person(r.email);
BEGIN
  v_before := grants_text(person.id);
  v_missing := ARRAY(
    SELECT k FROM unnest(p_properties) k WHERE NOT EXISTS (
      SELECT FROM grants g WHERE g.user_id = person.id AND coalesce(g.property, '*') = k
        AND person.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > now())
        AND (array_position(p_actor.levels, g.level) > v_rank OR
             (g.level = p_level AND
              coalesce(g.expires_at, 'infinity') >= coalesce(r.expires_at, 'infinity')))));
  IF cardinality(v_missing) > 0 THEN
    v_outcome := give_grants(r.email, r.name, p_level, v_missing, r.expires_at, p_actor.name);
    IF v_outcome = 'disabled' THEN RETURN 'user_disabled'; END IF;
    IF v_outcome <> 'provisioned' THEN RETURN 'no_property'; END IF;
    SELECT * INTO person FROM users u WHERE u.email = r.email;
  END IF;
  PERFORM tell_of_approval(p_actor, r, person, p_level, p_properties);
  PERFORM note(p_actor, 'request_approved', '', r.email, person.id,
               'before: ' || v_before || '; after: ' || grants_text(person.id) || '; request ' || r.id);
  RETURN 'done';
END $$;

-- The person is told if they wait, and whoever asked.
CREATE OR REPLACE FUNCTION decline_request(p_actor actor, r access_requests, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_letter jsonb := letter_about(r, r.level, ARRAY[coalesce(r.property, '*')]) ||
                    jsonb_build_object('reason', p_reason, 'decided_by', decider_text(p_actor));
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.email = r.email;
  IF waits_since(person) IS NOT NULL THEN
    PERFORM write_to_person(r, person, 'access_declined', v_letter - 'decided_by' - 'level' - 'requested_by');
  END IF;
  PERFORM write_to_requester(r, 'request_declined', v_letter);
  PERFORM note(p_actor, 'request_declined', '', r.email, person.id,
               grant_text(r.level, r.property, r.expires_at) || '; request ' || r.id ||
               CASE WHEN p_reason <> '' THEN '; reason: ' || p_reason ELSE '' END);
  RETURN 'done';
END $$;

-- One, whose people are locked. p_is_alone: it was looked at. done, or why not.
CREATE OR REPLACE FUNCTION decide_request(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[], p_reason text, p_is_alone boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_level text := coalesce(nullif(p_level, ''), r.level);
  v_properties text[] := CASE WHEN cardinality(p_properties) = 0 THEN ARRAY[coalesce(r.property, '*')]
                              ELSE ARRAY(SELECT DISTINCT unnest(p_properties)) END;
  v_outcome text := judge_decision(p_actor, r, p_is_approval, v_level, v_properties);
BEGIN
  IF v_outcome IN ('not_allowed', 'own_request', 'above_own_level') THEN
    RETURN refuse(p_actor, v_outcome, r.email, NULL,
                  CASE WHEN p_is_approval THEN 'approve' ELSE 'decline' END || '; request ' || r.id ||
                  CASE WHEN p_is_approval THEN '; ' || v_level || ' at ' || array_to_string(v_properties, ' ')
                       ELSE '' END);
  END IF;
  IF v_outcome = 'done' AND p_is_approval AND NOT p_is_alone AND needs_a_look(p_actor, r, v_level, v_properties) THEN
    RETURN 'look_first';
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

-- Who decides is locked with those who are decided on: requests point at both.
CREATE OR REPLACE FUNCTION decide_requests(p_actor actor, p_requests uuid[], p_is_approval boolean, p_level text,
                                p_properties text[], p_reason text)
RETURNS TABLE (request uuid, outcome text, decided_by text) LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  PERFORM lock_people(p_actor.id || ARRAY(
    SELECT u.id FROM users u JOIN access_requests x ON x.email = u.email WHERE x.id = ANY (p_requests)));
  FOR request IN SELECT x.id FROM access_requests x WHERE x.id = ANY (p_requests) ORDER BY x.email, x.id LOOP
    SELECT * INTO r FROM access_requests x WHERE x.id = request FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    outcome := decide_request(p_actor, r, p_is_approval, p_level, p_properties, p_reason,
                              cardinality(p_requests) = 1);
    decided_by := CASE WHEN outcome = 'decided_already' THEN
      coalesce((SELECT u.email::text FROM users u WHERE u.id = r.decided_by), r.decided_by_name) END;
    RETURN NEXT;
  END LOOP;
END $$;

-- Requests that a grant given otherwise fulfils.
CREATE OR REPLACE FUNCTION close_fulfilled(p_actor actor, person users, p_property text, p_level text, p_expires_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  FOR r IN SELECT * FROM access_requests x
    WHERE x.email = person.email AND x.state = 'open' AND coalesce(x.property, '*') = p_property
      AND array_position(p_actor.levels, x.level) <= array_position(p_actor.levels, p_level)
      AND coalesce(p_expires_at, 'infinity') >= coalesce(x.expires_at, 'infinity') ORDER BY x.id FOR UPDATE
  LOOP
    PERFORM tell_of_approval(p_actor, r, person, p_level, ARRAY[p_property]);
    PERFORM note(p_actor, 'request_approved', '', r.email, person.id, 'by a grant; request ' || r.id);
    UPDATE access_requests SET state = 'approved', decided_by = p_actor.id, decided_by_name = p_actor.name,
                               decided_at = now() WHERE id = r.id;
  END LOOP;
END $$;
