-- What nodes and commands of schema 40 call.

-- sign_on_activity(), a row for each company on each day.
CREATE OR REPLACE FUNCTION activity(p_days int)
RETURNS TABLE (day date, idp text, started bigint, signed_on bigint, refused bigint) LANGUAGE sql STABLE AS $$
  SELECT x.day, x.idp, sum(x.started)::bigint, sum(x.signed_on)::bigint, sum(x.refused)::bigint
  FROM (SELECT t.day, t.idp, t.started, coalesce(t.signed_on, 0), coalesce(t.refused, 0)
        FROM last_days(p_days) d JOIN sign_on_tallies t ON t.day = d
        UNION ALL
        SELECT d, e.idp, 0, e.signed_on, e.refused FROM last_days(p_days) d CROSS JOIN LATERAL sign_ons_on(d) e WHERE NOT is_counted(d))
       x(day, idp, started, signed_on, refused)
  GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- scim_settle_some() of all at once.
CREATE OR REPLACE FUNCTION scim_apply_table(p_idp text, p_domains text[], p_table_groups text[], p_table_properties text[],
                                            p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[] := ARRAY(SELECT scim_unsettled(p_idp, p_domains, p_table_groups, p_table_properties, p_table_levels, p_levels));
BEGIN
  PERFORM scim_settle_some(p_idp, p_domains, p_table_groups, p_table_properties, p_table_levels, p_levels, v_people);
  RETURN cardinality(v_people);
END $$;
