-- Nodes forget what they remember of a person or a session as soon as the change commits.

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || coalesce(NEW.user_id, OLD.user_id));
  RETURN NULL;
END $$;

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.expires_at > now() THEN
    PERFORM pg_notify('anteroom', 'session:' || encode(OLD.token_hash, 'hex'));
  END IF;
  RETURN NULL;
END $$;

-- Trigger: who waits is told at once what becomes of a request for them.
CREATE OR REPLACE FUNCTION tell_nodes_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anteroom', 'user:' || u.id) FROM users u
  WHERE u.email = NEW.email AND waits_since(u) IS NOT NULL;
  RETURN NULL;
END $$;
