-- New User requests: filed, listed, withdrawn, reminded of. What becomes of them is in decisions.sql. Who asks learns nothing of
-- other companies' people.

-- filed, or why it cannot be.
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
  IF held_rank(person.id, f.property, p_actor.levels) >= v_rank AND may_see(p_actor, person.id) THEN RETURN 'has_access'; END IF;
  RETURN 'filed';
END $$;

-- The rows judged, in their order. A request that is open already has its id; a second row for the same
-- person and property has none.
CREATE OR REPLACE FUNCTION judge_filings(p_actor actor, p_rows filing[]) RETURNS filing[] LANGUAGE sql AS $$
  SELECT array_agg(ROW(f.number, f.email, f.name, f.property, f.level, f.expires_at, f.note,
                       CASE WHEN j.outcome = 'filed' AND (o.id IS NOT NULL OR f.nth > 1) THEN 'already_open'
                            ELSE j.outcome END,
                       CASE WHEN j.outcome <> 'filed' THEN NULL WHEN o.id IS NOT NULL THEN o.id
                            WHEN f.nth = 1 THEN gen_random_uuid() END)::filing ORDER BY f.number)
  FROM (SELECT x.*, x AS whole, row_number() OVER (PARTITION BY x.email, x.property ORDER BY x.number) AS nth
        FROM unnest(p_rows) x) f
  CROSS JOIN LATERAL (SELECT judge_filing(p_actor, f.whole) AS outcome) j
  LEFT JOIN access_requests o
    ON o.email = f.email AND coalesce(o.property, '*') = f.property AND o.state = 'open'
$$;

