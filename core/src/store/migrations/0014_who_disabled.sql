-- Whom a directory has turned off, support can keep off: the directory does not turn them on again.

CREATE OR REPLACE FUNCTION set_disabled(p_actor actor, p_user uuid, p_is_disabled boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
  person users;
BEGIN
  SELECT * INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
  v_outcome := CASE WHEN person.id = p_actor.id THEN 'own_account' ELSE judge_person(p_actor, p_user) END;
  IF v_outcome <> 'done' THEN
    RETURN refuse(p_actor, v_outcome, person.email, p_user,
                  CASE WHEN p_is_disabled THEN 'disable' ELSE 'enable' END);
  END IF;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  IF (person.status = 'disabled') = p_is_disabled AND NOT (p_is_disabled AND person.disabled_by <> '') THEN
    RETURN 'done';
  END IF;
  UPDATE users SET status = CASE WHEN p_is_disabled THEN 'disabled' ELSE 'active' END WHERE id = p_user;
  IF p_is_disabled THEN DELETE FROM sessions s WHERE s.user_id = p_user; END IF;
  PERFORM note(p_actor, CASE WHEN p_is_disabled THEN 'user_disabled' ELSE 'user_enabled' END, '', person.email,
               person.id, 'before: ' || person.status || CASE WHEN person.disabled_by <> '' THEN ' by ' || person.disabled_by ELSE '' END || '; after: ' ||
               CASE WHEN p_is_disabled THEN 'disabled' ELSE 'active' END);
  RETURN 'done';
END $$;
