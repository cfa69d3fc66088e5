-- What operators give closes the requests for it, as what support gives does. `p_levels`: as configured, lowest
-- first. The functions without them stay for nodes of an older version.

CREATE FUNCTION provision(p_email text, p_name text, p_level text, p_properties text[], p_expires_at timestamptz,
                          p_actor text, p_levels text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_actor actor := ROW(NULL, p_actor, '', p_levels, '')::actor;
  v_outcome text;
  v_key text;
  person users;
BEGIN
  IF p_expires_at <= now() THEN RETURN 'in_the_past'; END IF;
  v_outcome := provision(p_email, p_name, p_level, p_properties, p_expires_at, p_actor);
  IF v_outcome <> 'provisioned' THEN RETURN v_outcome; END IF;
  SELECT * INTO person FROM users u WHERE u.email = p_email::citext;
  FOREACH v_key IN ARRAY p_properties LOOP
    PERFORM close_fulfilled(v_actor, person, v_key, p_level, p_expires_at);
  END LOOP;
  RETURN v_outcome;
END $$;

CREATE FUNCTION import_users(p_rows jsonb, p_actor text, p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  r record;
  v_outcome text;
  v_count int := 0;
BEGIN
  FOR r IN SELECT * FROM jsonb_to_recordset(p_rows)
           AS x(line int, email text, name text, property text, level text, expires text) LOOP
    v_outcome := provision(r.email, coalesce(r.name, ''), r.level, ARRAY[r.property],
                           nullif(r.expires, '')::timestamptz, p_actor, p_levels);
    IF v_outcome <> 'provisioned' THEN
      RAISE EXCEPTION 'line %: % (%)', r.line,
        CASE v_outcome WHEN 'in_the_past' THEN 'the access would have ended already' ELSE v_outcome END, r.email
        USING ERRCODE = 'AN001';
    END IF;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
