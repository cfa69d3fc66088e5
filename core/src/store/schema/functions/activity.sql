-- How many sign on, give up or are turned away, and how long people wait.

-- What a node counted since it last wrote it down.
CREATE OR REPLACE FUNCTION count_started(p_idps text[], p_counts bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sign_ons_started (day, idp, count)
  SELECT (now() AT TIME ZONE 'UTC')::date, x.idp, sum(x.count)
  FROM unnest(p_idps, p_counts) AS x(idp, count) GROUP BY x.idp ORDER BY x.idp
  ON CONFLICT (day, idp) DO UPDATE SET count = sign_ons_started.count + excluded.count
$$;

-- By day (UTC) and company.
CREATE OR REPLACE FUNCTION activity(p_days int)
RETURNS TABLE (day date, idp text, started bigint, signed_on bigint, refused bigint) LANGUAGE sql STABLE AS $$
  WITH first AS (SELECT (now() AT TIME ZONE 'UTC')::date - (greatest(1, least(p_days, 366)) - 1) AS day),
  counted AS (
    SELECT s.day, s.idp, s.count AS started, 0::bigint AS signed_on, 0::bigint AS refused
    FROM sign_ons_started s WHERE s.day >= (SELECT day FROM first)
    UNION ALL
    SELECT (e.at AT TIME ZONE 'UTC')::date, e.idp, 0, count(*) FILTER (WHERE e.kind = 'signed_on'),
           count(*) FILTER (WHERE e.kind = 'sign_on_refused')
    FROM audit_events e
    WHERE e.kind IN ('signed_on', 'sign_on_refused') AND e.code <> 'replayed' AND e.at >= (SELECT day FROM first)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2)
  SELECT c.day, c.idp, sum(c.started)::bigint, sum(c.signed_on)::bigint, sum(c.refused)::bigint
  FROM counted c GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- How many waited less than an hour, four hours, a day, three days, seven days, longer; and how many wait now.
CREATE OR REPLACE FUNCTION waiting_times(p_days int) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY[count(*) FILTER (WHERE w < '1 hour'), count(*) FILTER (WHERE w >= '1 hour' AND w < '4 hours'),
               count(*) FILTER (WHERE w >= '4 hours' AND w < '1 day'),
               count(*) FILTER (WHERE w >= '1 day' AND w < '3 days'),
               count(*) FILTER (WHERE w >= '3 days' AND w < '7 days'), count(*) FILTER (WHERE w >= '7 days'),
               (SELECT people FROM waiting_now())]
  FROM (SELECT u.let_in_at - u.waiting_since AS w FROM users u
        WHERE u.let_in_at >= now() - make_interval(days => greatest(1, least(p_days, 366)))) let_in
$$;
