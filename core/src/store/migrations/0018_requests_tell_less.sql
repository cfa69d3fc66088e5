-- Requests: who asks learns nothing of other companies' people; nobody grants by hand what they asked for; what
-- should be looked at is not approved along with others; and requests follow the person's address.

-- The audit trail keeps what was tried, and not whatever length somebody chose to try.
CREATE OR REPLACE FUNCTION note(p_actor actor, p_kind text, p_code text, p_email text, p_user uuid, p_detail text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, code, actor, email, user_id, client_address, detail)
  VALUES (p_kind, p_code, (p_actor).name, left(p_email, 320), p_user, (p_actor).client_address, left(p_detail, 1000))
$$;
CREATE OR REPLACE FUNCTION scim_note(p_idp text, p_kind text, p_email text, p_user uuid, p_detail text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  VALUES (p_kind, 'scim:' || p_idp, p_idp, left(p_email, 320), p_user, left(p_detail, 1000))
$$;

-- Of the actor's own company, by where they sign on or by address. Everybody is an operator's.
CREATE FUNCTION is_colleague(p_actor actor, p_email citext) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NULL OR EXISTS (
    SELECT FROM users me LEFT JOIN users u ON u.email = p_email
    WHERE me.id = p_actor.id AND (u.idp = me.idp OR domain_of(p_email) = domain_of(me.email)));
END $$;

CREATE OR REPLACE FUNCTION judge_filing(p_actor actor, f filing) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, f.level);
  person users;
BEGIN
  IF v_rank IS NULL THEN RETURN 'no_level'; END IF;
  IF NOT is_property(f.property) THEN RETURN 'no_property'; END IF;
  IF NOT may(p_actor, f.property) THEN RETURN 'not_allowed'; END IF;
  IF v_rank > reach(p_actor, f.property) THEN RETURN 'above_own_level'; END IF;
  IF f.expires_at = '-infinity' THEN RETURN 'bad_expiry'; END IF;
  IF f.expires_at <= now() THEN RETURN 'in_the_past'; END IF;
  SELECT * INTO person FROM users u WHERE u.email = f.email;
  -- Of others', whoever decides is told.
  IF person.status = 'disabled' AND is_colleague(p_actor, f.email) THEN RETURN 'user_disabled'; END IF;
  IF held_rank(person.id, f.property, p_actor.levels) >= v_rank THEN RETURN 'has_access'; END IF;
  RETURN 'filed';
END $$;

CREATE OR REPLACE FUNCTION file_requests(p_actor actor, p_emails text[], p_names text[], p_properties text[],
                              p_levels text[], p_expires text[], p_notes text[], p_is_preview boolean)
RETURNS TABLE (outcome text, request uuid, waiting_since text) LANGUAGE plpgsql AS $$
DECLARE
  v_given filing[];
  v_judged filing[];
  v_is_filed boolean := false;
  f filing;
BEGIN
  SELECT array_agg(ROW(x.number, x.email::citext, x.name, x.property, x.level, instant(x.expires), x.note,
                       NULL, NULL)::filing)
  INTO v_given
  FROM unnest(p_emails, p_names, p_properties, p_levels, p_expires, p_notes) WITH ORDINALITY
       AS x(email, name, property, level, expires, note, number);
  LOOP
    v_judged := judge_filings(p_actor, v_given);
    EXIT WHEN p_is_preview OR EXISTS (SELECT FROM unnest(v_judged) j WHERE j.outcome <> 'filed');
    BEGIN
      PERFORM insert_filings(p_actor, v_judged);
      v_is_filed := true;
      EXIT;
    EXCEPTION
      WHEN unique_violation THEN NULL;       -- somebody else filed one of them meanwhile
      WHEN foreign_key_violation THEN NULL;  -- a property was removed
    END;
  END LOOP;

  SELECT * INTO f FROM unnest(v_judged) j
  WHERE j.outcome = 'not_allowed' OR (j.outcome = 'above_own_level' AND NOT p_is_preview)
  ORDER BY j.number LIMIT 1;
  IF FOUND THEN
    PERFORM refuse(p_actor, f.outcome, f.email, NULL, 'file ' || grant_text(f.level, f.property, f.expires_at));
  END IF;
  IF NOT v_is_filed AND p_actor.id IS NOT NULL THEN
    -- Whoever only tries addresses of others is seen, too; and by nobody in the history of one of them.
    PERFORM note(p_actor, 'requests_previewed', '', '', NULL,
                 count(*) || ' not of their company: ' || string_agg(j.email::text, ' ' ORDER BY j.number))
    FROM unnest(v_judged) j WHERE NOT is_colleague(p_actor, j.email) HAVING count(*) > 0;
  END IF;
  RETURN QUERY
  SELECT j.outcome, CASE WHEN v_is_filed OR j.outcome = 'already_open' THEN j.request END,
         CASE WHEN j.outcome IN ('filed', 'already_open') AND is_colleague(p_actor, j.email) THEN iso(waits_since(u)) END
  FROM unnest(v_judged) j LEFT JOIN users u ON u.email = j.email ORDER BY j.number;
