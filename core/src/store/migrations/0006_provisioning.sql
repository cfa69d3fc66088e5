-- Provisioning: who may ask, decide and change what. The rules are applied to the grants that the actor has
-- at that moment.

-- Who acts. id NULL: an operator, who is held to no rule. levels: lowest first. needed: the level that what
-- is being done asks for.
CREATE TYPE actor AS (id uuid, name text, client_address text, levels text[], needed text);

CREATE FUNCTION iso(p timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

-- An ISO 8601 date or time. Empty: NULL; anything else: -infinity.
CREATE FUNCTION instant(p text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p = '' THEN RETURN NULL; END IF;
  IF p !~ '^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$' THEN RETURN '-infinity'; END IF;
  RETURN p::timestamptz;
EXCEPTION WHEN data_exception THEN RETURN '-infinity';
END $$;

-- How high somebody reaches at a property, counted from 1; 0: not at all. Grants for all properties count
-- everywhere, and they alone at '*'. A level that is configured no more counts for nothing.
CREATE FUNCTION held_rank(p_user uuid, p_property text, p_levels text[]) RETURNS int
LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(array_position(p_levels, g.level)), 0)
  FROM users u JOIN grants g ON g.user_id = u.id
  WHERE u.id = p_user AND u.status = 'active' AND (g.property IS NULL OR g.property = p_property)
    AND (g.expires_at IS NULL OR g.expires_at > now())
$$;

CREATE FUNCTION reach(p_actor actor, p_property text) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_actor.id IS NULL THEN RETURN cardinality(p_actor.levels); END IF;
  RETURN held_rank(p_actor.id, p_property, p_actor.levels);
END $$;

CREATE FUNCTION may(p_actor actor, p_property text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NULL OR
         coalesce(reach(p_actor, p_property) >= array_position(p_actor.levels, p_actor.needed), false);
END $$;

-- The properties at which the actor may; '*' among them: everywhere.
CREATE FUNCTION may_at(p_actor actor) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_actor.id IS NULL THEN RETURN '{*}'; END IF;
  RETURN ARRAY(
    SELECT coalesce(g.property, '*') FROM users u JOIN grants g ON g.user_id = u.id
    WHERE u.id = p_actor.id AND u.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > now())
      AND array_position(p_actor.levels, g.level) >= array_position(p_actor.levels, p_actor.needed));
END $$;

CREATE FUNCTION may_somewhere(p_actor actor) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT cardinality(may_at(p_actor)) > 0
$$;

CREATE FUNCTION is_property(p_key text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p_key = '*' OR EXISTS (SELECT FROM properties p WHERE p.key = p_key)
$$;

CREATE FUNCTION note(p_actor actor, p_kind text, p_code text, p_email text, p_user uuid, p_detail text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, code, actor, email, user_id, client_address, detail)
  VALUES (p_kind, p_code, (p_actor).name, p_email, p_user, (p_actor).client_address, p_detail)
$$;

-- What somebody tried without the right. Gives the code, to be returned.
CREATE FUNCTION refuse(p_actor actor, p_code text, p_email text, p_user uuid, p_detail text)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note(p_actor, 'manage_refused', p_code, p_email, p_user, p_detail);
  RETURN p_code;
END $$;

-- "manager at elm until 2027-01-31T00:00:00Z", as audit events say it.
CREATE FUNCTION grant_text(p_level text, p_property text, p_expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT p_level || ' at ' || coalesce(p_property, '*') || coalesce(' until ' || iso(p_expires_at), '')
$$;
CREATE FUNCTION grants_text(p_user uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(grant_text(g.level, g.property, g.expires_at), ', ' ORDER BY g.property), 'nothing')
  FROM grants g WHERE g.user_id = p_user AND (g.expires_at IS NULL OR g.expires_at > now())
$$;

-- How long people wait: the last time they began to, and when that ended.
ALTER TABLE users ADD waiting_since timestamptz, ADD let_in_at timestamptz,
                  ADD asked_at timestamptz;  -- when they last asked the approvers of their company
UPDATE users SET waiting_since = created_at WHERE status = 'waiting' AND last_sign_on_at IS NOT NULL;
CREATE INDEX users_let_in ON users (let_in_at) WHERE let_in_at IS NOT NULL;
CREATE INDEX users_in_waiting_room ON users (email) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;

CREATE FUNCTION begin_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF is_provisioned(NEW) THEN
    IF NEW.waiting_since IS NOT NULL THEN NEW.let_in_at := coalesce(NEW.let_in_at, now()); END IF;
  ELSIF NEW.waiting_since IS NULL OR NEW.let_in_at IS NOT NULL THEN
    NEW.waiting_since := NEW.last_sign_on_at;
    NEW.let_in_at := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER users_begin_waiting BEFORE UPDATE OF last_sign_on_at ON users
  FOR EACH ROW EXECUTE FUNCTION begin_waiting();

CREATE FUNCTION end_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET let_in_at = now()
  WHERE id = NEW.user_id AND waiting_since IS NOT NULL AND let_in_at IS NULL
    AND (NEW.expires_at IS NULL OR NEW.expires_at > now());
  RETURN NULL;
END $$;
CREATE TRIGGER grants_end_waiting AFTER INSERT OR UPDATE ON grants
  FOR EACH ROW EXECUTE FUNCTION end_waiting();

-- NULL: has not signed on, has access, or is disabled.
CREATE FUNCTION waits_since(person users) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN person.last_sign_on_at IS NULL OR person.status = 'disabled' OR is_provisioned(person) THEN NULL
    WHEN person.waiting_since IS NOT NULL AND person.let_in_at IS NULL THEN person.waiting_since
    ELSE greatest(person.last_sign_on_at,
                  (SELECT max(g.expires_at) FROM grants g WHERE g.user_id = person.id)) END
$$;

-- Operators file and decide too, and people may be deleted: names beside the references. Times in whole
-- seconds, so that what is shown is what is compared when paging.
ALTER TABLE access_requests
  ALTER requested_by DROP NOT NULL,
  ALTER requested_at SET DEFAULT date_trunc('second', now()),
  ADD requested_by_name text NOT NULL DEFAULT '',
  ADD decided_by_name   text NOT NULL DEFAULT '',
  ADD reminded_at       timestamptz,
  ADD domain            text NOT NULL GENERATED ALWAYS AS (lower(split_part(email::text, '@', 2))) STORED,
  DROP CONSTRAINT access_requests_requested_by_fkey,
  DROP CONSTRAINT access_requests_decided_by_fkey,
  ADD FOREIGN KEY (requested_by) REFERENCES users ON DELETE SET NULL,
  ADD FOREIGN KEY (decided_by) REFERENCES users ON DELETE SET NULL;
UPDATE access_requests SET requested_at = date_trunc('second', requested_at);
CREATE UNIQUE INDEX access_requests_open ON access_requests (email, coalesce(property, '*')) WHERE state = 'open';
CREATE INDEX access_requests_queue ON access_requests (requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_queue_of_domain ON access_requests (domain, requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_queue_of_property ON access_requests (property, requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_all ON access_requests (requested_at, id);
CREATE INDEX access_requests_of_requester ON access_requests (requested_by, requested_at, id);
CREATE INDEX access_requests_of_decider ON access_requests (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX access_requests_of_person ON access_requests (email, requested_at);
