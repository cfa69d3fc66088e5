-- All people first, in order of id, everywhere: those that a transaction changes and who does it, by one call. Then nobody
-- waits for somebody who waits for them. What is found changed after the locks is asked again by whoever called (lost_race()).

-- The person with this address, locked; made if there is none.
CREATE FUNCTION meet_person(p_email citext, p_name text) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  LOOP
    person := lock_person(p_email);
    IF person.id IS NOT NULL THEN RETURN person; END IF;
    INSERT INTO users (email, name, status) VALUES (p_email, p_name, 'active')
    ON CONFLICT DO NOTHING RETURNING * INTO person;
    IF FOUND THEN RETURN person; END IF;
  END LOOP;
END $$;

-- The same for many. Those who are made come after those who are there, in order of address.
CREATE FUNCTION meet_people(p_emails citext[], p_names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_there uuid[] := ARRAY(SELECT u.id FROM users u WHERE u.email = ANY (p_emails));
  v_made uuid[];
BEGIN
  PERFORM lock_people(v_there);
  WITH made AS (
    INSERT INTO users (email, name, status)
    SELECT DISTINCT ON (n.email) n.email, n.name, 'active'
    FROM unnest(p_emails, p_names) WITH ORDINALITY n (email, name, number)
    WHERE NOT EXISTS (SELECT FROM users u WHERE u.email = n.email) ORDER BY n.email, n.number
    ON CONFLICT DO NOTHING RETURNING id)
  SELECT array_agg(id) INTO v_made FROM made;
  IF EXISTS (SELECT u.id FROM users u WHERE u.email = ANY (p_emails) EXCEPT SELECT unnest(v_there || v_made)) THEN
    PERFORM lost_race();
  END IF;
END $$;

CREATE OR REPLACE FUNCTION provision(p_email text, p_name text, p_level text, p_properties text[], p_expires_at timestamptz,
                          p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_key text;
BEGIN
  SELECT k INTO v_key FROM unnest(p_properties) k
  WHERE k <> '*' AND NOT EXISTS (SELECT FROM properties p WHERE p.key = k) LIMIT 1;
  IF FOUND THEN RETURN 'no_property ' || v_key; END IF;

  person := meet_person(p_email::citext, p_name);
  IF person.status = 'disabled' THEN RETURN 'disabled'; END IF;
  FOREACH v_key IN ARRAY p_properties LOOP
    INSERT INTO grants (user_id, property, level, expires_at, granted_by)
    VALUES (person.id, nullif(v_key, '*'), p_level, p_expires_at, p_actor)
    ON CONFLICT (user_id, (coalesce(property, '*'))) DO UPDATE
      SET level = excluded.level, expires_at = excluded.expires_at, granted_at = now(),
          granted_by = excluded.granted_by;
  END LOOP;
  UPDATE users SET status = 'active', name = coalesce(nullif(name, ''), p_name) WHERE id = person.id;
  PERFORM note_change('provisioned', p_actor, p_email, person.id,
                      p_level || ' at ' || array_to_string(p_properties, ' '));
  RETURN 'provisioned';
END $$;

CREATE OR REPLACE FUNCTION import_users(p_rows jsonb, p_actor text) RETURNS int LANGUAGE plpgsql AS $$
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
                           nullif(r.expires, '')::timestamptz, p_actor);
    IF v_outcome <> 'provisioned' THEN
      RAISE EXCEPTION 'line %: % (%)', r.line, v_outcome, r.email USING ERRCODE = 'AN001';
    END IF;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;

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

-- In the order in which requests are filed.
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

CREATE OR REPLACE FUNCTION ask_approvers(p_actor actor, p_idp text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_count int;
BEGIN
  PERFORM lock_people(ARRAY[p_actor.id]);
  SELECT * INTO person FROM users u WHERE u.id = p_actor.id;
  IF waits_since(person) IS NULL OR person.asked_at > now() - interval '1 day' THEN RETURN 0; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT a.email, 'please_request', jsonb_build_object('email', person.email, 'name', person.name)
  FROM approvers_of(person, p_idp, p_actor.levels, p_actor.needed) a;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count = 0 THEN RETURN 0; END IF;
  UPDATE users SET asked_at = now() WHERE id = person.id;
  PERFORM note(p_actor, 'approvers_asked', '', person.email, person.id, v_count || ' people');
  RETURN v_count;
END $$;

-- Directories.

CREATE OR REPLACE FUNCTION scim_lock_people(p_idp text, p_domains text[], p_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(p_ids);
  RETURN ARRAY(SELECT p.id FROM scim_people p
               WHERE p.id = ANY (p_ids) AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

CREATE OR REPLACE FUNCTION scim_apply_table(p_idp text, p_table_groups text[], p_table_properties text[],
                                 p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_all uuid[];
BEGIN
  v_all := ARRAY(
    SELECT m.user_id FROM scim_members m JOIN scim_groups g ON g.id = m.group_id WHERE g.idp = p_idp
    UNION SELECT user_id FROM grants WHERE granted_by = 'scim:' || p_idp);
  PERFORM lock_people(v_all);
  PERFORM scim_settle(p_idp, v_all, p_table_groups, p_table_properties, p_table_levels, p_levels);
  RETURN cardinality(v_all);
END $$;

CREATE OR REPLACE FUNCTION scim_create_user(p_idp text, p_domains text[], p_user_name text, p_user_name_address text,
                                 p_external_id text, p_work_email text, p_work_address text, p_display_name text,
                                 p_formatted_name text, p_given_name text, p_family_name text, p_is_active boolean,
                                 OUT outcome text, OUT person scim_people) LANGUAGE plpgsql AS $$
DECLARE
  v_email text := coalesce(nullif(p_work_address, ''), nullif(p_user_name_address, ''));
  v_name text := scim_shown_name(p_display_name, p_formatted_name, p_given_name, p_family_name);
  v_user users;
  v_owner text;
BEGIN
  IF v_email IS NULL OR split_part(v_email, '@', 2) <> ALL (p_domains) THEN
    outcome := 'no_address';
    RETURN;
  END IF;
  v_user := meet_person(v_email::citext, v_name);
  SELECT idp INTO v_owner FROM scim_users WHERE user_id = v_user.id;
  IF v_owner = p_idp THEN outcome := 'exists'; RETURN; END IF;
  IF v_user.idp <> p_idp THEN outcome := 'pinned'; RETURN; END IF;
  IF v_owner IS NOT NULL THEN
    DELETE FROM scim_users WHERE user_id = v_user.id;
    PERFORM scim_settle(v_owner, ARRAY[v_user.id], '{}', '{}', '{}', '{}');
  END IF;
  UPDATE users SET name = v_name WHERE id = v_user.id AND v_name <> '' AND name <> v_name;
  INSERT INTO scim_users (user_id, idp, user_name, user_name_address, external_id, work_email, work_address,
                          display_name, formatted_name, given_name, family_name)
  VALUES (v_user.id, p_idp, p_user_name, p_user_name_address, p_external_id, p_work_email, p_work_address,
          p_display_name, p_formatted_name, p_given_name, p_family_name);
  PERFORM scim_set_active(p_idp, v_user.id, p_is_active);
  SELECT * INTO person FROM scim_people p WHERE p.id = v_user.id;
  PERFORM scim_note(p_idp, 'scim_user_created', v_email, v_user.id, scim_described(person));
  outcome := 'done';
EXCEPTION WHEN unique_violation THEN  -- the user name
  outcome := 'exists';
END $$;
