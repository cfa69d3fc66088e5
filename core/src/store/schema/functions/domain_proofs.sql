-- Whether a domain is its company's, as a TXT record says. Whoever refreshes companies asks what is due, looks it up and writes what came
-- of it.

-- By the last look that was answered.
CREATE OR REPLACE FUNCTION is_proven(p domain_proofs) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.proven_at IS NOT NULL AND p.missing_since IS NULL
$$;

-- For either who asks, who holds the company's row: added, has_it or too_many: fifty of a company. It is first looked up after three
-- minutes: resolvers remember for long that there is no record yet.
CREATE OR REPLACE FUNCTION want_proof(p_actor actor, p_name text, p_domain text, p_challenge text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM domain_proofs p WHERE p.company = p_name AND p.domain = p_domain) THEN RETURN 'has_it'; END IF;
  IF (SELECT count(*) FROM domain_proofs p WHERE p.company = p_name) >= 50 THEN RETURN 'too_many'; END IF;
  INSERT INTO domain_proofs (company, domain, challenge, asked_by, next_at)
  VALUES (p_name, p_domain, p_challenge, p_actor.name, now() + interval '3 minutes');
  PERFORM note_company(p_actor, 'company_domain_asked', p_name, p_domain);
  RETURN 'added';
END $$;

