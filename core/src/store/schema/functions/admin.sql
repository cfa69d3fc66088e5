-- What operators do from the command line: held to no rule, each with its audit event.

-- False: there is one with this address.
CREATE OR REPLACE FUNCTION add_user(p_email text, p_name text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  INSERT INTO users (email, name, status) VALUES (p_email, p_name, 'active')
  ON CONFLICT DO NOTHING RETURNING id INTO v_id;
  IF v_id IS NULL THEN RETURN false; END IF;
  PERFORM note_change('user_added', p_actor, p_email, v_id, '');
  RETURN true;
END $$;

-- give_grants(), and closes the requests for it, as what support gives does. Also in_the_past.
CREATE OR REPLACE FUNCTION provision(p_email text, p_name text, p_level text, p_properties text[], p_expires_at timestamptz,
                          p_actor text, p_levels text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_actor actor := ROW(NULL, p_actor, '', p_levels, '')::actor;
  v_outcome text;
  v_key text;
  person users;
BEGIN
  IF p_expires_at <= now() THEN RETURN 'in_the_past'; END IF;
  v_outcome := give_grants(p_email, p_name, p_level, p_properties, p_expires_at, p_actor);
  IF v_outcome <> 'provisioned' THEN RETURN v_outcome; END IF;
  SELECT * INTO person FROM users u WHERE u.email = p_email::citext;
  FOREACH v_key IN ARRAY p_properties LOOP
    PERFORM close_fulfilled(v_actor, person, v_key, p_level, p_expires_at);
  END LOOP;
  RETURN v_outcome;
END $$;

-- Why rows cannot be imported, of the first such line: nothing is changed. NULL: all can.
CREATE OR REPLACE FUNCTION check_import(p_rows jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'line ' || r.line || ': ' || r.trouble || ' (' || r.email || ')'
  FROM (SELECT x.line, x.email, CASE
          WHEN nullif(x.expires, '')::timestamptz <= now() THEN 'the access would have ended already'
          WHEN NOT is_property(x.property) THEN 'no_property ' || x.property
          WHEN (SELECT u.status FROM users u WHERE u.email = x.email::citext) = 'disabled' THEN 'disabled' END AS trouble
        FROM jsonb_to_recordset(p_rows) AS x(line int, email text, property text, expires text)) r
  WHERE r.trouble IS NOT NULL ORDER BY r.line LIMIT 1
$$;

-- All rows or none: AN001 names the line. How many.
CREATE OR REPLACE FUNCTION import_users(p_rows jsonb, p_actor text, p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  r record;
  v_outcome text;
  v_count int := 0;
BEGIN
  PERFORM meet_people(array_agg(x.email ORDER BY x.line), array_agg(coalesce(x.name, '') ORDER BY x.line))
  FROM jsonb_to_recordset(p_rows) AS x(line int, email citext, name text);
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

-- set_disabled() by an operator.
CREATE OR REPLACE FUNCTION operator_switches(p_email text, p_actor text, p_is_disabled boolean) RETURNS text LANGUAGE sql AS $$
  SELECT set_disabled(ROW(NULL, p_actor, '', '{}', '')::actor,
                      (SELECT id FROM users WHERE email = p_email::citext), p_is_disabled)
$$;

-- False: no such user.
CREATE OR REPLACE FUNCTION disable_user(p_email text, p_actor text) RETURNS boolean LANGUAGE sql AS $$
  SELECT operator_switches(p_email, p_actor, true) = 'done'
$$;

-- enabled; not_disabled; or the directory that switched them off, which takes p_against_directory.
CREATE OR REPLACE FUNCTION switch_on(p_email text, p_actor text, p_against_directory boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  person users := lock_person(p_email::citext);
BEGIN
  IF person.id IS NULL OR person.status <> 'disabled' THEN RETURN 'not_disabled'; END IF;
  IF person.off_by_directory <> '' AND NOT p_against_directory THEN RETURN person.off_by_directory; END IF;
  PERFORM operator_switches(p_email, p_actor, false);
  RETURN 'enabled';
END $$;

-- The next sign-on with this address finds the record, whatever identifier it brings. False: no such user.
CREATE OR REPLACE FUNCTION unpin_user(p_email text, p_actor text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person users := lock_person(p_email::citext);
BEGIN
  IF person.id IS NULL THEN RETURN false; END IF;
  UPDATE users SET idp = NULL, subject = NULL WHERE id = person.id;
  PERFORM end_sessions_of(ARRAY[person.id], NULL, NULL);
  PERFORM note_change('user_unpinned', p_actor, p_email, person.id,
                      coalesce('was ' || person.idp || ' ' || person.subject, ''));
  RETURN true;
END $$;

-- unpin_user() for everybody of a company that calls its people otherwise now: all who are pinned to it, or nobody. A preview only counts.
CREATE OR REPLACE FUNCTION unpin_company(p_idp text, p_actor text, p_is_preview boolean, OUT people int, OUT sessions int)
LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[];
BEGIN
  v_people := ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp);
  people := cardinality(v_people);
  sessions := (SELECT count(*) FROM sessions s WHERE s.user_id = ANY (v_people));
  IF p_is_preview OR people = 0 THEN RETURN; END IF;
  -- Nobody is pinned to it while this goes on.
  PERFORM hold_company(p_idp, true);
  SELECT count(*) INTO sessions FROM end_sessions_of(ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp), NULL, NULL);
  -- Locked now: one or the other was unpinned meanwhile.
  v_people := ARRAY(SELECT u.id FROM users u WHERE u.idp = p_idp);
  people := cardinality(v_people);
  INSERT INTO audit_events (kind, actor, idp, email, user_id, detail)
  SELECT 'user_unpinned', p_actor, p_idp, u.email, u.id, 'was ' || u.idp || ' ' || u.subject
  FROM users u WHERE u.id = ANY (v_people) ORDER BY u.id;
  UPDATE users u SET idp = NULL, subject = NULL WHERE u.id = ANY (v_people);
  INSERT INTO audit_events (kind, actor, idp, detail)
  VALUES ('company_unpinned', p_actor, p_idp, people || ' people, ' || sessions || ' sessions');
END $$;

-- How many.
CREATE OR REPLACE FUNCTION end_company_sessions(p_idp text, p_actor text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[];
  v_count int;
BEGIN
  PERFORM hold_company(p_idp, true);
  v_people := ARRAY(SELECT DISTINCT s.user_id FROM sessions s WHERE s.idp = p_idp);
  SELECT count(*) INTO v_count FROM end_sessions_of(v_people, NULL, p_idp);
  INSERT INTO audit_events (kind, actor, idp, detail)
  VALUES ('company_sessions_ended', p_actor, p_idp, v_count || ' sessions');
  RETURN v_count;
END $$;
