-- Companies as data: who may sign on, and at which identity provider. Every change is one transaction with its audit event, and nodes
-- hear of it when it commits.

-- Trigger: nodes ask for what is newer than they know, so that versions become visible in their order: one change at a time.
CREATE OR REPLACE FUNCTION number_company() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('anteroom.companies'));
  NEW.version := nextval('company_versions');
  NEW.changed_at := now();
  PERFORM pg_notify('anteroom', 'companies');
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION note_company(p_actor actor, p_kind text, p_name text, p_detail text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, client_address, idp, detail)
  VALUES (p_kind, (p_actor).name, (p_actor).client_address, p_name, p_detail)
$$;

-- What people call a company of the database; NULL: it is none.
CREATE OR REPLACE FUNCTION company_called(p_name text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT c.display_name FROM companies c WHERE c.name = p_name
$$;

-- What stands in p_settings and not, or otherwise, in p_other.
CREATE OR REPLACE FUNCTION settings_unlike(p_settings jsonb, p_other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM jsonb_each(p_settings) s WHERE p_other -> s.key IS DISTINCT FROM s.value
$$;

-- A setting as people compare it: of certificates the fingerprints, as openssl has them.
CREATE OR REPLACE FUNCTION shown_setting(p_value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN coalesce((
    SELECT 'SHA-256 ' || string_agg(regexp_replace(translate(
             encode(sha256(decode(regexp_replace(m[1], '\s', '', 'g'), 'base64')), 'hex'), 'abcdef', 'ABCDEF'), '(..)(?=.)', '\1:', 'g'), ' ')
    FROM regexp_matches(p_value, '-----BEGIN CERTIFICATE-----([^-]+)-----END', 'g') m), p_value, '—');
EXCEPTION WHEN OTHERS THEN
  RETURN p_value;
END $$;

-- Of settings those that decide whose metadata counts.
CREATE OR REPLACE FUNCTION trust_in(p_settings jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM jsonb_each(p_settings) s
  WHERE s.key IN ('metadata_url', 'metadata_certificate', 'metadata_ca')
$$;

-- What changes, for people: "metadata_url: — → https://…; …", first what decides whose metadata counts, then the shortest, for letters cut
-- what is long.
CREATE OR REPLACE FUNCTION changes_of_settings(p_before jsonb, p_after jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(c.change, '; ' ORDER BY c.key <> 'metadata_url', NOT trust_in(p_before || p_after) ? c.key, length(c.change), c.change)
  FROM (SELECT k.key, k.key || ': ' || shown_setting(p_before ->> k.key) || ' → ' || shown_setting(p_after ->> k.key)
        FROM jsonb_object_keys(p_before || p_after) k (key) WHERE p_before -> k.key IS DISTINCT FROM p_after -> k.key) c (key, change)
$$;

-- NULL: the actor may. Otherwise what to answer, and it is in the audit trail. Nobody changes the company that they sign on at.
CREATE OR REPLACE FUNCTION refuse_company(p_actor actor, p_name text, p_what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may(p_actor, '*') THEN RETURN refuse(p_actor, 'not_allowed', '', NULL, p_what || ' company ' || p_name); END IF;
  IF EXISTS (SELECT FROM users u WHERE u.id = p_actor.id AND u.idp = p_name) THEN
    RETURN refuse(p_actor, 'own_company', '', NULL, p_what || ' company ' || p_name);
  END IF;
  RETURN NULL;
END $$;

-- Everybody who may connect companies, by the level that the actor says is needed; and their addresses.
CREATE OR REPLACE FUNCTION connectors(p_actor actor) RETURNS SETOF users LANGUAGE sql STABLE AS $$
  SELECT u.* FROM users u
  WHERE u.status = 'active' AND u.id IN (
    SELECT g.user_id FROM live_grants g
    WHERE g.property IS NULL
      AND g.level = ANY ((p_actor).levels[array_position((p_actor).levels, (p_actor).needed):]))
$$;
CREATE OR REPLACE FUNCTION who_connects(p_actor actor) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT u.email::text FROM connectors(p_actor) u
$$;

-- A letter to them: who vouches for whom has changed. p_what: went_live, domain_given, metadata_brought or
-- address_given.
CREATE OR REPLACE FUNCTION tell_who_connects(p_actor actor, p_what text, c companies, p_details text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT w.email, 'company_changed', jsonb_strip_nulls(jsonb_build_object(
    p_what, true, 'company', c.display_name, 'details', to_jsonb(p_details), 'changed_by', (p_actor).name,
    'keys', (SELECT to_jsonb(m.fingerprints) FROM company_metadata m WHERE m.company = n.name AND m.number = n.metadata),
    'address', n.settings ->> 'metadata_url',
    'changed_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
  FROM who_connects(p_actor) w(email) JOIN companies n ON n.name = c.name  -- as it is by now
$$;

-- Held until the transaction ends; a company without a name where there is none that can be changed.
CREATE OR REPLACE FUNCTION hold_row_of_company(p_name text) RETURNS companies LANGUAGE sql AS $$
  SELECT * FROM companies c WHERE c.name = p_name AND c.state <> 'archived' FOR UPDATE
$$;

-- Whether what vouches for somebody at the company waits, as propose_act() says: not an operator's acts, nor what acts by itself, nor a
-- draft's, which are vouched for when it goes live.
CREATE OR REPLACE FUNCTION waits_for_second(p_actor actor, p_needs_two boolean, c companies) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_needs_two AND p_actor.id IS NOT NULL AND c.state IN ('live', 'suspended')
$$;

-- All that follow answer not_allowed or own_company, too, those that take settings above_own_level (reaches_tables()), and those that
-- take p_needs_two as propose_act().

-- added, or name_taken: by one that is archived, too, for people and the audit trail know it by its name.
CREATE OR REPLACE FUNCTION add_company(p_actor actor, p_name text, p_display_name text, p_settings jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'add');
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF NOT reaches_tables(p_actor, p_settings, '{}') THEN
    RETURN refuse(p_actor, 'above_own_level', '', NULL, 'give by tables of company ' || p_name);
  END IF;
  INSERT INTO companies (name, display_name, settings) VALUES (p_name, p_display_name, p_settings) ON CONFLICT (name) DO NOTHING;
  IF NOT FOUND THEN RETURN 'name_taken'; END IF;
  PERFORM note_company(p_actor, 'company_added', p_name, p_display_name || ' ' || p_settings);
  RETURN 'added';
END $$;

-- changed, no_company, or changed_meanwhile: it is not as it was in p_version.
CREATE OR REPLACE FUNCTION change_company(p_actor actor, p_name text, p_version bigint, p_display_name text, p_settings jsonb,
                                          p_needs_two boolean DEFAULT false)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'change');
  c companies;
  v_gives_address boolean;
  v_detail text;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF c.version <> p_version THEN RETURN 'changed_meanwhile'; END IF;
  IF NOT reaches_tables(p_actor, p_settings, c.settings) THEN
    RETURN refuse(p_actor, 'above_own_level', '', NULL, 'give by tables of company ' || p_name);
  END IF;
  v_detail := 'was ' || c.display_name || ' ' || settings_unlike(c.settings, p_settings) || ', is ' || p_display_name || ' '
              || settings_unlike(p_settings, c.settings);
  -- Whoever decides what stands there decides whose keys count.
  v_gives_address :=
    (p_settings -> 'metadata_ca', p_settings -> 'metadata_certificate') IS DISTINCT FROM (c.settings -> 'metadata_ca', c.settings -> 'metadata_certificate')
    OR (p_settings ? 'metadata_url' AND p_settings -> 'metadata_url' IS DISTINCT FROM c.settings -> 'metadata_url');
  IF v_gives_address AND waits_for_second(p_actor, p_needs_two, c) THEN
    RETURN propose_act(p_actor, c, 'settings', jsonb_build_object('display_name', p_display_name, 'settings', p_settings),
                       ARRAY[changes_of_settings(c.settings || jsonb_build_object('display_name', c.display_name),
                                                 p_settings || jsonb_build_object('display_name', p_display_name))]);
  END IF;
  UPDATE companies SET display_name = p_display_name, settings = p_settings WHERE name = p_name;
  IF c.state = 'live' AND v_gives_address THEN
    PERFORM tell_who_connects(p_actor, 'address_given', c, ARRAY[changes_of_settings(trust_in(c.settings), trust_in(p_settings))]);
  END IF;
  PERFORM note_company(p_actor, 'company_changed', p_name, v_detail);
  RETURN 'changed';
END $$;

-- Who is told there when it goes live: changed, same or no_company.
CREATE OR REPLACE FUNCTION set_company_contacts(p_actor actor, p_name text, p_contacts text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'change the contacts of');
  c companies;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF c.contacts = p_contacts THEN RETURN 'same'; END IF;
  UPDATE companies SET contacts = p_contacts WHERE name = p_name;
  PERFORM note_company(p_actor, 'company_contacts_changed', p_name,
    'was ' || coalesce(nullif(array_to_string(c.contacts, ' '), ''), 'none') || ', is '
      || coalesce(nullif(array_to_string(p_contacts, ' '), ''), 'none'));
  RETURN 'changed';
END $$;

-- The next version of its metadata, in force at once: kept, same, no_company, changed_meanwhile (it is not as it was in p_version), or
-- entity_id_taken.
CREATE OR REPLACE FUNCTION bring_metadata(p_actor actor, p_name text, p_version bigint, p_xml text, p_entity_id text,
                                          p_fingerprints text[], p_summary jsonb DEFAULT NULL, p_needs_two boolean DEFAULT false)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'bring metadata of');
  c companies;
  before company_metadata;
  v_number int;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF c.version <> p_version THEN RETURN 'changed_meanwhile'; END IF;
  SELECT * INTO before FROM company_metadata m WHERE m.company = p_name AND m.number = c.metadata;
  IF before.xml IS DISTINCT FROM p_xml AND waits_for_second(p_actor, p_needs_two, c) THEN
    IF EXISTS (SELECT FROM companies o WHERE o.entity_id = p_entity_id AND o.name <> p_name AND o.state <> 'archived') THEN
      RETURN 'entity_id_taken';
    END IF;
    RETURN propose_act(p_actor, c, 'metadata', jsonb_build_object('xml', p_xml, 'entity_id', p_entity_id, 'fingerprints', p_fingerprints,
                       'summary', p_summary), ARRAY[p_entity_id] || p_fingerprints);
  END IF;
  DELETE FROM company_offers o  -- a form's lines end in CR LF
  WHERE o.company = p_name AND replace(o.xml, E'\r', '') = replace(p_xml, E'\r', '');
  IF before.xml = p_xml THEN
    IF before.summary IS DISTINCT FROM p_summary AND p_summary IS NOT NULL THEN
      UPDATE company_metadata SET summary = p_summary WHERE company = p_name AND number = c.metadata;
      UPDATE companies SET changed_at = now() WHERE name = p_name;  -- nodes read it again
    END IF;
    PERFORM settle_hand_in(p_name);
    RETURN 'same';
  END IF;
  IF EXISTS (SELECT FROM companies o WHERE o.entity_id = p_entity_id AND o.name <> p_name AND o.state <> 'archived') THEN
    RETURN 'entity_id_taken';
  END IF;
  SELECT coalesce(max(m.number), 0) + 1 INTO v_number FROM company_metadata m WHERE m.company = p_name;
  INSERT INTO company_metadata (company, number, xml, entity_id, fingerprints, brought_by, summary)
  VALUES (p_name, v_number, p_xml, p_entity_id, p_fingerprints, p_actor.name, p_summary);
  UPDATE companies SET metadata = v_number, entity_id = p_entity_id WHERE name = p_name;
  PERFORM note_company(p_actor, 'company_metadata_brought', p_name,
    'was ' || coalesce(before.entity_id || ' ' || array_to_string(before.fingerprints, ' '), 'none') || ', is ' || p_entity_id || ' '
      || array_to_string(p_fingerprints, ' '));
  IF c.state = 'live' AND (before.entity_id, before.fingerprints) IS DISTINCT FROM (p_entity_id, p_fingerprints) THEN
    PERFORM tell_who_connects(p_actor, 'metadata_brought', c, ARRAY[p_entity_id] || p_fingerprints);
  END IF;
  PERFORM settle_hand_in(p_name);
  RETURN 'kept';
EXCEPTION WHEN unique_violation THEN
  RETURN 'entity_id_taken';  -- by somebody at the same moment
END $$;

-- "a.b.test" is below {b.test}: no company has a domain without a dot.
CREATE OR REPLACE FUNCTION domains_above(p_domain text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(array_to_string(labels[n:], '.'))
  FROM (SELECT string_to_array(p_domain, '.') AS labels) split, generate_series(2, cardinality(labels) - 1) n
$$;

-- given; has_it; no_company; taken, by owner; or, unless p_is_meant, below_another: owner has the domain `above`, and whoever runs
-- that one decides who has an address in p_domain, too.
CREATE OR REPLACE FUNCTION give_domain(p_actor actor, p_name text, p_domain text, p_is_meant boolean DEFAULT false,
                                       p_needs_two boolean DEFAULT false,
                                       OUT outcome text, OUT owner text, OUT above text) LANGUAGE plpgsql AS $$
DECLARE
  c companies;
  d company_domains;
BEGIN
  owner := p_name;
  outcome := refuse_company(p_actor, p_name, 'give domain ' || left(p_domain, 255) || ' to');
  IF outcome IS NOT NULL THEN RETURN; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN outcome := 'no_company'; RETURN; END IF;
  SELECT * INTO d FROM company_domains o WHERE o.domain = ANY (domains_above(p_domain)) ORDER BY length(o.domain) DESC LIMIT 1;
  IF d.company = p_name THEN d := NULL; END IF;
  IF d.company IS NOT NULL AND p_is_meant IS NOT TRUE AND NOT EXISTS (SELECT FROM company_domains o WHERE o.domain = p_domain) THEN
    outcome := 'below_another';
    owner := d.company;
    above := d.domain;
    RETURN;
  END IF;
  IF waits_for_second(p_actor, p_needs_two, c) AND NOT EXISTS (SELECT FROM company_domains o WHERE o.domain = p_domain) THEN
    outcome := propose_act(p_actor, c, 'domain', jsonb_build_object('domain', p_domain, 'is_meant', p_is_meant IS TRUE), ARRAY[p_domain]);
    RETURN;
  END IF;
  INSERT INTO company_domains (domain, company, added_by) VALUES (p_domain, p_name, p_actor.name) ON CONFLICT (domain) DO NOTHING;
  IF NOT FOUND THEN
    SELECT o.company INTO owner FROM company_domains o WHERE o.domain = p_domain;
    outcome := CASE WHEN owner = p_name THEN 'has_it' ELSE 'taken' END;
    RETURN;
  END IF;
  UPDATE companies SET changed_at = now() WHERE name = p_name;
  PERFORM note_company(p_actor, 'company_domain_given', p_name,
    p_domain || coalesce(', below ' || d.domain || ' of ' || d.company, ''));
  IF c.state = 'live' THEN PERFORM tell_who_connects(p_actor, 'domain_given', c, ARRAY[p_domain]); END IF;
  PERFORM settle_hand_in(p_name);
  outcome := 'given';
END $$;

-- withdrawn, not_its, or no_company. Who is signed in there stays so until the session ends.
CREATE OR REPLACE FUNCTION withdraw_domain(p_actor actor, p_name text, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'withdraw a domain of');
  c companies;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  DELETE FROM company_domains d WHERE d.domain = p_domain AND d.company = p_name;
  IF NOT FOUND THEN RETURN 'not_its'; END IF;
  UPDATE companies SET changed_at = now() WHERE name = p_name;
  PERFORM note_company(p_actor, 'company_domain_withdrawn', p_name, p_domain);
  RETURN 'withdrawn';
END $$;

-- changed; same; no_company; changed_meanwhile: it is not as it was in p_version (NULL: as it may be); no_metadata or no_domain: nobody
-- could sign on there; still_live: it is suspended before it is archived, so that every node knows. Whoever is signed in at one that goes out of service is signed out: that many sessions. One that is archived
-- gives up its domains and its entity ID, and stays archived.
CREATE OR REPLACE FUNCTION set_company_state(p_actor actor, p_name text, p_version bigint, p_state text,
                                             p_needs_two boolean DEFAULT false, OUT outcome text, OUT sessions int)
LANGUAGE plpgsql AS $$
DECLARE
  c companies;
  v_domains text;
BEGIN
  sessions := 0;
  outcome := refuse_company(p_actor, p_name, 'make ' || p_state || ' the');
  IF outcome IS NOT NULL THEN RETURN; END IF;
  PERFORM hold_company(p_name, true);  -- no sign-on begins a session while those that there are end
  c := hold_row_of_company(p_name);
  v_domains := (SELECT string_agg(d.domain, ' ' ORDER BY d.domain) FROM company_domains d WHERE d.company = p_name);
  outcome := CASE WHEN c.name IS NULL THEN 'no_company'
                  WHEN c.state = p_state THEN 'same'
                  WHEN c.version <> p_version THEN 'changed_meanwhile'
                  WHEN p_state = 'archived' AND c.state = 'live' THEN 'still_live'
                  WHEN p_state = 'live' AND c.metadata IS NULL THEN 'no_metadata'
                  WHEN p_state = 'live' AND v_domains IS NULL THEN 'no_domain'
                  ELSE 'changed' END;
  IF outcome <> 'changed' THEN RETURN; END IF;
  IF p_state = 'live' AND p_needs_two AND p_actor.id IS NOT NULL AND NOT c.was_live THEN
    outcome := propose_act(p_actor, c, 'live', '{}', string_to_array(v_domains, ' '));
    RETURN;
  END IF;
  UPDATE companies SET state = p_state, was_live = was_live OR p_state = 'live' WHERE name = p_name;
  IF p_state = 'suspended' THEN sessions := end_company_sessions(p_name, p_actor.name); END IF;
  IF p_state = 'live' THEN PERFORM tell_who_connects(p_actor, 'went_live', c, string_to_array(v_domains, ' ')); END IF;
  IF p_state = 'live' AND c.state = 'draft' THEN
    INSERT INTO mail_outbox (recipient, template, parameters)
    SELECT contact, 'company_ready', jsonb_build_object('idp', p_name, 'company', c.display_name, 'domains', string_to_array(v_domains, ' '))
    FROM (SELECT unnest(c.contacts) UNION  -- and whoever was sent a link and has opened it
          SELECT l.sent_to FROM company_links l WHERE l.company = p_name AND l.sent_to <> '' AND l.opened_at IS NOT NULL) told(contact);
  END IF;
  IF p_state = 'archived' THEN
    DELETE FROM company_domains d WHERE d.company = p_name;
    DELETE FROM domain_proofs p WHERE p.company = p_name;
    DELETE FROM company_offers o WHERE o.company = p_name;
    DELETE FROM company_hand_ins h WHERE h.company = p_name;
    DELETE FROM company_proposals p WHERE p.company = p_name;
    UPDATE companies SET contacts = '{}' WHERE name = p_name AND contacts <> '{}';
  END IF;
  PERFORM settle_hand_in(p_name);
  PERFORM note_company(p_actor, 'company_' || CASE p_state WHEN 'live' THEN 'went_live' ELSE p_state END, p_name,
    'was ' || c.state || ', domains ' || coalesce(v_domains, 'none'));
END $$;
