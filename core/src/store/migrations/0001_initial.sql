-- Everything Anteroom keeps, in a schema of its own.
CREATE EXTENSION IF NOT EXISTS citext;

-- Email is how a record is first found, (idp, subject) is how it is known afterwards.
CREATE TABLE users (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email           citext NOT NULL UNIQUE,
  name            text NOT NULL DEFAULT '',
  status          text NOT NULL CHECK (status IN ('waiting', 'active', 'disabled')),
  idp             text,
  subject         text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_sign_on_at timestamptz,
  CHECK ((idp IS NULL) = (subject IS NULL)),
  UNIQUE (idp, subject)
);
CREATE INDEX users_waiting ON users (created_at) WHERE status = 'waiting';

CREATE TABLE properties (
  key        text PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- property NULL: all properties.
CREATE TABLE grants (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  property   text REFERENCES properties ON DELETE CASCADE,
  level      text NOT NULL CHECK (level ~ '^[a-z][a-z0-9_-]*$'),
  expires_at timestamptz,
  granted_at timestamptz NOT NULL DEFAULT now(),
  granted_by text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX grants_once ON grants (user_id, coalesce(property, '*'));

CREATE TABLE access_requests (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email        citext NOT NULL,
  name         text NOT NULL DEFAULT '',
  property     text REFERENCES properties ON DELETE CASCADE,
  level        text NOT NULL,
  expires_at   timestamptz,
  note         text NOT NULL DEFAULT '',
  requested_by uuid NOT NULL REFERENCES users,
  requested_at timestamptz NOT NULL DEFAULT now(),
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'declined', 'withdrawn')),
  decided_by   uuid REFERENCES users,
  decided_at   timestamptz,
  reason       text NOT NULL DEFAULT ''
);

-- sign_on_id is shared by the sessions that one sign-on led to, on several hosts.
CREATE TABLE sessions (
  token_hash     bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  reference      text NOT NULL,
  user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  sign_on_id     uuid NOT NULL,
  origin         text NOT NULL,
  idp            text NOT NULL,
  name_id        text NOT NULL DEFAULT '',
  name_id_format text NOT NULL DEFAULT '',
  session_index  text NOT NULL DEFAULT '',
  created_at     timestamptz NOT NULL DEFAULT now(),
  expires_at     timestamptz NOT NULL,
  last_seen_at   timestamptz NOT NULL DEFAULT now(),
  client_address text NOT NULL DEFAULT '',
  user_agent     text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_of_sign_on ON sessions (sign_on_id);
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE TABLE consumed_messages (
  issuer     text NOT NULL,
  message_id text NOT NULL,
  keep_until timestamptz NOT NULL,
  PRIMARY KEY (issuer, message_id)
);
CREATE INDEX consumed_messages_end ON consumed_messages (keep_until);

CREATE TABLE handoff_tickets (
  ticket_hash  bytea PRIMARY KEY CHECK (octet_length(ticket_hash) = 32),
  session_hash bytea NOT NULL REFERENCES sessions ON DELETE CASCADE,
  origin       text NOT NULL,
  browser_hash bytea NOT NULL,
  target       text NOT NULL,
  expires_at   timestamptz NOT NULL
);

CREATE TABLE audit_events (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL DEFAULT now(),
  kind           text NOT NULL,
  code           text NOT NULL DEFAULT '',
  reference      text NOT NULL DEFAULT '',
  actor          text NOT NULL DEFAULT '',
  idp            text NOT NULL DEFAULT '',
  email          text NOT NULL DEFAULT '',
  user_id        uuid,
  client_address text NOT NULL DEFAULT '',
  detail         text NOT NULL DEFAULT ''
);
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_reference ON audit_events (reference) WHERE reference <> '';

CREATE TABLE mail_outbox (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  recipient  text NOT NULL,
  template   text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at    timestamptz,
  attempts   int NOT NULL DEFAULT 0
);

-- Nodes forget what they remember of a person or a session as soon as the change commits.
CREATE FUNCTION tell_nodes_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;
CREATE TRIGGER users_changed AFTER UPDATE ON users FOR EACH ROW
  WHEN ((OLD.email, OLD.name, OLD.status) IS DISTINCT FROM (NEW.email, NEW.name, NEW.status))
  EXECUTE FUNCTION tell_nodes_of_user();
CREATE TRIGGER users_deleted AFTER DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION tell_nodes_of_user();

CREATE FUNCTION tell_nodes_of_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || coalesce(NEW.user_id, OLD.user_id));
  RETURN NULL;
