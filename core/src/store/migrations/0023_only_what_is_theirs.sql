-- Nobody comes into reach by being asked for: whoever files a request learns of that person what anybody may, and
-- only companies and properties of one's own let one act. What one asked for oneself somebody else gives, in whichever way.

CREATE OR REPLACE FUNCTION may_see(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys))
           OR EXISTS (SELECT FROM access_requests r
                      WHERE r.email = u.email AND r.property = ANY (v_keys) AND r.state <> 'withdrawn'
                        AND r.requested_by IS DISTINCT FROM p_actor.id))));
END $$;

CREATE OR REPLACE FUNCTION search_people(p_actor actor, p_search text, p_only_waiting boolean, p_after text, p_limit int)
RETURNS SETOF people LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
  v_is_everywhere boolean := '*' = ANY (v_keys);
  me users;
BEGIN
  IF NOT may_somewhere(p_actor) THEN
    PERFORM refuse(p_actor, 'not_allowed', '', NULL, 'search people');
    RETURN;
  END IF;
  SELECT * INTO me FROM users u WHERE u.id = p_actor.id;
  RETURN QUERY
  SELECT p.* FROM (
    SELECT u.id, u.email FROM users u
    WHERE u.email > p_after::citext
      AND (NOT p_only_waiting OR (u.waiting_since IS NOT NULL AND u.let_in_at IS NULL AND waits_since(u) IS NOT NULL))
      AND (length(p_search) < 3 OR runs_of_three(u.email::text || ' ' || u.name) @> runs_of_three(p_search))
      AND (p_search = '' OR position(lower(p_search) IN lower(u.email::text)) > 0
           OR position(lower(p_search) IN lower(u.name)) > 0)
      -- as may_see() says, for many at once
      AND (v_is_everywhere OR u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys))
           OR EXISTS (SELECT FROM access_requests r
                      WHERE r.email = u.email AND r.property = ANY (v_keys) AND r.state <> 'withdrawn'
                        AND r.requested_by IS DISTINCT FROM p_actor.id))
    ORDER BY u.email LIMIT greatest(1, least(p_limit, 1000))) found
  JOIN people p ON p.id = found.id ORDER BY found.email;
END $$;

-- Whom one may sign out and switch off: not those whom somebody only asked access for.
CREATE FUNCTION may_look_after(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys)))));
END $$;

CREATE OR REPLACE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g grants;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN 'not_allowed'; END IF;
  IF EXISTS (SELECT FROM users u WHERE u.id = p_user) AND NOT may_look_after(p_actor, p_user) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM grants x WHERE x.user_id = p_user AND (x.expires_at IS NULL OR x.expires_at > now()) LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;

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

-- Whether the actor has an open request for that person there, or for more or for a part of it.
CREATE FUNCTION asked_for_it(p_actor actor, p_email citext, p_property text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM access_requests r
                 WHERE r.email = p_email AND r.state = 'open' AND r.requested_by = (p_actor).id
                   AND (r.property IS NULL OR p_property = '*' OR r.property = p_property))
$$;

CREATE OR REPLACE FUNCTION judge_decision(p_actor actor, r access_requests, p_is_approval boolean, p_level text,
                               p_properties text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_rank int := array_position(p_actor.levels, p_level);
  v_key text;
BEGIN
  IF NOT may(p_actor, coalesce(r.property, '*')) THEN RETURN 'not_allowed'; END IF;
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

-- What whoever decides everywhere has switched off, only such a one switches on.
ALTER TABLE users ADD off_by_all boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  v_before text;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
  v_outcome := CASE WHEN person.id = p_actor.id THEN 'own_account'
                    WHEN NOT p_is_disabled AND person.off_by_all AND '*' <> ALL (may_at(p_actor)) THEN 'not_allowed'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user,
                  CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  v_before := state_text(person);
  UPDATE users SET off_by_people = p_is_disabled,
                   off_by_all = p_is_disabled AND (off_by_all OR '*' = ANY (may_at(p_actor))),
                   off_by_directory = CASE WHEN p_actor.id IS NULL AND NOT p_is_disabled THEN ''
                                           ELSE off_by_directory END
  WHERE id = p_user RETURNING * INTO person;
  IF p_is_disabled THEN DELETE FROM sessions s WHERE s.user_id = p_user; END IF;
  IF state_text(person) <> v_before THEN
    PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
                 person.id, 'before: ' || v_before || '; after: ' || state_text(person));
  END IF;
  RETURN CASE WHEN NOT p_is_disabled AND person.status = 'disabled' THEN 'off_by_directory' ELSE 'done' END;