-- Writes what was judged; raises what the caller judges again after.
CREATE OR REPLACE FUNCTION insert_filings(p_actor actor, p_rows filing[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(ARRAY[p_actor.id]);
  -- In a fixed order, so that two who file the same people wait for one another instead of deadlocking.
  INSERT INTO access_requests (id, email, name, property, level, expires_at, note, requested_by, requested_by_name)
  SELECT f.request, f.email, f.name, nullif(f.property, '*'), f.level, f.expires_at, f.note, p_actor.id,
         p_actor.name
  FROM unnest(p_rows) f ORDER BY f.email, f.property;
  INSERT INTO audit_events (kind, actor, email, user_id, client_address, detail)
  SELECT 'request_filed', p_actor.name, f.email, u.id, p_actor.client_address,
         grant_text(f.level, f.property, f.expires_at) || '; request ' || f.request
  FROM unnest(p_rows) f LEFT JOIN users u ON u.email = f.email ORDER BY f.number;
END $$;

-- All rows or none; a preview writes nothing. One row each, in their order: the outcome, the request if one was filed or is open
-- already, and since when the person waits.
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

-- Requests that the actor may see, as the actor sees them, in the order given. Who calls this has asked whether they may.
CREATE OR REPLACE FUNCTION requests_as_seen(p_actor actor, p_requests uuid[])
RETURNS TABLE (id uuid, email text, name text, property text, property_name text, level text, expires_at text,
               note text, state text, requested_by text, requested_at text, decided_at text, decided_by text,
               reason text, waiting_since text, idp text, may_decide boolean, requester_lost_reach boolean,
               held_level text, held_until text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
  v_is_everywhere boolean := '*' = ANY (v_keys);
  me users;
BEGIN
  SELECT * INTO me FROM users x WHERE x.id = p_actor.id;
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
  FROM unnest(p_requests) WITH ORDINALITY AS wanted(id, number)
  JOIN access_requests r ON r.id = wanted.id
  LEFT JOIN properties p ON p.key = r.property
  LEFT JOIN users u ON u.email = r.email
  LEFT JOIN users b ON b.id = r.requested_by
  LEFT JOIN users d ON d.id = r.decided_by
  LEFT JOIN live_grants g ON g.user_id = u.id AND coalesce(g.property, '*') = coalesce(r.property, '*')
  CROSS JOIN LATERAL (SELECT v_is_everywhere OR coalesce(r.property = ANY (v_keys), false) AS it) is_decider
  -- Of what one asked for oneself one knows no more than before. Colleagues as is_colleague() says.
  CROSS JOIN LATERAL (SELECT v_is_everywhere OR (is_decider.it AND r.requested_by IS DISTINCT FROM p_actor.id)
                             OR coalesce(u.idp = me.idp, false)
                             OR coalesce(r.domain = domain_of(me.email), false) AS it) may_know
  ORDER BY wanted.number;
END $$;

-- Pages of requests: the queue, oldest first (p_requested_by NULL), or one's own, newest first. p_after: the last line's time and id.
CREATE OR REPLACE FUNCTION list_requests(p_actor actor, p_requested_by uuid, p_state text, p_domains text[],
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
BEGIN
  IF NOT may_see(p_actor, p_requested_by) AND p_requested_by <> p_actor.id THEN RETURN; END IF;
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
  RETURN QUERY SELECT s.* FROM requests_as_seen(p_actor, v_ids) s;
END $$;

-- One of them, in any state; no row: there is none that the actor may see.
CREATE OR REPLACE FUNCTION show_request(p_actor actor, p_request uuid)
RETURNS TABLE (id uuid, email text, name text, property text, property_name text, level text, expires_at text,
               note text, state text, requested_by text, requested_at text, decided_at text, decided_by text,
               reason text, waiting_since text, idp text, may_decide boolean, requester_lost_reach boolean,
               held_level text, held_until text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN QUERY SELECT s.* FROM requests_as_seen(p_actor, ARRAY(
    SELECT r.id FROM access_requests r
    WHERE r.id = p_request AND ('*' = ANY (v_keys) OR r.property = ANY (v_keys) OR r.requested_by = p_actor.id))) s;
END $$;

-- By whoever filed it, or an operator. False: there is no such open request.
CREATE OR REPLACE FUNCTION withdraw_request(p_actor actor, p_request uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  r access_requests;
BEGIN
  PERFORM lock_people(p_actor.id || ARRAY(
    SELECT u.id FROM users u JOIN access_requests x ON x.email = u.email WHERE x.id = p_request));
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

-- One letter per requester who still has access, about the oldest; `more` says how many others. The number of letters.
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

-- Trigger: open requests go along with a person's new address, in the order in which requests are filed.
CREATE OR REPLACE FUNCTION requests_follow_address() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  UPDATE access_requests r SET state = 'withdrawn', decided_by_name = 'the address changed', decided_at = now()
  WHERE r.email = OLD.email AND r.state = 'open' AND EXISTS (
    SELECT FROM access_requests o WHERE o.email = NEW.email AND o.state = 'open'
      AND coalesce(o.property, '*') = coalesce(r.property, '*'));
  FOR v_id IN SELECT r.id FROM access_requests r WHERE r.email = OLD.email AND r.state = 'open'
              ORDER BY coalesce(r.property, '*') LOOP
    UPDATE access_requests SET email = NEW.email WHERE id = v_id;
  END LOOP;
  RETURN NULL;
END $$;

-- Removes requests that were decided or withdrawn so long ago. Those for somebody who has access that one person alone gave stay: they may
-- be all by which that person, who approved one perhaps, sees them, and can take the access away. p_keep NULL: none. How many.
CREATE OR REPLACE FUNCTION remove_old_requests(p_keep interval, p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
BEGIN
  IF p_keep IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('anteroom.housekeep')) THEN RETURN 0; END IF;
  DELETE FROM access_requests WHERE id IN (
    SELECT r.id FROM access_requests r WHERE r.state <> 'open' AND coalesce(r.decided_at, r.requested_at) < now() - p_keep
      AND NOT EXISTS (SELECT FROM users u JOIN grants g ON g.user_id = u.id WHERE u.email = r.email AND g.given_alone_by IS NOT NULL)
    LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
