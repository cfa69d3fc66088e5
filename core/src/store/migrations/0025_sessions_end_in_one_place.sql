-- Sessions end in one function, which locks their people first, in order of id; whoever makes a session or a ticket
-- holds on to the person, too, and looks again afterwards. Each statement below sees what was committed before it
-- began: what was read before a lock was waited for is read again.

-- The only way to lock people. One call for all that a transaction changes, makes or ends something of.
CREATE FUNCTION lock_people(p_people uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Nothing here changes a key of theirs while somebody else points at them: foreign keys need not wait.
  PERFORM FROM users u WHERE u.id = ANY (p_people) ORDER BY u.id FOR NO KEY UPDATE;
END $$;

-- The same for whoever only makes something of one person's: many at once.
CREATE FUNCTION hold_person(p_user uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users u WHERE u.id = p_user FOR SHARE;
END $$;

-- Somebody else was quicker. Everything is taken back, locks too, and whoever called us asks again.
CREATE FUNCTION lost_race() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'somebody else changed the same people meanwhile' USING ERRCODE = 'serialization_failure';
END $$;

-- The person with this address, locked; NULL: nobody.
CREATE FUNCTION lock_person(p_email citext) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  person users;
BEGIN
  LOOP
    v_id := (SELECT u.id FROM users u WHERE u.email = p_email);
    PERFORM lock_people(ARRAY[v_id]);
    SELECT * INTO person FROM users u WHERE u.email = p_email;
    IF person.id IS NOT DISTINCT FROM v_id THEN RETURN person; END IF;
    IF v_id IS NOT NULL THEN PERFORM lost_race(); END IF;  -- the address is somebody else's now
  END LOOP;
END $$;

-- Whoever ends all sessions of a company keeps its sign-ons waiting: nobody is at one whose session is not seen yet.
CREATE FUNCTION hold_company(p_idp text, p_is_alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_is_alone THEN
    PERFORM pg_advisory_xact_lock(hashtext('anteroom.company'), hashtext(p_idp));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtext('anteroom.company'), hashtext(p_idp));
  END IF;
END $$;

-- Ends sessions of these people: of those sign-ons (NULL: all of them), with that company (NULL: any). Their tickets go, too.
CREATE FUNCTION end_sessions_of(p_people uuid[], p_sign_ons uuid[], p_idp text) RETURNS SETOF sessions
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(p_people);
  RETURN QUERY
  DELETE FROM sessions s WHERE s.user_id = ANY (p_people)
    AND (p_sign_ons IS NULL OR s.sign_on_id = ANY (p_sign_ons)) AND (p_idp IS NULL OR s.idp = p_idp)
  RETURNING s.*;
END $$;

-- What makes sessions and tickets.

DROP FUNCTION find_or_create_user(text, text, text, text, text);

-- Who is it? First by the IdP's own identifier, then by an email that nobody has been pinned to yet. Returns the record,
-- locked together with that of p_also, or nothing where the email is pinned to somebody else.
CREATE FUNCTION find_or_create_user(p_idp text, p_subject text, p_email text, p_name text, p_client text, p_also uuid)
RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  v_wanted uuid[];
  v_locked uuid[] := '{}';
  person users;
BEGIN
  -- One at a time with the same identifier: nobody else makes or pins a record for it.
  PERFORM pg_advisory_xact_lock(hashtext('anteroom.subject'), hashtext(p_idp || ' ' || p_subject));
  LOOP
    LOOP
      v_wanted := array_remove(p_also || ARRAY(
        SELECT u.id FROM users u WHERE (u.idp = p_idp AND u.subject = p_subject)
                                    OR (u.email = p_email::citext AND u.subject IS NULL)), NULL);
      EXIT WHEN v_wanted <@ v_locked;
      -- Locks are taken in order or not at all.
      IF cardinality(v_locked) > 0 THEN PERFORM lost_race(); END IF;
      PERFORM lock_people(v_wanted);
      v_locked := v_wanted;
    END LOOP;
    SELECT * INTO person FROM users u WHERE u.idp = p_idp AND u.subject = p_subject;
    IF FOUND THEN RETURN follow_address(person, p_email, p_client); END IF;
    UPDATE users u SET idp = p_idp, subject = p_subject
    WHERE u.email = p_email::citext AND u.subject IS NULL RETURNING * INTO person;
    IF FOUND THEN
      INSERT INTO audit_events (kind, idp, email, user_id, client_address)
      VALUES ('user_pinned', p_idp, p_email, person.id, p_client);
      RETURN person;
    END IF;
    INSERT INTO users (email, name, status, idp, subject) VALUES (p_email, p_name, 'waiting', p_idp, p_subject)
    ON CONFLICT DO NOTHING RETURNING * INTO person;
    IF FOUND THEN
      INSERT INTO audit_events (kind, idp, email, user_id, client_address)
      VALUES ('user_created', p_idp, p_email, person.id, p_client);
      RETURN person;
    END IF;
    -- Somebody has the address: pinned, or made just now.
    IF EXISTS (SELECT FROM users u WHERE u.email = p_email::citext AND u.subject IS NOT NULL) THEN RETURN NULL; END IF;
  END LOOP;
END $$;

-- A locked person signs on with this address: theirs from now on, unless another record has it.
CREATE FUNCTION follow_address(person users, p_email text, p_client text) RETURNS users LANGUAGE plpgsql AS $$
DECLARE
  v_was text := person.email;
BEGIN
  WHILE person.email <> p_email::citext LOOP
    IF EXISTS (SELECT FROM users u WHERE u.email = p_email::citext) THEN
      INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
      VALUES ('email_conflict', person.idp, p_email, person.id, p_client, 'another record has this email');
      RETURN person;
    END IF;
    BEGIN
      UPDATE users u SET email = p_email WHERE u.id = person.id RETURNING * INTO person;
      INSERT INTO audit_events (kind, idp, email, user_id, client_address, detail)
      VALUES ('email_changed', person.idp, p_email, person.id, p_client, 'was ' || v_was);
    EXCEPTION WHEN unique_violation THEN
      SELECT * INTO person FROM users u WHERE u.id = person.id;  -- taken meanwhile: look again
    END;
  END LOOP;
  RETURN person;
END $$;

-- The live session of somebody who is let in, its row held so that it does not go before what is made of it.
CREATE FUNCTION hold_session(p_token_hash bytea) RETURNS sessions LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  PERFORM hold_person((SELECT x.user_id FROM sessions x WHERE x.token_hash = p_token_hash));
  SELECT x.* INTO s FROM sessions x JOIN users u ON u.id = x.user_id
  WHERE x.token_hash = p_token_hash AND x.expires_at > now() AND u.status <> 'disabled' FOR KEY SHARE OF x;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION issue_ticket(p_ticket_hash bytea, p_session_hash bytea, p_origin text,
                             p_browser_hash bytea, p_target text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  s sessions := hold_session(p_session_hash);
BEGIN
  IF s.token_hash IS NULL THEN RETURN false; END IF;
  INSERT INTO handoff_tickets (ticket_hash, session_hash, origin, browser_hash, target, expires_at)
  VALUES (p_ticket_hash, s.token_hash, p_origin, p_browser_hash, p_target, now() + interval '30 seconds');
  RETURN true;
END $$;

-- What ends sessions.

CREATE OR REPLACE FUNCTION sign_out(p_token_hash bytea, p_client text)
RETURNS TABLE (idp text, name_id text, name_id_format text, session_index text) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN; END IF;
  IF NOT EXISTS (SELECT FROM end_sessions_of(ARRAY[s.user_id], ARRAY[s.sign_on_id], NULL)) THEN RETURN; END IF;
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address)
  SELECT 'signed_out', s.reference, s.idp, u.email, u.id, p_client FROM users u WHERE u.id = s.user_id;
  RETURN QUERY SELECT s.idp, s.name_id, s.name_id_format, s.session_index;
END $$;

-- The sessions that a LogoutRequest names.
CREATE FUNCTION sessions_at_idp(p_idp text, p_name_id text, p_session_indexes text[]) RETURNS SETOF sessions
LANGUAGE sql STABLE AS $$
  SELECT * FROM sessions s
  WHERE s.idp = p_idp AND
    ((s.name_id = p_name_id AND s.name_id <> '' AND
      (cardinality(p_session_indexes) = 0 OR s.session_index = ANY (p_session_indexes))) OR
     (length(s.session_index) >= 20 AND s.session_index = ANY (p_session_indexes)))
$$;

CREATE OR REPLACE FUNCTION log_out_by_idp(p_idp text, p_issuer text, p_message_id text, p_keep_until timestamptz,
                               p_name_id text, p_session_indexes text[], p_client text)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_people uuid[];
  v_sign_ons uuid[];
BEGIN
  INSERT INTO consumed_messages (issuer, message_id, keep_until)
  VALUES (p_issuer, p_message_id, p_keep_until) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN NULL; END IF;
  v_people := ARRAY(SELECT DISTINCT s.user_id FROM sessions_at_idp(p_idp, p_name_id, p_session_indexes) s);
  PERFORM lock_people(v_people);
  v_sign_ons := ARRAY(SELECT DISTINCT s.sign_on_id FROM sessions_at_idp(p_idp, p_name_id, p_session_indexes) s
                      WHERE s.user_id = ANY (v_people));
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  SELECT DISTINCT ON (s.sign_on_id) 'signed_out', 'by_identity_provider', s.reference, s.idp, u.email,
         u.id, p_client
  FROM end_sessions_of(v_people, v_sign_ons, NULL) s JOIN users u ON u.id = s.user_id
  ORDER BY s.sign_on_id, s.created_at;
  RETURN cardinality(v_sign_ons);
END $$;

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

CREATE OR REPLACE FUNCTION scim_set_active(p_idp text, p_user uuid, p_is_active boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_before text;
  person users;
BEGIN
  PERFORM lock_people(ARRAY[p_user]);
  SELECT * INTO person FROM users WHERE id = p_user;
  IF p_is_active AND person.off_by_directory <> 'scim:' || p_idp THEN RETURN; END IF;
  v_before := state_text(person);
  UPDATE users SET off_by_directory = CASE WHEN p_is_active THEN '' ELSE 'scim:' || p_idp END
  WHERE id = p_user RETURNING * INTO person;
  IF state_text(person) = v_before THEN RETURN; END IF;
  IF NOT p_is_active THEN PERFORM end_sessions_of(ARRAY[p_user], NULL, NULL); END IF;
  PERFORM scim_note(p_idp, CASE WHEN p_is_active THEN 'user_enabled' ELSE 'user_disabled' END, person.email, p_user,
                    v_before || ' -> ' || state_text(person));
END $$;

CREATE OR REPLACE FUNCTION scim_own(p_idp text, p_domains text[], p_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(ARRAY[p_id]);
  RETURN EXISTS (SELECT FROM scim_people p WHERE p.id = p_id AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

-- Removes what has expired, a small batch at a time, by one node at a time, and waits for nobody: nothing is made of an
-- expired session any more, so that its person need not be locked. Returns the rows removed.
CREATE OR REPLACE FUNCTION housekeep(p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_total int := 0;
  v_rows int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('anteroom.housekeep')) THEN RETURN 0; END IF;
  DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE expires_at <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM consumed_messages WHERE (issuer, message_id) IN (
    SELECT issuer, message_id FROM consumed_messages WHERE keep_until <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM handoff_tickets WHERE ticket_hash IN (
    SELECT ticket_hash FROM handoff_tickets WHERE expires_at <= now() LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  RETURN v_total;
END $$;