END $$;

-- A group gives nothing to people of a domain that is not the company's any more; it only takes.

CREATE OR REPLACE FUNCTION scim_change_members(p_idp text, p_domains text[], p_group uuid, p_clears boolean, p_adds uuid[],
                                    p_removes uuid[], p_is_renamed boolean, p_table_groups text[],
                                    p_table_properties text[], p_table_levels text[], p_levels text[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_concerned uuid[];
  v_own uuid[];
BEGIN
  v_concerned := ARRAY(
    SELECT unnest(p_adds || p_removes) UNION
    SELECT user_id FROM scim_members WHERE group_id = p_group AND (p_clears OR p_is_renamed));
  v_own := scim_lock_people(p_idp, p_domains, v_concerned);
  IF NOT p_adds <@ v_own THEN RETURN false; END IF;
  DELETE FROM scim_members WHERE group_id = p_group
    AND (user_id = ANY (p_removes) OR (p_clears AND user_id <> ALL (p_adds)));
  INSERT INTO scim_members (group_id, user_id) SELECT p_group, unnest(p_adds) ON CONFLICT DO NOTHING;
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(v_concerned) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
  RETURN true;
END $$;

-- The function without domains stays for commands of an older version.
CREATE FUNCTION scim_apply_table(p_idp text, p_domains text[], p_table_groups text[], p_table_properties text[],
                                 p_table_levels text[], p_levels text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_all uuid[];
  v_own uuid[];
BEGIN
  v_all := ARRAY(
    SELECT m.user_id FROM scim_members m JOIN scim_groups g ON g.id = m.group_id WHERE g.idp = p_idp
    UNION SELECT user_id FROM grants WHERE granted_by = 'scim:' || p_idp);
  v_own := scim_lock_people(p_idp, p_domains, v_all);
  PERFORM scim_settle(p_idp, v_own, p_table_groups, p_table_properties, p_table_levels, p_levels);
  PERFORM scim_settle(p_idp, ARRAY(SELECT unnest(v_all) EXCEPT SELECT unnest(v_own)), '{}', '{}', '{}', '{}');
  RETURN cardinality(v_all);
END $$;

-- Whoever finds the record that another sign-on has just made waits for what happens to it.
CREATE OR REPLACE FUNCTION find_or_create_user(p_idp text, p_subject text, p_email text, p_name text,
                                    p_client text) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE idp = p_idp AND subject = p_subject FOR UPDATE;
  IF FOUND THEN
    IF person.email <> p_email::citext THEN
      IF EXISTS (SELECT FROM users WHERE email = p_email::citext) THEN
        INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
        VALUES ('email_conflict', p_idp, p_email, person.id, p_client, 'another record has this email');
      ELSE
        INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
        VALUES ('email_changed', p_idp, p_email, person.id, p_client, 'was ' || person.email);
        UPDATE users SET email = p_email WHERE id = person.id RETURNING * INTO person;
      END IF;
    END IF;
    RETURN person;
  END IF;

  INSERT INTO users (email, name, status, idp, subject)
  VALUES (p_email, p_name, 'waiting', p_idp, p_subject)
  ON CONFLICT DO NOTHING RETURNING * INTO person;
  IF FOUND THEN
    INSERT INTO audit_events (kind, idp, email, user_id, client_address)
    VALUES ('user_created', p_idp, p_email, person.id, p_client);
    RETURN person;
  END IF;

  UPDATE users SET idp = p_idp, subject = p_subject
  WHERE email = p_email::citext AND subject IS NULL RETURNING * INTO person;
  IF FOUND THEN
    INSERT INTO audit_events (kind, idp, email, user_id, client_address)
    VALUES ('user_pinned', p_idp, p_email, person.id, p_client);
    RETURN person;
  END IF;
  -- A simultaneous first sign-on may have made the record while we waited for it.
  SELECT * INTO person FROM users WHERE idp = p_idp AND subject = p_subject FOR UPDATE;
  RETURN person;
END $$;