END $$;
CREATE TRIGGER grants_changed AFTER INSERT OR UPDATE OR DELETE ON grants
  FOR EACH ROW EXECUTE FUNCTION tell_nodes_of_grant();

CREATE FUNCTION tell_nodes_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.expires_at > now() THEN
    PERFORM pg_notify('anteroom', 'session:' || encode(OLD.token_hash, 'hex'));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sessions_ended AFTER DELETE ON sessions
  FOR EACH ROW EXECUTE FUNCTION tell_nodes_of_session();

-- True if the person may go anywhere at all.
CREATE FUNCTION is_provisioned(person users) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT person.status = 'active' AND EXISTS (
    SELECT FROM grants g WHERE g.user_id = person.id AND (g.expires_at IS NULL OR g.expires_at > now()))
$$;

-- Who is it? First by the IdP's own identifier, then by an email that nobody has been pinned to yet.
-- Returns the record, or nothing where the email is pinned to somebody else.
CREATE FUNCTION find_or_create_user(p_idp text, p_subject text, p_email text, p_name text,
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
  SELECT * INTO person FROM users WHERE idp = p_idp AND subject = p_subject;
  RETURN person;
END $$;

-- One sign-on in one transaction. Whatever comes of it, the message is used up.
CREATE FUNCTION sign_on(p_idp text, p_issuer text, p_response_id text, p_assertion_id text,
                        p_keep_until timestamptz, p_subject text, p_email text, p_name text,
                        p_name_id text, p_name_id_format text, p_session_index text,
                        p_token_hash bytea, p_reference text, p_origin text, p_lifetime interval,
                        p_not_after timestamptz, p_client text, p_user_agent text,
                        OUT outcome text, OUT user_id uuid) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  v_subject text := coalesce(nullif(p_subject, ''), 'email:' || lower(p_email));
  v_consumed int;
BEGIN
  -- In a fixed order, so that simultaneous repeats wait for one another instead of deadlocking.
  INSERT INTO consumed_messages (issuer, message_id, keep_until)
  SELECT p_issuer, id, p_keep_until
  FROM (SELECT DISTINCT unnest(ARRAY[p_response_id, p_assertion_id]) AS id ORDER BY 1) ids
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_consumed = ROW_COUNT;
  IF v_consumed < 2 THEN
    outcome := 'replayed';
    INSERT INTO audit_events (kind, code, idp, email, client_address)
    VALUES ('sign_on_refused', 'replayed', p_idp, p_email, p_client);
    RETURN;
  END IF;

  person := find_or_create_user(p_idp, v_subject, p_email, p_name, p_client);
  user_id := person.id;
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
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent)
  VALUES (p_token_hash, p_reference, person.id, gen_random_uuid(), p_origin, p_idp, p_name_id,
          p_name_id_format, p_session_index, least(now() + p_lifetime, p_not_after), p_client,
          p_user_agent);
  INSERT INTO audit_events (kind, code, reference, idp, email, user_id, client_address)
  VALUES ('signed_on', outcome, p_reference, p_idp, p_email, person.id, p_client);
END $$;

