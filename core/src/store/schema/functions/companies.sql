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

CREATE OR REPLACE FUNCTION note_company(p_kind text, p_actor text, p_name text, p_detail text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO audit_events (kind, actor, idp, detail) VALUES (p_kind, p_actor, p_name, left(p_detail, 1000))
$$;

-- Held until the transaction ends; a company without a name where there is none that can be changed.
CREATE OR REPLACE FUNCTION hold_row_of_company(p_name text) RETURNS companies LANGUAGE sql AS $$
  SELECT * FROM companies c WHERE c.name = p_name AND c.state <> 'archived' FOR UPDATE
$$;

-- added, or name_taken: by one that is archived, too, for people and the audit trail know it by its name.
CREATE OR REPLACE FUNCTION add_company(p_name text, p_display_name text, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO companies (name, display_name) VALUES (p_name, p_display_name) ON CONFLICT (name) DO NOTHING;
  IF NOT FOUND THEN RETURN 'name_taken'; END IF;
  PERFORM note_company('company_added', p_actor, p_name, p_display_name);
  RETURN 'added';
END $$;

-- changed, no_company, or changed_meanwhile: it is not as it was in p_version.
CREATE OR REPLACE FUNCTION change_company(p_name text, p_version bigint, p_display_name text, p_settings jsonb, p_actor text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c companies := hold_row_of_company(p_name);
BEGIN
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF c.version <> p_version THEN RETURN 'changed_meanwhile'; END IF;
  UPDATE companies SET display_name = p_display_name, settings = p_settings WHERE name = p_name;
  PERFORM note_company('company_changed', p_actor, p_name,
    'was ' || c.display_name || ' ' || c.settings || ', is ' || p_display_name || ' ' || p_settings);
  RETURN 'changed';
END $$;

-- The next version of its metadata, in force at once: kept, same, no_company, or entity_id_taken.
CREATE OR REPLACE FUNCTION bring_metadata(p_name text, p_xml text, p_entity_id text, p_fingerprints text[], p_actor text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c companies := hold_row_of_company(p_name);
  before company_metadata;
  v_number int;
BEGIN
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  SELECT * INTO before FROM company_metadata m WHERE m.company = p_name AND m.number = c.metadata;
  IF before.xml = p_xml THEN RETURN 'same'; END IF;
  IF EXISTS (SELECT FROM companies o WHERE o.entity_id = p_entity_id AND o.name <> p_name AND o.state <> 'archived') THEN
    RETURN 'entity_id_taken';
  END IF;
  SELECT coalesce(max(m.number), 0) + 1 INTO v_number FROM company_metadata m WHERE m.company = p_name;
  INSERT INTO company_metadata (company, number, xml, entity_id, fingerprints, brought_by)
  VALUES (p_name, v_number, p_xml, p_entity_id, p_fingerprints, p_actor);
  UPDATE companies SET metadata = v_number, entity_id = p_entity_id WHERE name = p_name;
  PERFORM note_company('company_metadata_brought', p_actor, p_name,
    'was ' || coalesce(before.entity_id || ' ' || array_to_string(before.fingerprints, ' '), 'none') || ', is ' || p_entity_id || ' '
      || array_to_string(p_fingerprints, ' '));
  RETURN 'kept';
END $$;

-- given; has_it; no_company; or taken, by p_owner.
CREATE OR REPLACE FUNCTION give_domain(p_name text, p_domain text, p_actor text, OUT outcome text, OUT owner text) LANGUAGE plpgsql AS $$
DECLARE
  c companies := hold_row_of_company(p_name);
BEGIN
  owner := p_name;
  IF c.name IS NULL THEN outcome := 'no_company'; RETURN; END IF;
  INSERT INTO company_domains (domain, company, added_by) VALUES (p_domain, p_name, p_actor) ON CONFLICT (domain) DO NOTHING;
  IF NOT FOUND THEN
    SELECT d.company INTO owner FROM company_domains d WHERE d.domain = p_domain;
    outcome := CASE WHEN owner = p_name THEN 'has_it' ELSE 'taken' END;
    RETURN;
  END IF;
  UPDATE companies SET changed_at = now() WHERE name = p_name;
  PERFORM note_company('company_domain_given', p_actor, p_name, p_domain);
  outcome := 'given';
END $$;

-- withdrawn, not_its, or no_company. Who is signed in there stays so until the session ends.
CREATE OR REPLACE FUNCTION withdraw_domain(p_name text, p_domain text, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c companies := hold_row_of_company(p_name);
BEGIN
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  DELETE FROM company_domains d WHERE d.domain = p_domain AND d.company = p_name;
  IF NOT FOUND THEN RETURN 'not_its'; END IF;
  UPDATE companies SET changed_at = now() WHERE name = p_name;
  PERFORM note_company('company_domain_withdrawn', p_actor, p_name, p_domain);
  RETURN 'withdrawn';
END $$;

-- changed; same; no_company; no_metadata or no_domain: nobody could sign on there; still_live: it is suspended before it is archived,
-- so that every node knows. Whoever is signed in at one that goes out of service is signed out: that many sessions. One that is archived
-- gives up its domains and its entity ID, and stays archived.
CREATE OR REPLACE FUNCTION set_company_state(p_name text, p_state text, p_actor text, OUT outcome text, OUT sessions int)
LANGUAGE plpgsql AS $$
DECLARE
  c companies;
  v_domains text;
BEGIN
  sessions := 0;
  PERFORM hold_company(p_name, true);  -- no sign-on begins a session while those that there are end
  c := hold_row_of_company(p_name);
  v_domains := (SELECT string_agg(d.domain, ' ' ORDER BY d.domain) FROM company_domains d WHERE d.company = p_name);
  outcome := CASE WHEN c.name IS NULL THEN 'no_company'
                  WHEN c.state = p_state THEN 'same'
                  WHEN p_state = 'archived' AND c.state = 'live' THEN 'still_live'
                  WHEN p_state = 'live' AND c.metadata IS NULL THEN 'no_metadata'
                  WHEN p_state = 'live' AND v_domains IS NULL THEN 'no_domain'
                  ELSE 'changed' END;
  IF outcome <> 'changed' THEN RETURN; END IF;
  UPDATE companies SET state = p_state WHERE name = p_name;
  IF p_state = 'suspended' THEN sessions := end_company_sessions(p_name, p_actor); END IF;
  IF p_state = 'archived' THEN DELETE FROM company_domains d WHERE d.company = p_name; END IF;
  PERFORM note_company('company_' || CASE p_state WHEN 'live' THEN 'went_live' ELSE p_state END, p_actor, p_name,
    'was ' || c.state || ', domains ' || coalesce(v_domains, 'none'));
END $$;

-- As a text, the first that was given first.
CREATE OR REPLACE FUNCTION domains_of_company(p_name text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(d.domain, ' ' ORDER BY d.added_at, d.domain), '') FROM company_domains d WHERE d.company = p_name
$$;

-- With the metadata in force.
CREATE OR REPLACE FUNCTION find_company(p_name text)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, metadata text, version bigint)
LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, m.xml, c.version
  FROM companies c LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata WHERE c.name = p_name
$$;

-- What has changed since p_version, in the order in which it did: with everything that a node needs of one that is live. At most p_limit,
-- and after the first no more than 4 MiB of metadata.
CREATE OR REPLACE FUNCTION changed_companies(p_version bigint, p_limit int)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, metadata text, version bigint)
LANGUAGE sql STABLE AS $$
  SELECT n.name, n.display_name, n.state, domains_of_company(n.name), n.settings::text, m.xml, n.version
  FROM (SELECT c.*, row_number() OVER w AS place, sum(octet_length(x.xml)) OVER w AS bytes
        FROM (SELECT * FROM companies o WHERE o.version > p_version ORDER BY o.version LIMIT p_limit) c
        LEFT JOIN company_metadata x ON x.company = c.name AND x.number = c.metadata AND c.state = 'live'
        WINDOW w AS (ORDER BY c.version)) n
  LEFT JOIN company_metadata m ON m.company = n.name AND m.number = n.metadata AND n.state = 'live'
  WHERE n.place = 1 OR n.bytes IS NULL OR n.bytes <= 4194304 ORDER BY n.version
$$;

-- By name, behind p_after.
CREATE OR REPLACE FUNCTION list_companies(p_after text, p_limit int)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, version bigint) LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, c.version
  FROM companies c WHERE c.name > p_after ORDER BY c.name LIMIT p_limit
$$;

-- The newest first.
CREATE OR REPLACE FUNCTION metadata_versions(p_name text)
RETURNS TABLE (number int, entity_id text, fingerprints text, brought_by text, brought_at text, is_in_force boolean)
LANGUAGE sql STABLE AS $$
  SELECT m.number, m.entity_id, array_to_string(m.fingerprints, ' '), m.brought_by, iso(m.brought_at), m.number = c.metadata
  FROM company_metadata m JOIN companies c ON c.name = m.company WHERE m.company = p_name ORDER BY m.number DESC
$$;
