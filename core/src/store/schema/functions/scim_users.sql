-- Accounts as companies' directories see and change them.

-- One row an account, as SCIM shows it; idp, domain: whose it is. (A LEFT JOIN, so that whoever asks for nothing of a person reads none;
-- each account has one.)
CREATE OR REPLACE VIEW scim_people AS
  SELECT s.user_id AS id, s.user_name, s.external_id, s.work_email, s.display_name, s.formatted_name,
         s.given_name, s.family_name, u.status <> 'disabled' AS active,
         to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created,
         to_char(s.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS changed,
         s.idp, u.email, s.domain, s.created_at
  FROM scim_users s LEFT JOIN users u ON u.id = s.user_id;

-- Trigger: the domain of an account is that of its person's address.
CREATE OR REPLACE FUNCTION domain_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.domain := coalesce((SELECT domain_of(u.email) FROM users u WHERE u.id = NEW.user_id), '');
  RETURN NEW;
END $$;

-- Trigger: also when that changes.
CREATE OR REPLACE FUNCTION accounts_follow_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE scim_users SET domain = domain_of(NEW.email) WHERE user_id = NEW.id;
  RETURN NULL;
END $$;

-- The name that people see: the first of these that is not empty.
CREATE OR REPLACE FUNCTION scim_shown_name(p_display text, p_formatted text, p_given text, p_family text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(nullif(p_display, ''), nullif(p_formatted, ''), btrim(p_given || ' ' || p_family))
$$;

-- As audit events say it.
CREATE OR REPLACE FUNCTION scim_described(p scim_people) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(', ', 'userName ' || p.user_name, 'email ' || p.email, 'externalId ' || nullif(p.external_id, ''),
                   'name ' || nullif(scim_shown_name(p.display_name, p.formatted_name, p.given_name,
                                                     p.family_name), ''))
$$;

-- Whether the account is that company's, which is locked then.
CREATE OR REPLACE FUNCTION scim_own(p_idp text, p_domains text[], p_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(ARRAY[p_id]);
  RETURN EXISTS (SELECT FROM scim_people p WHERE p.id = p_id AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

-- Those of them that are that company's, all locked.
CREATE OR REPLACE FUNCTION scim_lock_people(p_idp text, p_domains text[], p_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_people(p_ids);
  RETURN ARRAY(SELECT p.id FROM scim_people p
               WHERE p.id = ANY (p_ids) AND p.idp = p_idp AND p.domain = ANY (p_domains));
END $$;

-- What a directory says; it turns on only what it turned off itself.
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

-- done, exists, pinned (signs on with another company) or no_address.
CREATE OR REPLACE FUNCTION scim_create_user(p_idp text, p_domains text[], p_user_name text, p_user_name_address text,
                                 p_external_id text, p_work_email text, p_work_address text, p_display_name text,
                                 p_formatted_name text, p_given_name text, p_family_name text, p_is_active boolean,
                                 OUT outcome text, OUT person scim_people) LANGUAGE plpgsql AS $$
DECLARE
  v_email text := coalesce(nullif(p_work_address, ''), nullif(p_user_name_address, ''));
  v_name text := scim_shown_name(p_display_name, p_formatted_name, p_given_name, p_family_name);
  v_user users;
  v_owner text;
BEGIN
  IF v_email IS NULL OR split_part(v_email, '@', 2) <> ALL (p_domains) THEN
    outcome := 'no_address';
    RETURN;
  END IF;
  v_user := meet_person(v_email::citext, v_name);
  SELECT idp INTO v_owner FROM scim_users WHERE user_id = v_user.id;
  IF v_owner = p_idp THEN outcome := 'exists'; RETURN; END IF;
  IF v_user.idp <> p_idp THEN outcome := 'pinned'; RETURN; END IF;
  IF v_owner IS NOT NULL THEN
    DELETE FROM scim_users WHERE user_id = v_user.id;
    PERFORM scim_settle(v_owner, ARRAY[v_user.id], '{}', '{}', '{}', '{}');
  END IF;
  UPDATE users SET name = v_name WHERE id = v_user.id AND v_name <> '' AND name <> v_name;
  INSERT INTO scim_users (user_id, idp, user_name, user_name_address, external_id, work_email, work_address,
                          display_name, formatted_name, given_name, family_name)
  VALUES (v_user.id, p_idp, p_user_name, p_user_name_address, p_external_id, p_work_email, p_work_address,
          p_display_name, p_formatted_name, p_given_name, p_family_name);
  PERFORM scim_set_active(p_idp, v_user.id, p_is_active);
  SELECT * INTO person FROM scim_people p WHERE p.id = v_user.id;
  PERFORM scim_note(p_idp, 'scim_user_created', v_email, v_user.id, scim_described(person));
  outcome := 'done';
EXCEPTION WHEN unique_violation THEN  -- the user name
  outcome := 'exists';
END $$;

-- done, not_found, exists or no_address. NULL leaves as it is.
CREATE OR REPLACE FUNCTION scim_change_user(p_idp text, p_domains text[], p_id uuid, p_user_name text,
                                 p_user_name_address text, p_external_id text, p_work_email text,
                                 p_work_address text, p_display_name text, p_formatted_name text,
                                 p_given_name text, p_family_name text, p_is_active boolean,
                                 OUT outcome text, OUT person scim_people) LANGUAGE plpgsql AS $$
DECLARE
  v_before scim_people;
  s scim_users;
  v_email text;
BEGIN
  IF NOT scim_own(p_idp, p_domains, p_id) THEN outcome := 'not_found'; RETURN; END IF;
  SELECT * INTO v_before FROM scim_people p WHERE p.id = p_id;
  IF coalesce(p_user_name_address, p_work_address) IS NOT NULL THEN
    SELECT * INTO s FROM scim_users WHERE user_id = p_id;
    v_email := coalesce(nullif(coalesce(p_work_address, s.work_address), ''),
                        nullif(coalesce(p_user_name_address, s.user_name_address), ''));
    IF v_email IS NULL OR split_part(v_email, '@', 2) <> ALL (p_domains) THEN
      outcome := 'no_address';
      RETURN;
    END IF;
    UPDATE users SET email = v_email WHERE id = p_id AND email <> v_email::citext;
  END IF;
  UPDATE scim_users SET
    user_name = coalesce(p_user_name, user_name),
    user_name_address = coalesce(p_user_name_address, user_name_address),
    external_id = coalesce(p_external_id, external_id),
    work_email = coalesce(p_work_email, work_email),
    work_address = coalesce(p_work_address, work_address),
    display_name = coalesce(p_display_name, display_name),
    formatted_name = coalesce(p_formatted_name, formatted_name),
    given_name = coalesce(p_given_name, given_name),
    family_name = coalesce(p_family_name, family_name),
    changed_at = now()
  WHERE user_id = p_id RETURNING * INTO s;
  IF coalesce(p_display_name, p_formatted_name, p_given_name, p_family_name) IS NOT NULL THEN
    UPDATE users SET name = coalesce(nullif(scim_shown_name(s.display_name, s.formatted_name, s.given_name,
                                                            s.family_name), ''), name)
    WHERE id = p_id;
  END IF;
  IF p_is_active IS NOT NULL THEN PERFORM scim_set_active(p_idp, p_id, p_is_active); END IF;
  SELECT * INTO person FROM scim_people p WHERE p.id = p_id;
  IF scim_described(v_before) <> scim_described(person) THEN
    PERFORM scim_note(p_idp, 'scim_user_changed', person.email::text, p_id,
                      scim_described(v_before) || ' -> ' || scim_described(person));
  END IF;
  outcome := 'done';
EXCEPTION WHEN unique_violation THEN  -- the user name or the address
  outcome := 'exists';
  person := NULL;
END $$;

-- The account stays, turned off: whoever signs on again is not taken for somebody new.
CREATE OR REPLACE FUNCTION scim_delete_user(p_idp text, p_domains text[], p_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person scim_people;
BEGIN
  IF NOT scim_own(p_idp, p_domains, p_id) THEN RETURN false; END IF;
  SELECT * INTO person FROM scim_people p WHERE p.id = p_id;
  PERFORM scim_set_active(p_idp, p_id, false);
  DELETE FROM scim_users WHERE user_id = p_id;
  PERFORM scim_settle(p_idp, ARRAY[p_id], '{}', '{}', '{}', '{}');
  PERFORM scim_note(p_idp, 'scim_user_deleted', person.email::text, p_id, scim_described(person));
  RETURN true;
END $$;

-- What SCIM filters compare.

-- Without case (of ASCII), but for externalId.
CREATE OR REPLACE FUNCTION scim_folded(p_attribute text, p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_attribute WHEN 'externalId' THEN p_text ELSE lower(p_text COLLATE "C") END
$$;

-- Of an account, folded. Empty: it has no value.
CREATE OR REPLACE FUNCTION scim_value(p scim_people, p_attribute text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT scim_folded(p_attribute, CASE p_attribute
    WHEN 'userName' THEN p.user_name::text
    WHEN 'externalId' THEN p.external_id
    WHEN 'id' THEN p.id::text
    WHEN 'displayName' THEN p.display_name
    WHEN 'name' THEN concat_ws(' ', nullif(p.formatted_name, ''), nullif(p.given_name, ''),
                               nullif(p.family_name, ''))
    WHEN 'name.formatted' THEN p.formatted_name
    WHEN 'name.givenName' THEN p.given_name
    WHEN 'name.familyName' THEN p.family_name
    WHEN 'emails' THEN p.work_email
    WHEN 'emails.type' THEN CASE WHEN p.work_email = '' THEN '' ELSE 'work' END
    WHEN 'emails.primary' THEN CASE WHEN p.work_email = '' THEN '' ELSE 'true' END
    WHEN 'active' THEN p.active::text
    WHEN 'meta.created' THEN p.created
    WHEN 'meta.lastModified' THEN p.changed
    WHEN 'meta.resourceType' THEN 'User'
    WHEN 'schemas' THEN 'urn:ietf:params:scim:schemas:core:2.0:User'
    ELSE '' END)
$$;

-- RFC 7644, table 3. `p_have` and `p_wanted` are folded; what has no value is only unequal.
CREATE OR REPLACE FUNCTION scim_test(p_test text, p_have text, p_wanted text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_test
    WHEN 'eq' THEN p_have = p_wanted
    WHEN 'ne' THEN p_have <> p_wanted
    ELSE p_have <> '' AND CASE p_test
      WHEN 'pr' THEN true
      WHEN 'co' THEN strpos(p_have, p_wanted) > 0
      WHEN 'sw' THEN left(p_have, length(p_wanted)) = p_wanted
      WHEN 'ew' THEN right(p_have, length(p_wanted)) = p_wanted
      WHEN 'gt' THEN p_have COLLATE "C" > p_wanted
      WHEN 'ge' THEN p_have COLLATE "C" >= p_wanted
      WHEN 'lt' THEN p_have COLLATE "C" < p_wanted
      WHEN 'le' THEN p_have COLLATE "C" <= p_wanted
      ELSE false END
    END
$$;

-- A page of a company's accounts, in the order in which they were made: one row each, with how many there are in all; where the page is
-- empty, a row with nothing but that. NULL: whatever it is. p_rest: which outcomes of the conditions are taken, as RFC 7644's filters say it.
-- Accounts of the pages before are counted, and not read.
CREATE OR REPLACE FUNCTION scim_list_users(p_idp text, p_domains text[], p_id uuid, p_user_name text, p_external_id text, p_email text,
                                           p_offset int, p_limit int, p_rest varbit, p_attributes text[], p_tests text[], p_wanted text[])
RETURNS TABLE (total bigint, person scim_people) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY
  WITH found AS NOT MATERIALIZED (
    SELECT p.id, p.created_at FROM scim_people p
    WHERE p.idp = p_idp AND p.domain = ANY (p_domains)
      AND (p_id IS NULL OR p.id = p_id) AND (p_user_name IS NULL OR fold(p.user_name::text) = fold(p_user_name))
      AND (p_external_id IS NULL OR p.external_id = p_external_id) AND (p_email IS NULL OR fold(p.work_email) = fold(p_email))
      AND (p_rest IS NULL OR get_bit(p_rest, (
             SELECT coalesce(sum(CASE WHEN scim_test(c.test, scim_value(p, c.attribute), scim_folded(c.attribute, c.wanted))
                                      THEN 1 << (c.at::int - 1) ELSE 0 END), 0)::int
             FROM unnest(p_attributes, p_tests, p_wanted) WITH ORDINALITY c(attribute, test, wanted, at))) = 1))
  SELECT t.total, CASE WHEN p.id IS NOT NULL THEN p END
  FROM (SELECT count(*) AS total FROM found) t
  LEFT JOIN LATERAL (SELECT f.id, f.created_at FROM found f ORDER BY f.created_at, f.id OFFSET p_offset LIMIT p_limit) page ON true
  LEFT JOIN scim_people p ON p.id = page.id
  ORDER BY page.created_at, page.id;
END $$;
