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
    VALUES (p_sent_to, 'company_link', jsonb_strip_nulls(jsonb_build_object(
      'company', c.display_name, 'sealed_link', p_sealed, 'made_by', CASE WHEN p_actor.id IS NOT NULL THEN p_actor.name END,
      'ends_at', to_char((now() + p_life) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))));
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

-- opened: by the browser that has p_browser; again: it has before; used: another one has; ended: it is over, or there never was one.
CREATE OR REPLACE FUNCTION open_link(p_actor actor, p_token_hash bytea, p_browser bytea, OUT outcome text, OUT number bigint)
LANGUAGE plpgsql AS $$
DECLARE
  l company_links;
BEGIN
  SELECT o.* INTO l FROM company_links o JOIN companies c ON c.name = o.company
  WHERE o.token_hash = p_token_hash AND o.ends_at > now() AND c.state <> 'archived' FOR UPDATE OF o;
  number := l.number;
  outcome := CASE WHEN l.number IS NULL THEN 'ended' WHEN l.browser_hash = p_browser THEN 'again'
                  WHEN l.browser_hash IS NOT NULL THEN 'used' ELSE 'opened' END;
  IF outcome <> 'opened' THEN RETURN; END IF;
  UPDATE company_links o SET browser_hash = p_browser, opened_at = now() WHERE o.number = l.number;
  PERFORM note_company(actor_by_link(p_actor, l), 'company_link_opened', l.company, 'link ' || l.number);
END $$;

-- A link that a browser has opened: p_link, or, where that is NULL, the one that it opened last. None without a number. Held, so that it
-- does not end meanwhile; and its company is none that was archived.
CREATE OR REPLACE FUNCTION hold_link(p_browser bytea, p_link bigint) RETURNS company_links LANGUAGE plpgsql AS $$
DECLARE
  l company_links;
BEGIN
  SELECT * INTO l FROM company_links o
  WHERE o.browser_hash = p_browser AND o.ends_at > now() AND o.number = coalesce(p_link, o.number)
  ORDER BY o.opened_at DESC LIMIT 1 FOR SHARE;
  IF (hold_row_of_company(l.company)).name IS NULL THEN RETURN NULL; END IF;
  RETURN l;
END $$;

-- Whom the audit trail names: whoever made the link answers for whom it was given to.
CREATE OR REPLACE FUNCTION actor_by_link(p_actor actor, l company_links) RETURNS actor LANGUAGE plpgsql STABLE AS $$
BEGIN
  p_actor.name := 'link ' || l.number || ' of ' || coalesce(nullif(l.sent_to, ''), l.made_by);
  RETURN p_actor;
END $$;

-- What its administrator is shown of a company, by the link that the browser has opened (as hold_link()); no row: it has none that holds.
CREATE OR REPLACE FUNCTION company_by_link(p_browser bytea, p_link bigint)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, version bigint, link bigint, ends_at text,
               handed_in_at text, entity_id text, fingerprints text, offered_entity_id text, offered_fingerprints text, offer text)
LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, c.version, l.number, iso(l.ends_at),
         iso(h.handed_in_at), m.entity_id, array_to_string(m.fingerprints, ' '), o.entity_id, array_to_string(o.fingerprints, ' '),
         o.offered_at::text
  FROM company_links l JOIN companies c ON c.name = l.company
  LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata
  LEFT JOIN company_offers o ON o.company = c.name
  LEFT JOIN company_hand_ins h ON h.company = c.name
  WHERE l.browser_hash = p_browser AND l.number = coalesce(p_link, l.number) AND l.ends_at > now() AND c.state <> 'archived'
  ORDER BY l.opened_at DESC LIMIT 1
$$;

-- All that follow answer no_link, too.

