-- How many sign on, give up or are turned away, and how long people wait.

-- When a day (UTC) begins.
CREATE OR REPLACE FUNCTION begins(p_day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT p_day::timestamp AT TIME ZONE 'UTC'
$$;

-- The last p_days days.
CREATE OR REPLACE FUNCTION last_days(p_days int) RETURNS SETOF date LANGUAGE sql STABLE AS $$
  SELECT (now() AT TIME ZONE 'UTC')::date - ago FROM generate_series(0, greatest(1, least(p_days, 366)) - 1) ago
$$;

-- What a node counted since it last wrote it down.
CREATE OR REPLACE FUNCTION count_started(p_idps text[], p_counts bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sign_on_tallies (day, idp, started)
  SELECT (now() AT TIME ZONE 'UTC')::date, x.idp, sum(x.count)
  FROM unnest(p_idps, p_counts) AS x(idp, count) GROUP BY x.idp ORDER BY x.idp
  ON CONFLICT (day, idp) DO UPDATE SET started = sign_on_tallies.started + excluded.started
$$;

-- Of a day, from its events. What was sent again is no sign-on.
CREATE OR REPLACE FUNCTION sign_ons_on(p_day date) RETURNS TABLE (idp text, signed_on bigint, refused bigint) LANGUAGE sql STABLE AS $$
  SELECT e.idp, count(*) FILTER (WHERE e.kind = 'signed_on'), count(*) FILTER (WHERE e.kind = 'sign_on_refused')
  FROM audit_events e
  WHERE e.at >= begins(p_day) AND e.at < begins(p_day + 1) AND e.kind IN ('signed_on', 'sign_on_refused') AND e.code <> 'replayed'
  GROUP BY e.idp
$$;

-- A day that was counted has a row of no company.
CREATE OR REPLACE FUNCTION is_counted(p_day date) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM sign_on_tallies t WHERE t.day = p_day AND t.idp = '' AND t.signed_on IS NOT NULL)
$$;

-- Counts one day that is over and was not counted, the oldest first. An event bears the time at which its transaction began: an hour later
-- all of them are there. False: none is left; NULL: somebody else counts.
CREATE OR REPLACE FUNCTION count_day() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_day date;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('anteroom.count_day')) THEN RETURN NULL; END IF;
  SELECT min(d) INTO v_day FROM last_days(366) d
  WHERE begins(d + 1) <= now() - interval '1 hour' AND d >= (SELECT (min(e.at) AT TIME ZONE 'UTC')::date FROM audit_events e)
    AND NOT is_counted(d);
  IF v_day IS NULL THEN RETURN false; END IF;
  INSERT INTO sign_on_tallies (day, idp, signed_on, refused)
  SELECT v_day, c.idp, sum(c.signed_on), sum(c.refused)
  FROM (SELECT * FROM sign_ons_on(v_day) UNION ALL SELECT '', 0, 0) c(idp, signed_on, refused) GROUP BY c.idp ORDER BY c.idp
  ON CONFLICT (day, idp) DO UPDATE SET signed_on = excluded.signed_on, refused = excluded.refused;
  RETURN true;
END $$;

-- Of the last p_days days and of one company (empty: all): a row for each day with its sign-ons; one for each of the p_most busiest
-- companies; and one for all others, with how many they are.
CREATE OR REPLACE FUNCTION sign_on_activity(p_days int, p_idp text, p_most int)
RETURNS TABLE (day date, idp text, companies int, started bigint, signed_on bigint, refused bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  WITH counted AS MATERIALIZED (
    SELECT x.day, x.idp, sum(x.started)::bigint AS started, sum(x.signed_on)::bigint AS signed_on, sum(x.refused)::bigint AS refused
    FROM (SELECT t.day, t.idp, t.started, coalesce(t.signed_on, 0) AS signed_on, coalesce(t.refused, 0) AS refused
          FROM sign_on_tallies t WHERE t.day >= (SELECT min(d) FROM last_days(p_days) d) AND (p_idp = '' OR t.idp = p_idp)
          UNION ALL
          SELECT d, e.idp, 0, e.signed_on, e.refused
          FROM last_days(p_days) d CROSS JOIN LATERAL sign_ons_on(d) e
          WHERE NOT is_counted(d) AND (p_idp = '' OR e.idp = p_idp)) x
    GROUP BY GROUPING SETS ((x.day), (x.idp))
    HAVING sum(x.started) + sum(x.signed_on) + sum(x.refused) > 0),
  ranked AS (
    SELECT c.*, row_number() OVER (ORDER BY c.signed_on DESC, c.started DESC, c.idp) AS place
    FROM counted c WHERE c.day IS NULL)
  (SELECT c.day, NULL::text, 0, c.started, c.signed_on, c.refused FROM counted c WHERE c.day IS NOT NULL ORDER BY c.day)
  UNION ALL
  (SELECT NULL, r.idp, 1, r.started, r.signed_on, r.refused FROM ranked r WHERE r.place <= p_most ORDER BY r.place)
  UNION ALL
  SELECT NULL, NULL, count(*)::int, sum(r.started)::bigint, sum(r.signed_on)::bigint, sum(r.refused)::bigint
  FROM ranked r WHERE r.place > p_most HAVING count(*) > 0;
END $$;

-- How many waited less than an hour, four hours, a day, three days, seven days, longer; and how many wait now. (Each one's bucket is
-- looked for once: comparing intervals is what it costs.)
CREATE OR REPLACE FUNCTION waiting_times(p_days int) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  WITH let_in AS MATERIALIZED (
    SELECT width_bucket(u.let_in_at - u.waiting_since, '{1 hour,4 hours,1 day,3 days,7 days}'::interval[]) AS bucket, count(*)
    FROM users u WHERE u.let_in_at >= now() - make_interval(days => greatest(1, least(p_days, 366))) AND u.waiting_since IS NOT NULL
    GROUP BY bucket)
  SELECT ARRAY(SELECT coalesce(l.count, 0) FROM generate_series(0, 5) b LEFT JOIN let_in l ON l.bucket = b ORDER BY b)
         || (SELECT people FROM waiting_now())
$$;