-- changed, or same: there was none, or the company has the domain.
CREATE OR REPLACE FUNCTION drop_proof(p_actor actor, p_name text, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM domain_proofs p WHERE p.company = p_name AND p.domain = p_domain
    AND NOT EXISTS (SELECT FROM company_domains d WHERE d.company = p_name AND d.domain = p_domain);
  IF NOT FOUND THEN RETURN 'same'; END IF;
  PERFORM note_company(p_actor, 'company_domain_not_asked', p_name, p_domain);
  PERFORM settle_hand_in(p_name);
  RETURN 'changed';
END $$;

-- The same for support: also no_company.
CREATE OR REPLACE FUNCTION ask_for_proof(p_actor actor, p_name text, p_domain text, p_challenge text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'ask for a proof of a domain of');
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF (hold_row_of_company(p_name)).name IS NULL THEN RETURN 'no_company'; END IF;
  RETURN want_proof(p_actor, p_name, p_domain, p_challenge);
END $$;
CREATE OR REPLACE FUNCTION refuse_domain(p_actor actor, p_name text, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'refuse a domain to');
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF (hold_row_of_company(p_name)).name IS NULL THEN RETURN 'no_company'; END IF;
  RETURN drop_proof(p_actor, p_name, p_domain);
END $$;

-- It is looked up now rather than later: changed; same: that was done within the last 20 seconds (five minutes, where nobody answered), or
-- nobody asked for it.
CREATE OR REPLACE FUNCTION look_soon(p_name text, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  UPDATE domain_proofs p SET next_at = now()
  WHERE p.company = p_name AND p.domain = p_domain
    AND coalesce(p.checked_at, '-infinity') < now() - CASE WHEN p.failures = 0 THEN interval '20 seconds' ELSE interval '5 minutes' END;
  RETURN CASE WHEN FOUND THEN 'changed' ELSE 'same' END;
END $$;

-- The same for support: also no_company.
CREATE OR REPLACE FUNCTION look_at_domain(p_actor actor, p_name text, p_domain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'look at a domain of');
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF (hold_row_of_company(p_name)).name IS NULL THEN RETURN 'no_company'; END IF;
  RETURN look_soon(p_name, p_domain);
END $$;

-- owner: who has it, if anybody.
CREATE OR REPLACE FUNCTION proofs_of_company(p_name text)
RETURNS TABLE (domain text, challenge text, asked_by text, owner text, checked_at text, proven_at text, missing_since text, outcome text,
               found text, detail text) LANGUAGE sql STABLE AS $$
  SELECT p.domain, p.challenge, p.asked_by, d.company, iso(p.checked_at), iso(p.proven_at), iso(p.missing_since), p.outcome, p.found, p.detail
  FROM domain_proofs p LEFT JOIN company_domains d ON d.domain = p.domain
  WHERE p.company = p_name ORDER BY p.asked_at, p.domain
$$;

-- One look at a domain, unless somebody has it.
CREATE OR REPLACE FUNCTION lease_look(p_name text, p_domain text)
RETURNS TABLE (company text, domain text, challenge text, was_proven boolean, failures int, age bigint, lease text) LANGUAGE sql AS $$
  UPDATE domain_proofs p SET lease_until = now() + interval '2 minutes', checked_at = now()
  WHERE p.company = p_name AND p.domain = p_domain AND (p.lease_until IS NULL OR p.lease_until <= now())
  RETURNING p.company, p.domain, p.challenge, p.proven_at IS NOT NULL, p.failures,
            extract(epoch FROM now() - p.asked_at)::bigint, p.lease_until::text
$$;

-- What is due, at most p_limit, those whose servers gave no answer last behind the others; or one domain of p_name's, due or not. Nobody
-- else gets them until `lease`, in which end_look() says what came of it. age: for how many seconds it has been asked for.
CREATE OR REPLACE FUNCTION begin_looks(p_name text, p_domain text, p_limit int)
RETURNS TABLE (company text, domain text, challenge text, was_proven boolean, failures int, age bigint, lease text) LANGUAGE plpgsql AS $$
BEGIN
  IF p_name <> '' THEN
    RETURN QUERY SELECT * FROM lease_look(p_name, p_domain);
    RETURN;
  END IF;
  RETURN QUERY
  SELECT l.* FROM (
    SELECT x.company, x.domain FROM domain_proofs x
    WHERE x.next_at <= now() AND (x.lease_until IS NULL OR x.lease_until <= now())
    ORDER BY x.failures > 0, x.next_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due, LATERAL lease_look(due.company, due.domain) l;
END $$;

-- p_outcome: proven, or not; where not, p_is_answered says whether the record is not there, or nobody knows. p_pause NULL: it is not looked
-- up again by itself.
CREATE OR REPLACE FUNCTION end_look(p_company text, p_domain text, p_lease text, p_outcome text, p_is_answered boolean, p_found text,
                                    p_detail text, p_pause interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p domain_proofs;
  v_is_proven boolean := p_outcome = 'proven';
  v_kind text;
BEGIN
  SELECT * INTO p FROM domain_proofs x
  WHERE x.company = p_company AND x.domain = p_domain AND x.lease_until = p_lease::timestamptz FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  v_kind := CASE WHEN v_is_proven AND p.proven_at IS NULL THEN 'company_domain_proven'
                 WHEN v_is_proven AND p.missing_since IS NOT NULL THEN 'company_domain_proven'
                 WHEN p_is_answered AND NOT v_is_proven AND p.proven_at IS NOT NULL AND p.missing_since IS NULL
                   THEN 'company_domain_unproven' END;
  UPDATE domain_proofs x
  SET proven_at = CASE WHEN v_is_proven THEN coalesce(x.proven_at, now()) ELSE x.proven_at END,
      missing_since = CASE WHEN v_is_proven THEN NULL
                           WHEN p_is_answered AND x.proven_at IS NOT NULL THEN coalesce(x.missing_since, now())
                           ELSE x.missing_since END,
      outcome = p_outcome, found = left(p_found, 1000), detail = left(p_detail, 1000), failures = CASE WHEN p_is_answered THEN 0 ELSE x.failures + 1 END,
      next_at = coalesce(now() + p_pause, 'infinity'), lease_until = NULL
  WHERE x.company = p_company AND x.domain = p_domain;
  IF v_kind IS NOT NULL THEN
    INSERT INTO audit_events (kind, code, actor, idp, detail) VALUES (v_kind, p_outcome, 'dns', p_company, p_domain);
  END IF;
END $$;

-- Domains of live companies that were proven and are not any more, as looks say that were answered so long after the first. since:
-- microseconds of the epoch.
CREATE OR REPLACE FUNCTION missing_proofs(p_for interval) RETURNS TABLE (company text, domain text, since bigint, detail text)
LANGUAGE sql STABLE AS $$
  SELECT p.company, p.domain, (extract(epoch FROM p.missing_since) * 1000000)::bigint, p.detail
  FROM domain_proofs p JOIN companies c ON c.name = p.company JOIN company_domains d ON d.domain = p.domain AND d.company = p.company
  WHERE p.missing_since < now() - p_for AND c.state = 'live'
    AND p.failures = 0 AND p.checked_at > p.missing_since + p_for - interval '2 hours' ORDER BY 3
$$;

-- A letter to each recipient, one for each time that the record went. True: it is written now.
CREATE OR REPLACE FUNCTION warn_of_missing_proof(p_recipients text[], p_company text, p_domain text, p_since timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN false; END IF;
  INSERT INTO expiry_warnings (what, idp, certificate, ends_at, days)
  VALUES ('not_proven', p_company, p_domain, p_since, 0) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'domain_not_proven', jsonb_build_object(
    'idp', p_company, 'company', company_called(p_company), 'domain', p_domain, 'record', '_anteroom-challenge.' || p_domain,
    'challenge', p.challenge, 'detail', p.detail, 'since', to_char(p_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
  FROM domain_proofs p, unnest(p_recipients) recipient WHERE p.company = p_company AND p.domain = p_domain;
  RETURN true;
END $$;
