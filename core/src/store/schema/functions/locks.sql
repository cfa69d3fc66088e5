-- All people first, in order of id, everywhere: those that a transaction changes and who does it, by one call. Then nobody waits for
-- somebody who waits for them. Each statement sees what was committed before it began: what was read before a lock was waited for
-- is read again after it, and what is found changed then is asked again by whoever called (lost_race()).

-- The only way to lock people. One call for all that a transaction changes, makes or ends something of.
CREATE OR REPLACE FUNCTION lock_people(p_people uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Nothing here changes a key of theirs while somebody else points at them: foreign keys need not wait.
  PERFORM FROM users u WHERE u.id = ANY (p_people) ORDER BY u.id FOR NO KEY UPDATE;
END $$;

-- The same for whoever only makes something of one person's (a session, a ticket): many at once.
CREATE OR REPLACE FUNCTION hold_person(p_user uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users u WHERE u.id = p_user FOR SHARE;
END $$;

-- Somebody else was quicker. Everything is taken back, locks too, and whoever called us asks again.
CREATE OR REPLACE FUNCTION lost_race() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'somebody else changed the same people meanwhile' USING ERRCODE = 'serialization_failure';
END $$;

-- The person with this address, locked; NULL: nobody.
CREATE OR REPLACE FUNCTION lock_person(p_email citext) RETURNS users LANGUAGE plpgsql AS $$
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

-- The person with this address, locked; made if there is none.
CREATE OR REPLACE FUNCTION meet_person(p_email citext, p_name text) RETURNS users LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION meet_people(p_emails citext[], p_names text[]) RETURNS void LANGUAGE plpgsql AS $$
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

-- Whoever ends all sessions of a company keeps its sign-ons waiting: nobody is at one whose session is not seen yet.
CREATE OR REPLACE FUNCTION hold_company(p_idp text, p_is_alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_is_alone THEN
    PERFORM pg_advisory_xact_lock(hashtext('anteroom.company'), hashtext(p_idp));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtext('anteroom.company'), hashtext(p_idp));
  END IF;
END $$;