-- kept: of a draft, where nobody signs on yet, it is the company's at once, so that it can be tested, and the last ten versions stay. It waits
-- for support where that has been handed in (so that what support compares is what goes live), of any other company, and where another one has
-- the entity ID, which is for support to know. Also same, or changed_meanwhile: the company is not as it was in p_version, or other metadata
-- waits than p_offer.
CREATE OR REPLACE FUNCTION hand_in_metadata(p_actor actor, p_browser bytea, p_link bigint, p_version bigint, p_offer text, p_xml text,
                                            p_entity_id text, p_fingerprints text[], p_summary jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser, p_link);
  c companies;
  v_outcome text;
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  p_actor := actor_by_link(p_actor, l);
  c := hold_row_of_company(l.company);
  IF c.version <> p_version
     OR (SELECT o.offered_at::text FROM company_offers o WHERE o.company = c.name) IS DISTINCT FROM nullif(p_offer, '') THEN
    RETURN 'changed_meanwhile';
  END IF;
  IF EXISTS (SELECT FROM company_metadata m WHERE m.company = c.name AND m.number = c.metadata AND m.xml = p_xml) THEN
    DELETE FROM company_offers o WHERE o.company = c.name;
    PERFORM settle_hand_in(c.name);
    RETURN 'same';
  END IF;
  IF c.state = 'draft' AND NOT is_handed_in(c.name) THEN
    v_outcome := bring_metadata(p_actor, c.name, p_version, p_xml, p_entity_id, p_fingerprints, p_summary);
    DELETE FROM company_metadata m WHERE v_outcome = 'kept' AND m.company = c.name AND m.brought_by LIKE 'link %' AND m.number NOT IN (
      SELECT x.number FROM company_metadata x WHERE x.company = c.name AND x.brought_by LIKE 'link %' ORDER BY x.number DESC LIMIT 10);
    IF v_outcome <> 'entity_id_taken' THEN RETURN v_outcome; END IF;
  END IF;
  INSERT INTO company_offers AS o (company, xml, entity_id, fingerprints, offered_by)
  VALUES (c.name, p_xml, p_entity_id, p_fingerprints, p_actor.name)
  ON CONFLICT (company) DO UPDATE SET xml = excluded.xml, entity_id = excluded.entity_id, fingerprints = excluded.fingerprints,
                                      offered_by = excluded.offered_by, offered_at = clock_timestamp();
  PERFORM note_company(p_actor, 'company_metadata_offered', c.name, p_entity_id || ' ' || array_to_string(p_fingerprints, ' '));
  RETURN 'kept';
END $$;

-- A domain that its administrator says is the company's: added, has_it or too_many. Whose it is, is for support to know.
CREATE OR REPLACE FUNCTION ask_for_domain(p_actor actor, p_browser bytea, p_link bigint, p_domain text, p_challenge text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser, p_link);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  RETURN want_proof(actor_by_link(p_actor, l), l.company, p_domain, p_challenge);
END $$;

-- changed, or same: it was not asked for, or is the company's by now, which support alone changes.
CREATE OR REPLACE FUNCTION take_domain_back(p_actor actor, p_browser bytea, p_link bigint, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser, p_link);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  RETURN drop_proof(actor_by_link(p_actor, l), l.company, p_domain);
END $$;

-- As look_soon().
CREATE OR REPLACE FUNCTION look_again(p_browser bytea, p_link bigint, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser, p_link);
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  RETURN look_soon(l.company, p_domain);
END $$;

-- That support is to look at it: changed; no_metadata or no_domain: nobody could sign on with what there is. Who connects companies is
-- written to, once an hour at most.
CREATE OR REPLACE FUNCTION hand_in(p_actor actor, p_browser bytea, p_link bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l company_links := hold_link(p_browser, p_link);
  c companies;
  h company_hand_ins;
BEGIN
  IF l.number IS NULL THEN RETURN 'no_link'; END IF;
  p_actor := actor_by_link(p_actor, l);
  c := hold_row_of_company(l.company);
  IF c.metadata IS NULL AND NOT EXISTS (SELECT FROM company_offers o WHERE o.company = c.name) THEN RETURN 'no_metadata'; END IF;
  IF NOT EXISTS (SELECT FROM company_domains d WHERE d.company = c.name UNION ALL SELECT FROM domain_proofs p WHERE p.company = c.name) THEN
    RETURN 'no_domain';
  END IF;
  SELECT * INTO h FROM company_hand_ins x WHERE x.company = c.name;
  IF h.handed_in_at > now() - interval '1 minute' THEN RETURN 'changed'; END IF;
  INSERT INTO company_hand_ins AS x (company, handed_in_at) VALUES (c.name, now())
  ON CONFLICT (company) DO UPDATE SET handed_in_at = now();
  PERFORM note_company(p_actor, 'company_handed_in', c.name, '');
  IF h.told_at > now() - interval '1 hour' THEN RETURN 'changed'; END IF;
  UPDATE company_hand_ins x SET told_at = now() WHERE x.company = c.name;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT w.email, 'company_handed_in', jsonb_build_object(
    'company', c.display_name, 'by', p_actor.name, 'is_live', c.state = 'live',
    'domains', ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name AND is_proven(p) ORDER BY 1),
    'unproven', ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name AND NOT is_proven(p) ORDER BY 1))
  FROM who_connects(p_actor) w(email);
  RETURN 'changed';
