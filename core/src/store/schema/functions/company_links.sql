-- What a company's administrator does by a link, without an account: whoever has opened it may hand in what support then decides about.

-- Links that hold, at most ten of a company: added, no_company or too_many. A letter takes p_sealed there, which opens to the link;
-- where p_sent_to is empty, whoever made it passes it on.
CREATE OR REPLACE FUNCTION make_link(p_actor actor, p_name text, p_token_hash bytea, p_sent_to text, p_sealed text, p_life interval)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'make a link for');
  c companies;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF (SELECT count(*) FROM company_links l WHERE l.company = p_name AND l.ends_at > now()) >= 10 THEN RETURN 'too_many'; END IF;
  INSERT INTO company_links (company, token_hash, sent_to, made_by, ends_at)
  VALUES (p_name, p_token_hash, p_sent_to, p_actor.name, now() + p_life);
  IF p_sent_to <> '' THEN
    INSERT INTO mail_outbox (recipient, template, parameters)
    VALUES (p_sent_to, 'company_link', jsonb_build_object(
      'company', c.display_name, 'sealed_link', p_sealed, 'made_by', p_actor.name,
      'ends_at', to_char((now() + p_life) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')));
  END IF;
  PERFORM note_company(p_actor, 'company_link_made', p_name, coalesce(nullif(p_sent_to, ''), 'to be passed on'));
  RETURN 'added';
END $$;

-- It ends, and whoever has opened it is out: changed, or same where it had ended or is none of this company's.
CREATE OR REPLACE FUNCTION end_link(p_actor actor, p_name text, p_number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'end a link of');
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  UPDATE company_links l SET ends_at = now() WHERE l.company = p_name AND l.number = p_number AND l.ends_at > now();
  IF NOT FOUND THEN RETURN 'same'; END IF;
  PERFORM note_company(p_actor, 'company_link_ended', p_name, 'link ' || p_number);
  RETURN 'changed';
END $$;

-- Those that hold, the newest first.
CREATE OR REPLACE FUNCTION links_of_company(p_name text)
RETURNS TABLE (number bigint, sent_to text, made_by text, made_at text, opened_at text, ends_at text) LANGUAGE sql STABLE AS $$
  SELECT l.number, l.sent_to, l.made_by, iso(l.made_at), iso(l.opened_at), iso(l.ends_at)
  FROM company_links l WHERE l.company = p_name AND l.ends_at > now() ORDER BY l.number DESC LIMIT 20
$$;

-- opened: by this browser, which has p_browser from now on; again: it has p_current, and that opened it; used: another one has; ended: it
-- is over, or there never was one.
CREATE OR REPLACE FUNCTION open_link(p_actor actor, p_token_hash bytea, p_browser bytea, p_current bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links;
BEGIN
  SELECT o.* INTO l FROM company_links o JOIN companies c ON c.name = o.company
  WHERE o.token_hash = p_token_hash AND o.ends_at > now() AND c.state <> 'archived' FOR UPDATE OF o;
  IF NOT FOUND THEN RETURN 'ended'; END IF;
  IF l.browser_hash = p_current THEN RETURN 'again'; END IF;
  IF l.browser_hash IS NOT NULL THEN RETURN 'used'; END IF;
  UPDATE company_links o SET browser_hash = p_browser, opened_at = now() WHERE o.number = l.number;
  PERFORM note_company(actor_by_link(p_actor, l), 'company_link_opened', l.company, 'link ' || l.number);
  RETURN 'opened';
END $$;

-- The link that a browser has opened; none without a number. Held, so that it does not end meanwhile.
CREATE OR REPLACE FUNCTION hold_link(p_browser bytea) RETURNS company_links LANGUAGE sql AS $$
  SELECT l.* FROM company_links l JOIN companies c ON c.name = l.company
  WHERE l.browser_hash = p_browser AND l.ends_at > now() AND c.state <> 'archived' FOR SHARE OF l
$$;

-- Whom the audit trail names: whoever made the link answers for whom it was given to.
CREATE OR REPLACE FUNCTION actor_by_link(p_actor actor, l company_links) RETURNS actor LANGUAGE plpgsql STABLE AS $$
BEGIN
  p_actor.name := 'link ' || l.number || ' of ' || coalesce(nullif(l.sent_to, ''), l.made_by);
  RETURN p_actor;
END $$;

-- What its administrator is shown of a company, by the link that the browser has opened; no row: it has none that holds.
CREATE OR REPLACE FUNCTION company_by_link(p_browser bytea)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, version bigint, link bigint, ends_at text,
               handed_in_at text, entity_id text, fingerprints text, offered_entity_id text, offered_fingerprints text)
LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, c.version, l.number, iso(l.ends_at),
         iso(c.handed_in_at), m.entity_id, array_to_string(m.fingerprints, ' '), o.entity_id, array_to_string(o.fingerprints, ' ')
  FROM company_links l JOIN companies c ON c.name = l.company
  LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata
  LEFT JOIN company_offers o ON o.company = c.name
  WHERE l.browser_hash = p_browser AND l.ends_at > now() AND c.state <> 'archived'
$$;

-- All that follow answer no_link, too.

-- kept: of a draft, where nobody signs on yet, it is the company's at once, so that it can be tested, and the last ten versions stay; of any
-- other it waits for support. Also same, changed_meanwhile, or entity_id_taken.
CREATE OR REPLACE FUNCTION hand_in_metadata(p_actor actor, p_browser bytea, p_version bigint, p_xml text, p_entity_id text,
                                            p_fingerprints text[], p_summary jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
  c companies;
  v_outcome text;
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  p_actor := actor_by_link(p_actor, l);
  c := hold_row_of_company(l.company);
  IF c.state = 'draft' THEN
    v_outcome := bring_metadata(p_actor, c.name, p_version, p_xml, p_entity_id, p_fingerprints, p_summary);
    DELETE FROM company_metadata m WHERE v_outcome = 'kept' AND m.company = c.name AND m.brought_by LIKE 'link %' AND m.number NOT IN (
      SELECT x.number FROM company_metadata x WHERE x.company = c.name AND x.brought_by LIKE 'link %' ORDER BY x.number DESC LIMIT 10);
    RETURN v_outcome;
  END IF;
  IF c.version <> p_version THEN RETURN 'changed_meanwhile'; END IF;
  IF EXISTS (SELECT FROM companies o WHERE o.entity_id = p_entity_id AND o.name <> c.name AND o.state <> 'archived') THEN
    RETURN 'entity_id_taken';
  END IF;
  IF EXISTS (SELECT FROM company_metadata m WHERE m.company = c.name AND m.number = c.metadata AND m.xml = p_xml) THEN
    DELETE FROM company_offers o WHERE o.company = c.name;
    RETURN 'same';
  END IF;
  INSERT INTO company_offers AS o (company, xml, entity_id, fingerprints, offered_by)
  VALUES (c.name, p_xml, p_entity_id, p_fingerprints, p_actor.name)
  ON CONFLICT (company) DO UPDATE SET xml = excluded.xml, entity_id = excluded.entity_id, fingerprints = excluded.fingerprints,
                                      offered_by = excluded.offered_by, offered_at = now();
  PERFORM note_company(p_actor, 'company_metadata_offered', c.name, p_entity_id || ' ' || array_to_string(p_fingerprints, ' '));
  RETURN 'kept';
END $$;

-- A domain that its administrator says is the company's: added, has_it or too_many. Whose it is, is for support to know.
CREATE OR REPLACE FUNCTION ask_for_domain(p_actor actor, p_browser bytea, p_domain text, p_challenge text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  RETURN want_proof(actor_by_link(p_actor, l), l.company, p_domain, p_challenge);
END $$;

-- changed, or same: it was not asked for, or is the company's by now, which support alone changes.
CREATE OR REPLACE FUNCTION take_domain_back(p_actor actor, p_browser bytea, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  RETURN drop_proof(actor_by_link(p_actor, l), l.company, p_domain);
END $$;

-- It is looked up now rather than later: changed; same: that was done within the last 20 seconds, or nobody asked for it.
CREATE OR REPLACE FUNCTION look_again(p_browser bytea, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  UPDATE domain_proofs p SET next_at = now()
  WHERE p.company = l.company AND p.domain = p_domain AND coalesce(p.checked_at, '-infinity') < now() - interval '20 seconds';
  RETURN CASE WHEN FOUND THEN 'changed' ELSE 'same' END;
END $$;

-- That support is to look at it: changed; no_metadata or no_domain: nobody could sign on with what there is. Who connects companies is
-- written to, once an hour at most.
CREATE OR REPLACE FUNCTION hand_in(p_actor actor, p_browser bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
  c companies;
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  p_actor := actor_by_link(p_actor, l);
  c := hold_row_of_company(l.company);
  IF c.metadata IS NULL THEN RETURN 'no_metadata'; END IF;
  IF NOT EXISTS (SELECT FROM company_domains d WHERE d.company = c.name UNION ALL SELECT FROM domain_proofs p WHERE p.company = c.name) THEN
    RETURN 'no_domain';
  END IF;
  IF c.handed_in_at > now() - interval '1 minute' THEN RETURN 'changed'; END IF;
  UPDATE companies SET handed_in_at = now() WHERE name = c.name;
  PERFORM note_company(p_actor, 'company_handed_in', c.name, '');
  IF c.handed_in_at IS NULL OR c.handed_in_at < now() - interval '1 hour' THEN
    INSERT INTO mail_outbox (recipient, template, parameters)
    SELECT w.email, 'company_handed_in', jsonb_build_object(
      'company', c.display_name, 'by', p_actor.name, 'is_live', c.state = 'live',
      'domains', ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name AND p.proven_at IS NOT NULL ORDER BY 1),
      'unproven', ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name AND p.proven_at IS NULL ORDER BY 1))
    FROM who_connects(p_actor) w(email);
  END IF;
  RETURN 'changed';
END $$;

-- A draft goes live without support, where its administrator has proven every domain that they ask for: true. False, and nothing was done:
-- it is not as it was in p_version, a proof is missing or older than a day, or a domain is, or is below, another company's.
CREATE OR REPLACE FUNCTION go_live_by_link(p_actor actor, p_browser bytea, p_version bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser);
  c companies;
  v_domains text[];
  v_domain text;
BEGIN
  IF l.number IS NULL THEN RETURN false; END IF;
  p_actor := actor_by_link(p_actor, l);
  PERFORM hold_company(l.company, true);  -- as set_company_state(), before the row
  c := hold_row_of_company(l.company);
  v_domains := ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name ORDER BY p.asked_at, p.domain);
  IF c.state <> 'draft' OR c.version <> p_version OR cardinality(v_domains) = 0
     OR EXISTS (SELECT FROM domain_proofs p WHERE p.company = c.name
                AND (p.proven_at IS NULL OR p.missing_since IS NOT NULL OR p.checked_at < now() - interval '25 hours'))
     OR EXISTS (SELECT FROM unnest(v_domains) v JOIN company_domains d ON d.domain = v OR d.domain = ANY (domains_above(v))
                WHERE d.company <> c.name) THEN
    RETURN false;
  END IF;
  FOREACH v_domain IN ARRAY v_domains LOOP PERFORM give_domain(p_actor, c.name, v_domain); END LOOP;
  RETURN (set_company_state(p_actor, c.name, NULL, 'live')).outcome = 'changed';
END $$;

-- Support has seen to it; what was not taken is thrown away: changed, same or no_company.
CREATE OR REPLACE FUNCTION close_hand_in(p_actor actor, p_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'close what was handed in of');
  c companies;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  DELETE FROM company_offers o WHERE o.company = p_name;
  IF NOT FOUND AND c.handed_in_at IS NULL THEN RETURN 'same'; END IF;
  UPDATE companies SET handed_in_at = NULL WHERE name = p_name;
  PERFORM note_company(p_actor, 'company_hand_in_closed', p_name, '');
  RETURN 'changed';
END $$;

-- What was handed in waits no longer once nothing of it is left to decide.
CREATE OR REPLACE FUNCTION settle_hand_in(p_name text) RETURNS void LANGUAGE sql AS $$
  UPDATE companies c SET handed_in_at = NULL
  WHERE c.name = p_name AND c.handed_in_at IS NOT NULL AND c.state = 'live'
    AND NOT EXISTS (SELECT FROM company_offers o WHERE o.company = p_name)
    AND NOT EXISTS (SELECT FROM domain_proofs p WHERE p.company = p_name
                    AND NOT EXISTS (SELECT FROM company_domains d WHERE d.company = p_name AND d.domain = p.domain))
$$;

-- What was handed in of one, for support: no row: nothing waits.
CREATE OR REPLACE FUNCTION hand_in_of_company(p_name text)
RETURNS TABLE (handed_in_at text, offered_by text, offered_at text, xml text, entity_id text, fingerprints text) LANGUAGE sql STABLE AS $$
  SELECT iso(c.handed_in_at), o.offered_by, iso(o.offered_at), o.xml, o.entity_id, array_to_string(o.fingerprints, ' ')
  FROM companies c LEFT JOIN company_offers o ON o.company = c.name
  WHERE c.name = p_name AND (c.handed_in_at IS NOT NULL OR o.company IS NOT NULL)
$$;
