-- Companies as nodes, commands and pages read them.

-- As a text, the first that was given first.
CREATE OR REPLACE FUNCTION domains_of_company(p_name text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(d.domain, ' ' ORDER BY d.added_at, d.domain), '') FROM company_domains d WHERE d.company = p_name
$$;

-- With the metadata in force.
CREATE OR REPLACE FUNCTION find_company(p_name text)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, metadata text, version bigint, contacts text)
LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, m.xml, c.version, array_to_string(c.contacts, ' ')
  FROM companies c LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata WHERE c.name = p_name
$$;

-- What has changed since p_version, in the order in which it did: with everything that a node needs to know of one that is live before
-- anybody signs on there, so that metadata itself is there only where it has no summary of p_format. At most p_limit, and after the first
-- no more than 4 MiB of metadata.
CREATE OR REPLACE FUNCTION companies_since(p_version bigint, p_limit int, p_format int)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, metadata text, version bigint, number int,
               summary text)
LANGUAGE sql STABLE AS $$
  SELECT n.name, n.display_name, n.state, domains_of_company(n.name), n.settings::text,
         CASE WHEN (m.summary ->> 'format')::int IS DISTINCT FROM p_format THEN m.xml END, n.version, coalesce(m.number, 0),
         CASE WHEN (m.summary ->> 'format')::int = p_format THEN m.summary::text END
  FROM (SELECT c.*, row_number() OVER w AS place,
               sum(CASE WHEN (x.summary ->> 'format')::int IS DISTINCT FROM p_format THEN octet_length(x.xml) END) OVER w AS bytes
        FROM (SELECT * FROM companies o WHERE o.version > p_version ORDER BY o.version LIMIT p_limit) c
        LEFT JOIN company_metadata x ON x.company = c.name AND x.number = c.metadata AND c.state = 'live'
        WINDOW w AS (ORDER BY c.version)) n
  LEFT JOIN company_metadata m ON m.company = n.name AND m.number = n.metadata AND n.state = 'live'
  WHERE n.place = 1 OR n.bytes IS NULL OR n.bytes <= 4194304 ORDER BY n.version
$$;

-- One version of a company's metadata; no row where there is none.
CREATE OR REPLACE FUNCTION metadata_of_company(p_name text, p_number int) RETURNS TABLE (xml text) LANGUAGE sql STABLE AS $$
  SELECT m.xml FROM company_metadata m WHERE m.company = p_name AND m.number = p_number
$$;

-- By name, behind p_after.
CREATE OR REPLACE FUNCTION list_companies(p_after text, p_limit int)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, version bigint) LANGUAGE sql STABLE AS $$
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, c.version
  FROM companies c WHERE c.name > p_after ORDER BY c.name LIMIT p_limit
$$;

-- The newest first, which is the one in force; at most p_limit.
CREATE OR REPLACE FUNCTION metadata_versions(p_name text, p_limit int)
RETURNS TABLE (number int, entity_id text, fingerprints text, brought_by text, brought_at text, is_in_force boolean)
LANGUAGE sql STABLE AS $$
  SELECT m.number, m.entity_id, array_to_string(m.fingerprints, ' '), m.brought_by, iso(m.brought_at), m.number = c.metadata
  FROM company_metadata m JOIN companies c ON c.name = m.company
  WHERE m.company = p_name ORDER BY m.number DESC LIMIT p_limit
$$;

-- One, without its metadata, for Manage.
CREATE OR REPLACE FUNCTION show_company(p_actor actor, p_name text)
RETURNS TABLE (name text, display_name text, state text, domains text, settings text, version bigint, contacts text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT may(p_actor, '*') THEN RETURN; END IF;
  RETURN QUERY
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name), c.settings::text, c.version, array_to_string(c.contacts, ' ')
  FROM companies c WHERE c.name = p_name;
END $$;

-- What of metadata ends next, as letters warn of it: microseconds of the epoch. A validUntil that is over goes first, for nobody signs on any
-- more; of certificates that are over only where no other is left. No row: it does not say, or nothing that could be meant.
CREATE OR REPLACE FUNCTION end_of_metadata(p_summary jsonb) RETURNS TABLE (ends_at bigint, by_certificate boolean)
LANGUAGE sql STABLE AS $$
  SELECT e.at, e.is_certificate
  FROM (SELECT v::numeric::bigint, true
        FROM jsonb_path_query(p_summary, '$.certificates[*].not_after ? (@.type() == "number" && @ > 0 && @ < 9000000000000000000)') v UNION ALL
        SELECT v::numeric::bigint, false
        FROM jsonb_path_query(p_summary, '$.valid_until ? (@.type() == "number" && @ > 0 && @ < 9000000000000000000)') v) e(at, is_certificate),
       (SELECT (extract(epoch FROM now()) * 1000000)::bigint) n(now)
  ORDER BY e.at < n.now AND NOT e.is_certificate DESC, e.at < n.now, abs(e.at - n.now), e.is_certificate LIMIT 1
$$;

