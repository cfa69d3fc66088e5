-- Nodes forget what they remember of a person or a session as soon as the change commits.

-- Nodes hear of it when the transaction commits: of one by its name (user:ID, session:HASH), of more than one together, as "these" and up
-- to 190 names, however many statements changed them. Nodes of a version that knows no "these" forget everybody.
CREATE OR REPLACE FUNCTION tell_nodes(p_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_untold text := coalesce(current_setting('anteroom.untold', true), '');
BEGIN
  IF position(' ' || p_name IN v_untold) > 0 THEN RETURN; END IF;
  IF length(v_untold) + length(p_name) > 7980 THEN  -- a payload has less than 8000 bytes
    PERFORM pg_notify('anteroom', 'these' || v_untold);
    v_untold := '';
  END IF;
  PERFORM set_config('anteroom.untold', v_untold || ' ' || p_name, true);
END $$;

-- Trigger, when the transaction commits: whatever is untold goes with the first change. It asks no function of ours: the search path is that
-- of whoever commits.
CREATE OR REPLACE FUNCTION tell_nodes_at_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_names text := ltrim(current_setting('anteroom.untold', true));
BEGIN
  IF v_names <> '' THEN
    PERFORM pg_notify('anteroom', CASE WHEN position(' ' IN v_names) > 0 THEN 'these ' ELSE '' END || v_names);
    PERFORM set_config('anteroom.untold', '', true);
  END IF;
  RETURN NULL;
END $$;

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM anteroom.tell_nodes('user:' || coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM anteroom.tell_nodes('user:' || coalesce(NEW.user_id, OLD.user_id));
  RETURN NULL;
END $$;

-- Trigger.
CREATE OR REPLACE FUNCTION tell_nodes_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.expires_at > now() THEN
    PERFORM anteroom.tell_nodes('session:' || encode(OLD.token_hash, 'hex'));
  END IF;
  RETURN NULL;
END $$;

-- Trigger: who waits is told at once what becomes of a request for them.
CREATE OR REPLACE FUNCTION tell_nodes_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM anteroom.tell_nodes('user:' || u.id) FROM users u
  WHERE u.email = NEW.email AND waits_since(u) IS NOT NULL;
  RETURN NULL;
END $$;