END $$;

-- Whether whoever asked still reaches what they asked for. Operators do.
CREATE FUNCTION has_lost_reach(p_requester uuid, p_property text, p_level text, p_levels text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT p_requester IS NOT NULL AND held_rank(p_requester, p_property, p_levels) < array_position(p_levels, p_level)
$$;

DROP FUNCTION list_requests(actor, uuid, text, text[], text, int, text, int);
CREATE FUNCTION list_requests(p_actor actor, p_requested_by uuid, p_state text, p_domains text[],
                              p_property text, p_older_than_days int, p_after text, p_limit int)
RETURNS TABLE (id uuid, email text, name text, property text, property_name text, level text, expires_at text,
               note text, state text, requested_by text, requested_at text, decided_at text, decided_by text,
               reason text, waiting_since text, idp text, may_decide boolean, requester_lost_reach boolean,
               held_level text, held_until text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
  v_is_everywhere boolean := '*' = ANY (v_keys);
  v_after text[] := regexp_match(p_after, '^(\S{20}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
  v_after_at timestamptz := nullif(instant(coalesce(v_after[1], '')), '-infinity');
  v_after_id uuid := v_after[2];
  v_limit int := greatest(1, least(p_limit, 1000));
  v_ids uuid[];
  me users;
BEGIN
  SELECT * INTO me FROM users x WHERE x.id = p_actor.id;
  IF p_requested_by IS NOT NULL THEN
    v_ids := ARRAY(
      SELECT r.id FROM access_requests r
      WHERE r.requested_by = p_requested_by
        AND (p_requested_by = p_actor.id OR v_is_everywhere OR r.property = ANY (v_keys))
        AND (v_after_at IS NULL OR (r.requested_at, r.id) < (v_after_at, v_after_id))
      ORDER BY r.requested_at DESC, r.id DESC LIMIT v_limit);
  ELSE
    v_ids := ARRAY(
      SELECT r.id FROM access_requests r
      WHERE (p_state = '' OR r.state = p_state)
        AND (v_is_everywhere OR r.property = ANY (v_keys) OR r.requested_by = p_actor.id)
        AND (cardinality(p_domains) = 0 OR r.domain = ANY (p_domains))
        AND (p_property = '' OR (p_property = '*' AND r.property IS NULL) OR r.property = p_property)
        AND (p_older_than_days <= 0 OR r.requested_at <= now() - make_interval(days => p_older_than_days))
        AND (v_after_at IS NULL OR (r.requested_at, r.id) > (v_after_at, v_after_id))
      ORDER BY r.requested_at, r.id LIMIT v_limit);
  END IF;
  RETURN QUERY
  SELECT r.id, r.email::text, coalesce(nullif(r.name, ''), CASE WHEN may_know.it THEN u.name END, ''),
         coalesce(r.property, '*'), coalesce(p.name, ''), r.level, iso(r.expires_at), r.note, r.state,
         coalesce(b.email::text, r.requested_by_name), iso(r.requested_at), iso(r.decided_at),
         coalesce(d.email::text, r.decided_by_name), r.reason,
         CASE WHEN may_know.it THEN iso(waits_since(u)) END, coalesce(CASE WHEN may_know.it THEN u.idp END, ''),
         r.state = 'open' AND is_decider.it AND NOT is_own_request(p_actor, r),
         r.state = 'open' AND is_decider.it
           AND has_lost_reach(r.requested_by, coalesce(r.property, '*'), r.level, p_actor.levels),
         CASE WHEN is_decider.it AND may_know.it THEN g.level END,
         CASE WHEN is_decider.it AND may_know.it THEN iso(g.expires_at) END
  FROM unnest(v_ids) WITH ORDINALITY AS wanted(id, number)
  JOIN access_requests r ON r.id = wanted.id
  LEFT JOIN properties p ON p.key = r.property
  LEFT JOIN users u ON u.email = r.email
  LEFT JOIN users b ON b.id = r.requested_by
  LEFT JOIN users d ON d.id = r.decided_by
  LEFT JOIN grants g ON g.user_id = u.id AND coalesce(g.property, '*') = coalesce(r.property, '*')
    AND (g.expires_at IS NULL OR g.expires_at > now())
  CROSS JOIN LATERAL (SELECT v_is_everywhere OR coalesce(r.property = ANY (v_keys), false) AS it) is_decider
  -- Of what one asked for oneself one knows no more than before. Colleagues as is_colleague() says.
  CROSS JOIN LATERAL (SELECT v_is_everywhere OR (is_decider.it AND r.requested_by IS DISTINCT FROM p_actor.id)
                             OR coalesce(u.idp = me.idp, false)
                             OR coalesce(r.domain = domain_of(me.email), false) AS it) may_know
  ORDER BY wanted.number;
END $$;

-- What letters about a request say: the name that the requester gave. p_properties: keys.
CREATE OR REPLACE FUNCTION letter_about(r access_requests, p_level text, p_properties text[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'email', r.email, 'name', r.name, 'level', p_level,
    'properties', (SELECT jsonb_agg(coalesce(p.name, k) ORDER BY p.name)
                   FROM unnest(p_properties) k LEFT JOIN properties p ON p.key = k),
    'expires_at', coalesce(to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ''),
    'requested_by', coalesce(nullif(b.name, ''), b.email::text, ''))
  FROM (SELECT) one LEFT JOIN users b ON b.id = r.requested_by
$$;

-- To the person, by their own name.
CREATE FUNCTION write_to_person(r access_requests, person users, p_template text, p_parameters jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  VALUES (r.email, p_template, p_parameters || jsonb_build_object('name', coalesce(nullif(person.name, ''), r.name)))
$$;

-- To the requester, who may be an operator, or without access meanwhile, or the person.
CREATE OR REPLACE FUNCTION write_to_requester(r access_requests, p_template text, p_parameters jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT u.email, p_template, p_parameters FROM users u
  WHERE u.id = r.requested_by AND is_provisioned(u) AND u.email <> r.email
$$;

CREATE FUNCTION tell_of_approval(p_actor actor, r access_requests, person users, p_level text, p_properties text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_letter jsonb := letter_about(r, p_level, p_properties);
BEGIN
  PERFORM write_to_person(r, person, 'access_approved', v_letter);
  PERFORM write_to_requester(r, 'request_approved', v_letter || jsonb_build_object('decided_by', decider_text(p_actor)));
END $$;

CREATE OR REPLACE FUNCTION approve_request(p_actor actor, r access_requests, p_level text, p_properties text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_before text;
  v_outcome text;
  v_missing text[];
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.email = r.email FOR NO KEY UPDATE;
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
  PERFORM tell_of_approval(p_actor, r, person, p_level, p_properties);
  PERFORM note(p_actor, 'request_approved', '', r.email, person.id,
               'before: ' || v_before || '; after: ' || grants_text(person.id) || '; request ' || r.id);
  RETURN 'done';
END $$;

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

-- Whether to approve it along with others would be rash: whoever asked has lost the right to, or a lower level
-- that lasts longer would be lost.
CREATE FUNCTION needs_a_look(p_actor actor, r access_requests, p_level text, p_properties text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT (p_actor).id IS NOT NULL AND (
    has_lost_reach(r.requested_by, coalesce(r.property, '*'), r.level, (p_actor).levels) OR
    EXISTS (SELECT FROM users u JOIN grants g ON g.user_id = u.id
            WHERE u.email = r.email AND coalesce(g.property, '*') = ANY (p_properties)
              AND coalesce(g.expires_at, 'infinity') > greatest(r.expires_at, now())
              AND array_position((p_actor).levels, g.level) < array_position((p_actor).levels, p_level)
              AND r.expires_at IS NOT NULL))
$$;

DROP FUNCTION decide_request(actor, access_requests, boolean, text, text[], text);
CREATE FUNCTION decide_request(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
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

CREATE OR REPLACE FUNCTION decide_requests(p_actor actor, p_requests uuid[], p_is_approval boolean, p_level text,
                                p_properties text[], p_reason text)
RETURNS TABLE (request uuid, outcome text, decided_by text) LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  -- As a directory that changes the same people takes its locks.
  PERFORM FROM users u WHERE u.email IN (SELECT x.email FROM access_requests x WHERE x.id = ANY (p_requests))
  ORDER BY u.id FOR NO KEY UPDATE;
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

CREATE OR REPLACE FUNCTION remind_open_requests(p_after interval) RETURNS int LANGUAGE plpgsql AS $$
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
  WHERE is_provisioned(u);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- A request is for a person: it goes along when their address changes. Of two for one property the one at the
-- new address stays.
CREATE FUNCTION requests_follow_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE access_requests r SET state = 'withdrawn', decided_by_name = 'the address changed', decided_at = now()
  WHERE r.email = OLD.email AND r.state = 'open' AND EXISTS (
    SELECT FROM access_requests o WHERE o.email = NEW.email AND o.state = 'open'
      AND coalesce(o.property, '*') = coalesce(r.property, '*'));
  UPDATE access_requests SET email = NEW.email WHERE email = OLD.email AND state = 'open';
  RETURN NULL;
END $$;
CREATE TRIGGER users_address_changed AFTER UPDATE OF email ON users FOR EACH ROW
  WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION requests_follow_address();

-- What was asked for and is given by hand, for as long or longer, is approved by that.
CREATE FUNCTION close_fulfilled(p_actor actor, person users, p_property text, p_level text, p_expires_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  FOR r IN SELECT * FROM access_requests x
    WHERE x.email = person.email AND x.state = 'open' AND coalesce(x.property, '*') = p_property
      AND array_position(p_actor.levels, x.level) <= array_position(p_actor.levels, p_level)
      AND coalesce(p_expires_at, 'infinity') >= coalesce(x.expires_at, 'infinity') FOR UPDATE
  LOOP
    PERFORM tell_of_approval(p_actor, r, person, p_level, ARRAY[p_property]);
    PERFORM note(p_actor, 'request_approved', '', r.email, person.id, 'by a grant; request ' || r.id);
    UPDATE access_requests SET state = 'approved', decided_by = p_actor.id, decided_by_name = p_actor.name,
                               decided_at = now() WHERE id = r.id;
  END LOOP;
END $$;

-- Whether the actor has an open request for that person there, or for more or for a part of it.
CREATE FUNCTION asked_for_it(p_actor actor, p_email citext, p_property text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM access_requests r
                 WHERE r.email = p_email AND r.state = 'open' AND r.requested_by = (p_actor).id
                   AND (r.property IS NULL OR p_property = '*' OR r.property = p_property))
$$;

CREATE OR REPLACE FUNCTION change_grant(p_actor actor, p_user uuid, p_property text, p_level text, p_expires text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_expires_at timestamptz := CASE WHEN p_level = '' THEN NULL ELSE instant(p_expires) END;
  v_outcome text;
  person users;
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN refuse(p_actor, 'not_allowed', '', p_user, 'change grant'); END IF;
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  v_outcome := judge_grant(p_actor, p_user, p_property, p_level);
  -- What somebody asked for, somebody else gives.
  IF v_outcome = 'done' AND p_level <> '' AND asked_for_it(p_actor, person.email, p_property) THEN
    v_outcome := 'own_request';
  END IF;
  IF v_outcome IN ('own_account', 'not_allowed', 'above_own_level', 'own_request') THEN
    RETURN refuse(p_actor, v_outcome, person.email, person.id,
                  'change grant to ' || coalesce(nullif(p_level, ''), 'nothing') || ' at ' || p_property);
  END IF;
  IF v_outcome <> 'done' THEN RETURN v_outcome; END IF;
  IF v_expires_at = '-infinity' THEN RETURN 'bad_expiry'; END IF;
  IF v_expires_at <= now() THEN RETURN 'in_the_past'; END IF;

  SELECT * INTO g FROM grants x WHERE x.user_id = p_user AND coalesce(x.property, '*') = p_property;
  IF p_level = '' AND g.id IS NULL THEN RETURN 'done'; END IF;
  IF p_level = '' THEN
    DELETE FROM grants x WHERE x.id = g.id;
    IF g.granted_by LIKE 'scim:%' THEN
      INSERT INTO scim_withheld (user_id, idp, property)
      VALUES (p_user, substr(g.granted_by, 6), p_property) ON CONFLICT DO NOTHING;
    END IF;
  ELSE
    INSERT INTO grants (user_id, property, level, expires_at, granted_by)
    VALUES (p_user, nullif(p_property, '*'), p_level, v_expires_at, p_actor.name)
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = excluded.expires_at, granted_at = now(),
          granted_by = excluded.granted_by;
    UPDATE users SET status = 'active' WHERE id = p_user AND status = 'waiting';
  END IF;
  PERFORM note(p_actor, 'grant_changed', '', person.email, person.id,
    'before: ' || coalesce(grant_text(g.level, g.property, g.expires_at), 'nothing at ' || p_property) ||
    '; after: ' || CASE WHEN p_level = '' THEN 'nothing at ' || p_property
                        ELSE grant_text(p_level, p_property, v_expires_at) END);
  IF p_level <> '' THEN PERFORM close_fulfilled(p_actor, person, p_property, p_level, v_expires_at); END IF;
  RETURN 'done';
EXCEPTION WHEN foreign_key_violation THEN RETURN 'no_property';  -- removed meanwhile
END $$;
