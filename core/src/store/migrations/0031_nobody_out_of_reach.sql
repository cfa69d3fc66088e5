-- Out of reach is out of reach: every function that takes a person's id begins with may_see(), and answers for somebody whom
-- the actor may not see as for nobody. What one gave oneself brings nobody into reach, as what one asked for does not.

-- The one person who ever gave it; NULL: an operator, a directory, or several.
ALTER TABLE grants ADD given_alone_by uuid;
ALTER TABLE grants DISABLE TRIGGER grants_changed;
UPDATE grants g SET given_alone_by = u.id FROM users u WHERE g.granted_by LIKE '%@%' AND u.email = g.granted_by::citext;
ALTER TABLE grants ENABLE TRIGGER grants_changed;

CREATE FUNCTION remember_who_gave() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_giver uuid := (SELECT u.id FROM users u WHERE u.email = NEW.granted_by::citext);
BEGIN
  NEW.given_alone_by := CASE WHEN TG_OP = 'INSERT' OR OLD.given_alone_by = v_giver THEN v_giver END;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_remember_who_gave BEFORE INSERT OR UPDATE OF granted_by ON grants
  FOR EACH ROW EXECUTE FUNCTION remember_who_gave();

-- Whom one may sign out and switch off: not those whom somebody only asked access for.
CREATE OR REPLACE FUNCTION may_look_after(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys)
                      AND g.given_alone_by IS DISTINCT FROM p_actor.id))));
END $$;

-- NULL: the actor may see them. Otherwise what to answer, the same whether there is nobody or somebody out of reach; of that
-- the audit trail knows.
CREATE FUNCTION may_see_or_refuse(p_actor actor, p_user uuid, p_what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN refuse(p_actor, 'not_allowed', '', p_user, p_what); END IF;
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  IF may_see(p_actor, p_user) THEN RETURN NULL; END IF;
  PERFORM refuse(p_actor, 'not_allowed', person.email, p_user, p_what);
  RETURN 'not_found';
END $$;

CREATE OR REPLACE FUNCTION change_grant(p_actor actor, p_user uuid, p_property text, p_level text, p_expires text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_expires_at timestamptz := CASE WHEN p_level = '' THEN NULL ELSE instant(p_expires) END;
  v_outcome text := may_see_or_refuse(p_actor, p_user, 'change grant to ' || coalesce(nullif(p_level, ''), 'nothing') ||
                                                       ' at ' || p_property);
  person users;
  g grants;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_actor.id, p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
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

CREATE OR REPLACE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g grants;
BEGIN
  IF NOT may_see(p_actor, p_user) THEN RETURN 'not_found'; END IF;
  IF NOT may_look_after(p_actor, p_user) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM grants x WHERE x.user_id = p_user AND (x.expires_at IS NULL OR x.expires_at > now()) LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;

CREATE OR REPLACE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := may_see_or_refuse(p_actor, p_user, CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  v_before text;
  person users;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
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
  IF p_is_disabled THEN PERFORM end_sessions_of(ARRAY[p_user], NULL, NULL); END IF;
  IF state_text(person) <> v_before THEN
    PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
                 person.id, 'before: ' || v_before || '; after: ' || state_text(person));
  END IF;
  RETURN CASE WHEN NOT p_is_disabled AND person.status = 'disabled' THEN 'off_by_directory' ELSE 'done' END;
END $$;

CREATE OR REPLACE FUNCTION end_sessions(p_actor actor, p_user uuid, p_reference text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := may_see_or_refuse(p_actor, p_user, 'end sessions');
  v_count int;
  person users;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM lock_people(ARRAY[p_user]);
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  v_outcome := CASE WHEN person.id = p_actor.id AND may_somewhere(p_actor) THEN 'done'
                    ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user, 'end sessions');
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  SELECT count(*) INTO v_count FROM end_sessions_of(ARRAY[p_user], CASE WHEN p_reference <> '' THEN ARRAY(
    SELECT s.sign_on_id FROM sessions s WHERE s.user_id = p_user AND s.reference = p_reference) END, NULL);
  IF v_count = 0 THEN RETURN CASE WHEN p_reference = '' THEN 'done' ELSE 'not_found' END; END IF;
  INSERT INTO audit_events (kind, reference, actor, email, user_id, client_address, detail)
  VALUES ('sessions_ended', p_reference, p_actor.name, person.email, person.id, p_actor.client_address,
          v_count || CASE WHEN p_reference = '' THEN ' sessions, all' ELSE ' sessions of one sign-on' END);
  RETURN 'done';
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
  IF held_rank(person.id, f.property, p_actor.levels) >= v_rank AND may_see(p_actor, person.id) THEN RETURN 'has_access'; END IF;
  RETURN 'filed';
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
  IF NOT may_see(p_actor, p_requested_by) AND p_requested_by <> p_actor.id THEN RETURN; END IF;
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