-- A page of them for Manage, by name behind p_after: those that have p_search in a name or a domain. p_only: waiting, ends_soon (within
-- p_soon), failing; empty: all. How many people, at most 1,000 counted; when one of them last signed on; how many were turned away in the
-- last 24 hours, of the newest 200, and why most of them.
CREATE OR REPLACE FUNCTION search_companies(p_actor actor, p_search text, p_state text, p_after text, p_limit int, p_only text DEFAULT '',
                                            p_soon interval DEFAULT '60 days')
RETURNS TABLE (name text, display_name text, state text, domains text, people int, last_sign_on text, refused int, commonest text,
               handed_in boolean, proposed boolean, ends_at bigint, by_certificate boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_only text[] := CASE p_only
    WHEN 'waiting' THEN ARRAY(SELECT h.company FROM company_hand_ins h WHERE h.handed_in_at IS NOT NULL UNION
                              SELECT p.company FROM company_proposals p JOIN companies o ON o.name = p.company
                              WHERE is_proposed(p, o, p_actor))
    WHEN 'ends_soon' THEN ARRAY(SELECT m.company FROM companies o JOIN company_metadata m ON m.company = o.name AND m.number = o.metadata,
                                       end_of_metadata(m.summary) d
                                WHERE o.state <> 'archived' AND d.ends_at < (extract(epoch FROM now() + p_soon) * 1000000)::bigint)
    WHEN 'failing' THEN ARRAY(SELECT DISTINCT e.idp FROM audit_events e
                              WHERE e.kind = 'sign_on_refused' AND e.at > now() - interval '24 hours') END;
BEGIN
  IF NOT may(p_actor, '*') THEN RETURN; END IF;
  RETURN QUERY
  SELECT c.name, c.display_name, c.state, domains_of_company(c.name),
         (SELECT count(*)::int FROM (SELECT FROM users u WHERE u.idp = c.name LIMIT 1000) counted),
         (SELECT iso(e.at) FROM audit_events e WHERE e.idp = c.name AND e.kind = 'signed_on' ORDER BY e.id DESC LIMIT 1),
         coalesce(r.count, 0), coalesce(r.commonest, ''), is_handed_in(c.name),
         EXISTS (SELECT FROM companies o JOIN company_proposals p ON p.company = o.name WHERE o.name = c.name AND is_proposed(p, o, p_actor)),
         d.ends_at, coalesce(d.by_certificate, false)
  FROM (SELECT * FROM companies o
        WHERE o.name > p_after AND CASE p_state WHEN '' THEN o.state <> 'archived' ELSE o.state = p_state END
          AND (v_only IS NULL OR o.name = ANY (v_only))
          AND (p_search = '' OR position(search_key(p_search) IN o.name) > 0
               OR position(search_key(p_search) IN search_key(o.display_name)) > 0
               OR EXISTS (SELECT FROM company_domains d WHERE d.company = o.name AND position(search_key(p_search) IN d.domain) > 0))
        ORDER BY o.name LIMIT greatest(1, least(p_limit, 1000))) c
  LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata AND c.state <> 'archived'
  LEFT JOIN LATERAL end_of_metadata(m.summary) d ON true
  LEFT JOIN LATERAL (
    SELECT count(*)::int AS count, mode() WITHIN GROUP (ORDER BY newest.code) AS commonest
    FROM (SELECT e.code, e.at FROM audit_events e WHERE e.idp = c.name AND e.kind = 'sign_on_refused' ORDER BY e.id DESC LIMIT 200) newest
    WHERE newest.at > now() - interval '24 hours') r ON true
  ORDER BY c.name;
END $$;

-- What is known of people at one, at most 1,000 counted of each: how many are its own, how many sessions they have, and, unless it is
-- live, how many there are with an address in its domains who sign on elsewhere or never did.
CREATE OR REPLACE FUNCTION people_of_company(p_actor actor, p_name text, OUT people int, OUT sessions int, OUT others int)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  people := 0; sessions := 0; others := 0;
  IF NOT may(p_actor, '*') THEN RETURN; END IF;
  SELECT count(*) INTO people FROM (SELECT FROM users u WHERE u.idp = p_name LIMIT 1000) counted;
  SELECT count(*) INTO sessions FROM (SELECT FROM sessions s WHERE s.idp = p_name AND s.expires_at > now() LIMIT 1000) counted;
  IF EXISTS (SELECT FROM companies c WHERE c.name = p_name AND c.state = 'live') THEN RETURN; END IF;
  SELECT count(*) INTO others FROM (
    SELECT u.idp FROM users u
    WHERE domain_of(u.email) COLLATE "C" IN (SELECT d.domain FROM company_domains d WHERE d.company = p_name)
    LIMIT 20000) there
  WHERE there.idp IS DISTINCT FROM p_name;
  others := least(others, 1000);
END $$;

-- What was done to one, the newest first.
CREATE OR REPLACE FUNCTION history_of_company(p_actor actor, p_name text, p_limit int)
RETURNS TABLE (at text, kind text, actor text, detail text) LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may(p_actor, '*') THEN RETURN; END IF;
  RETURN QUERY
  SELECT iso(e.at), e.kind, e.actor, left(e.detail, 1000) FROM audit_events e
  WHERE e.idp = p_name AND e.kind LIKE 'company%' ORDER BY e.id DESC LIMIT greatest(1, least(p_limit, 100));
END $$;