END $$;

-- A draft goes live without support, where its administrator has proven every domain that they ask for: true. False, and nothing was done:
-- it is not as it was in p_version, something waits for support, a domain is not proven by a look of the last day, or is, or is below,
-- another company's.
CREATE OR REPLACE FUNCTION go_live_by_link(p_actor actor, p_browser bytea, p_link bigint, p_version bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  l company_links;
  c companies;
  v_domains text[];
  v_domain text;
BEGIN
  SELECT * INTO l FROM company_links o WHERE o.browser_hash = p_browser AND o.number = p_link;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM hold_company(l.company, true);  -- as set_company_state(), before the row
  l := hold_link(p_browser, p_link);
  IF l.number IS NULL THEN RETURN false; END IF;
  p_actor := actor_by_link(p_actor, l);
  c := hold_row_of_company(l.company);
  v_domains := ARRAY(SELECT p.domain FROM domain_proofs p WHERE p.company = c.name ORDER BY p.asked_at, p.domain);
  IF c.state <> 'draft' OR c.version <> p_version OR cardinality(v_domains) = 0
     OR EXISTS (SELECT FROM company_offers o WHERE o.company = c.name)
     OR EXISTS (SELECT FROM domain_proofs p WHERE p.company = c.name
                AND NOT (is_proven(p) AND p.outcome = 'proven' AND p.checked_at > now() - interval '25 hours'))
     OR EXISTS (SELECT FROM unnest(v_domains) v JOIN company_domains d ON d.domain = v OR d.domain = ANY (domains_above(v))
                WHERE d.company <> c.name) THEN
    RETURN false;
  END IF;
  FOREACH v_domain IN ARRAY v_domains LOOP
    IF (give_domain(p_actor, c.name, v_domain)).outcome NOT IN ('given', 'has_it') THEN RAISE EXCEPTION 'a domain was taken'; END IF;
  END LOOP;
  IF (set_company_state(p_actor, c.name, NULL, 'live')).outcome <> 'changed' THEN RAISE EXCEPTION 'it cannot go live'; END IF;
  RETURN true;
EXCEPTION WHEN raise_exception THEN
  RETURN false;
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
  IF NOT FOUND AND NOT is_handed_in(p_name) THEN RETURN 'same'; END IF;
  UPDATE company_hand_ins h SET handed_in_at = NULL WHERE h.company = p_name;
  PERFORM note_company(p_actor, 'company_hand_in_closed', p_name, '');
  RETURN 'changed';
END $$;

CREATE OR REPLACE FUNCTION is_handed_in(p_name text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM company_hand_ins h WHERE h.company = p_name AND h.handed_in_at IS NOT NULL)
$$;

-- What was handed in waits no longer once nothing of it is left to decide.
CREATE OR REPLACE FUNCTION settle_hand_in(p_name text) RETURNS void LANGUAGE sql AS $$
  UPDATE company_hand_ins h SET handed_in_at = NULL
  WHERE h.company = p_name AND h.handed_in_at IS NOT NULL
    AND EXISTS (SELECT FROM companies c WHERE c.name = p_name AND c.state = 'live')
    AND NOT EXISTS (SELECT FROM company_offers o WHERE o.company = p_name)
    AND NOT EXISTS (SELECT FROM domain_proofs p WHERE p.company = p_name
                    AND NOT EXISTS (SELECT FROM company_domains d WHERE d.company = p_name AND d.domain = p.domain))
$$;

-- What was handed in of one, for support: no row: nothing waits.
CREATE OR REPLACE FUNCTION hand_in_of_company(p_name text)
RETURNS TABLE (handed_in_at text, offered_by text, offered_at text, xml text, entity_id text, fingerprints text) LANGUAGE sql STABLE AS $$
  SELECT iso(h.handed_in_at), o.offered_by, iso(o.offered_at), o.xml, o.entity_id, array_to_string(o.fingerprints, ' ')
  FROM companies c LEFT JOIN company_offers o ON o.company = c.name LEFT JOIN company_hand_ins h ON h.company = c.name
  WHERE c.name = p_name AND (h.handed_in_at IS NOT NULL OR o.company IS NOT NULL)
$$;
