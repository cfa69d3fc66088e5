-- New User requests: filing and listing.

CREATE TYPE filing AS (number bigint, email citext, name text, property text, level text,
                       expires_at timestamptz, note text, outcome text, request uuid);

CREATE FUNCTION judge_filing(p_actor actor, f filing) RETURNS text LANGUAGE plpgsql STABLE AS $$
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
  IF person.status = 'disabled' THEN RETURN 'user_disabled'; END IF;
  IF held_rank(person.id, f.property, p_actor.levels) >= v_rank THEN RETURN 'has_access'; END IF;
  RETURN 'filed';
END $$;

-- The rows judged, in their order. A request that is open already has its id; a second row for the same
-- person and property has none.
CREATE FUNCTION judge_filings(p_actor actor, p_rows filing[]) RETURNS filing[] LANGUAGE sql AS $$
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

CREATE FUNCTION insert_filings(p_actor actor, p_rows filing[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
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

-- One row per row given, in order. All are filed or none; in a preview none.
CREATE FUNCTION file_requests(p_actor actor, p_emails text[], p_names text[], p_properties text[],
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
  RETURN QUERY
  SELECT j.outcome, CASE WHEN v_is_filed OR j.outcome = 'already_open' THEN j.request END,
         CASE WHEN j.outcome IN ('filed', 'already_open') THEN iso(waits_since(u)) END
  FROM unnest(v_judged) j LEFT JOIN users u ON u.email = j.email ORDER BY j.number;
END $$;

-- p_requested_by: that person's own, newest first; otherwise the queue, oldest first.
CREATE FUNCTION list_requests(p_actor actor, p_requested_by uuid, p_state text, p_domains text[],
                              p_property text, p_older_than_days int, p_after text, p_limit int)
RETURNS TABLE (id uuid, email text, name text, property text, property_name text, level text, expires_at text,
               note text, state text, requested_by text, requested_at text, decided_at text, decided_by text,
               reason text, waiting_since text, idp text, may_decide boolean)
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
  SELECT r.id, r.email::text, coalesce(nullif(r.name, ''), u.name, ''), coalesce(r.property, '*'),
         coalesce(p.name, ''), r.level, iso(r.expires_at), r.note, r.state,
         coalesce(b.email::text, r.requested_by_name), iso(r.requested_at), iso(r.decided_at),
         coalesce(d.email::text, r.decided_by_name), r.reason, iso(waits_since(u)), coalesce(u.idp, ''),
         r.state = 'open' AND (v_is_everywhere OR coalesce(r.property = ANY (v_keys), false))
           AND NOT is_own_request(p_actor, r)
  FROM unnest(v_ids) WITH ORDINALITY AS wanted(id, number)
  JOIN access_requests r ON r.id = wanted.id
  LEFT JOIN properties p ON p.key = r.property
  LEFT JOIN users u ON u.email = r.email
  LEFT JOIN users b ON b.id = r.requested_by
  LEFT JOIN users d ON d.id = r.decided_by
  ORDER BY wanted.number;
END $$;
