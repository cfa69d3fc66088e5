-- One sign-on in one transaction.

-- Who is it? First by the IdP's own identifier, then by an email that nobody has been pinned to yet. Returns the record,
-- locked together with that of p_also, or nothing where the email is pinned to somebody else.
CREATE OR REPLACE FUNCTION find_or_create_user(p_idp text, p_subject text, p_email text, p_name text, p_client text, p_also uuid)
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
CREATE OR REPLACE FUNCTION follow_address(person users, p_email text, p_client text) RETURNS users LANGUAGE plpgsql AS $$
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

-- Whatever comes of it, the message is used up, and with it the request that it answers: one request, one answer. The issuer of our
-- own messages is '' here (no identity provider's is). p_request_id '': nobody asked. p_asserted: said or too_many, with what it gives
-- (asserted.sql); no_table; or unknown, to nodes of schema 43, which change nothing. outcome: signed_in, waiting, or a reason code.
CREATE OR REPLACE FUNCTION sign_on(p_idp text, p_issuer text, p_response_id text, p_assertion_id text,
                        p_keep_until timestamptz, p_subject text, p_email text, p_name text,
                        p_name_id text, p_name_id_format text, p_session_index text,
                        p_token_hash bytea, p_reference text, p_origin text, p_lifetime interval,
                        p_not_after timestamptz, p_client text, p_user_agent text,
                        p_authenticated_at timestamptz, p_authn_context text, p_replaces bytea,
                        p_request_id text, p_request_until timestamptz,
                        p_asserted text DEFAULT 'unknown', p_values text[] DEFAULT '{}', p_properties text[] DEFAULT '{}',
                        p_given text[] DEFAULT '{}', p_levels text[] DEFAULT '{}',
                        OUT outcome text, OUT user_id uuid) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_replaced sessions;
  v_subject text := coalesce(nullif(p_subject, ''), 'email:' || lower(p_email COLLATE "C"));
  v_messages int;
  v_requests int;
BEGIN
  -- In a fixed order, so that simultaneous repeats wait for one another instead of deadlocking.
  WITH used AS (
    INSERT INTO consumed_messages (issuer, message_id, keep_until)
    SELECT m.issuer, m.id, max(m.keep_until)
    FROM (VALUES (p_issuer, p_response_id, p_keep_until), (p_issuer, p_assertion_id, p_keep_until),
                 ('', p_request_id, p_request_until)) m (issuer, id, keep_until)
    WHERE m.issuer <> '' OR m.id <> ''
    GROUP BY m.issuer, m.id ORDER BY m.issuer, m.id
    ON CONFLICT DO NOTHING RETURNING issuer)
  SELECT count(*) FILTER (WHERE issuer <> ''), count(*) FILTER (WHERE issuer = '')
  INTO v_messages, v_requests FROM used;
  outcome := CASE WHEN v_messages < 2 THEN 'replayed'
                  WHEN p_request_id <> '' AND v_requests < 1 THEN 'request_answered' END;
  IF outcome IS NOT NULL THEN
    INSERT INTO audit_events (kind, code, idp, email, client_address)
    VALUES ('sign_on_refused', outcome, p_idp, p_email, p_client);
    RETURN;
  END IF;

  PERFORM hold_company(p_idp, false);
  -- The node has not heard of it yet. The name of one that was archived before may be the configuration's.
  IF EXISTS (SELECT FROM companies c WHERE c.name = p_idp
             AND (c.state = 'suspended' OR (c.state = 'archived' AND c.changed_at > now() - interval '1 minute'))) THEN
    outcome := 'company_closed';
    INSERT INTO audit_events (kind, code, idp, email, client_address)
    VALUES ('sign_on_refused', outcome, p_idp, p_email, p_client);
    RETURN;
  END IF;
  SELECT * INTO v_replaced FROM sessions s WHERE s.token_hash = p_replaces;
  person := find_or_create_user(p_idp, v_subject, p_email, p_name, p_client, v_replaced.user_id);
  user_id := person.id;
  IF person.status <> 'disabled' AND (p_asserted IN ('said', 'too_many') OR (
       p_asserted = 'no_table' AND (person.asserted <> '{}' OR person.too_many_at IS NOT NULL))) THEN
    person := settle_asserted(person, p_idp, p_asserted <> 'too_many', p_values, p_properties, p_given, p_levels);
  END IF;
  IF person.id IS NULL THEN
    outcome := 'identity_pinned';
  ELSIF person.status = 'disabled' THEN
    outcome := 'user_disabled';
  ELSIF is_provisioned(person) THEN
    outcome := 'signed_in';
  ELSE
    outcome := 'waiting';
  END IF;
  IF outcome IN ('identity_pinned', 'user_disabled') THEN
    INSERT INTO audit_events (kind, code, idp, email, user_id, client_address)
    VALUES ('sign_on_refused', outcome, p_idp, p_email, user_id, p_client);
    RETURN;
  END IF;

  UPDATE users SET last_sign_on_at = now(), name = coalesce(nullif(p_name, ''), name)
  WHERE id = person.id;
  PERFORM end_sessions_of(ARRAY[v_replaced.user_id], ARRAY[v_replaced.sign_on_id], NULL);
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent, authenticated_at,
                        authn_context)
  VALUES (p_token_hash, p_reference, person.id, gen_random_uuid(), p_origin, p_idp, p_name_id,
          p_name_id_format, p_session_index, least(now() + p_lifetime, p_not_after), p_client,
          p_user_agent, p_authenticated_at, p_authn_context);
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  VALUES ('signed_on', outcome, p_reference, p_idp, p_email, person.id, p_client);
END $$;