-- The live session of a token with everything the gate wants to know, in one row or none.
CREATE FUNCTION load_session(p_token_hash bytea, p_idle interval, p_levels text[])
RETURNS TABLE (status text, expires_at timestamptz, reference text, user_id uuid, email text, name text,
               idp text, origin text, access_level text, properties text) LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions x WHERE x.token_hash = p_token_hash AND x.expires_at > now()
    AND x.last_seen_at > now() - p_idle;
  IF NOT FOUND THEN RETURN; END IF;
  IF s.last_seen_at < now() - interval '1 minute' AND NOT pg_is_in_recovery() THEN
    UPDATE sessions x SET last_seen_at = now() WHERE x.token_hash = p_token_hash;
  END IF;
  RETURN QUERY
  WITH live AS (
    SELECT coalesce(g.property, '*') AS key, g.level, g.expires_at AS ends
    FROM grants g WHERE g.user_id = s.user_id AND (g.expires_at IS NULL OR g.expires_at > now()))
  SELECT u.status, least(s.expires_at, (SELECT min(ends) FROM live)), s.reference, u.id, u.email::text,
         u.name, s.idp, s.origin,
         coalesce((SELECT l.level FROM live l WHERE array_position(p_levels, l.level) IS NOT NULL
                   ORDER BY array_position(p_levels, l.level) DESC LIMIT 1), ''),
         coalesce((SELECT string_agg(l.key || '=' || l.level, ',' ORDER BY l.key <> '*', l.key)
                   FROM live l), '')
  FROM users u WHERE u.id = s.user_id AND u.status <> 'disabled';
END $$;

CREATE FUNCTION sign_out(p_token_hash bytea, p_client text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  s sessions;
BEGIN
  SELECT * INTO s FROM sessions WHERE token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM sessions WHERE sign_on_id = s.sign_on_id;
  INSERT INTO audit_events (kind, reference, idp, email, user_id, client_address)
  SELECT 'signed_out', s.reference, s.idp, u.email, u.id, p_client FROM users u WHERE u.id = s.user_id;
  RETURN true;
END $$;

CREATE FUNCTION issue_ticket(p_ticket_hash bytea, p_session_hash bytea, p_origin text,
                             p_browser_hash bytea, p_target text) RETURNS boolean LANGUAGE sql AS $$
  WITH issued AS (
    INSERT INTO handoff_tickets (ticket_hash, session_hash, origin, browser_hash, target, expires_at)
    SELECT p_ticket_hash, s.token_hash, p_origin, p_browser_hash, p_target, now() + interval '30 seconds'
    FROM sessions s WHERE s.token_hash = p_session_hash AND s.expires_at > now()
    RETURNING 1)
  SELECT EXISTS (SELECT FROM issued)
$$;

-- The ticket is used up whatever comes of it.
CREATE FUNCTION redeem_ticket(p_ticket_hash bytea, p_origin text, p_browser_hash bytea,
                              p_token_hash bytea, p_reference text, p_client text, p_user_agent text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t handoff_tickets;
BEGIN
  DELETE FROM handoff_tickets WHERE ticket_hash = p_ticket_hash RETURNING * INTO t;
  IF NOT FOUND OR t.expires_at <= now() OR t.origin <> p_origin OR t.browser_hash <> p_browser_hash THEN
    RETURN NULL;
  END IF;
  INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, name_id, name_id_format,
                        session_index, expires_at, client_address, user_agent)
  SELECT p_token_hash, p_reference, s.user_id, s.sign_on_id, p_origin, s.idp, s.name_id,
         s.name_id_format, s.session_index, s.expires_at, p_client, p_user_agent
  FROM sessions s WHERE s.token_hash = t.session_hash AND s.expires_at > now();
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN t.target;
END $$;

-- Removes what has expired, a small batch at a time, by one node at a time. Returns the rows removed.
CREATE FUNCTION housekeep(p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_total int := 0;
  v_rows int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('anteroom.housekeep')) THEN RETURN 0; END IF;
  DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE expires_at <= now() LIMIT p_batch);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM consumed_messages WHERE (issuer, message_id) IN (
    SELECT issuer, message_id FROM consumed_messages WHERE keep_until <= now() LIMIT p_batch);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  DELETE FROM handoff_tickets WHERE ticket_hash IN (
    SELECT ticket_hash FROM handoff_tickets WHERE expires_at <= now() LIMIT p_batch);
  GET DIAGNOSTICS v_rows = ROW_COUNT; v_total := v_total + v_rows;
  RETURN v_total;
END $$;
