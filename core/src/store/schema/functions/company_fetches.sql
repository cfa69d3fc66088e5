-- Metadata that is fetched from an address: a company's setting metadata_url. Whoever refreshes asks what is due, fetches it and writes what
-- came of it; PostgreSQL itself fetches nothing.

-- Trigger: what is due follows the setting. One that is archived is nobody's business.
CREATE OR REPLACE FUNCTION follow_metadata_url() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_url text := CASE WHEN NEW.state <> 'archived' THEN nullif(NEW.settings ->> 'metadata_url', '') END;
BEGIN
  IF v_url IS NULL THEN
    DELETE FROM company_fetches f WHERE f.company = NEW.name;
  ELSE
    INSERT INTO company_fetches AS f (company, url) VALUES (NEW.name, v_url)
    ON CONFLICT (company) DO UPDATE
      SET url = excluded.url, etag = '', last_modified = '', number = NULL, given_at = now(), checked_at = NULL, good_at = NULL,
          failures = 0, error = '', next_at = now(), lease_until = NULL
      WHERE f.url <> excluded.url;
  END IF;
  RETURN NULL;
END $$;

-- The one that has been due for longest, those that failed last behind the others; or p_name's, due or not. No row: there is none, or
-- somebody has it: nobody else gets it until `lease`, in which end_fetch() says what came of it. What the server called the metadata in force
-- (number) is said of that alone.
CREATE OR REPLACE FUNCTION begin_fetch(p_name text)
RETURNS TABLE (company text, url text, etag text, last_modified text, failures int, number int, lease text) LANGUAGE plpgsql AS $$
DECLARE
  v_name text := p_name;
BEGIN
  IF p_name = '' THEN
    SELECT x.company INTO v_name FROM company_fetches x
    WHERE x.next_at <= now() AND (x.lease_until IS NULL OR x.lease_until <= now())
    ORDER BY x.failures > 0, x.next_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  END IF;
  RETURN QUERY
  UPDATE company_fetches f SET lease_until = now() + interval '5 minutes', checked_at = now()
  FROM companies c
  WHERE c.name = f.company AND f.company = v_name AND (f.lease_until IS NULL OR f.lease_until <= now())
  RETURNING f.company, f.url, CASE WHEN f.number = c.metadata THEN f.etag ELSE '' END,
            CASE WHEN f.number = c.metadata THEN f.last_modified ELSE '' END, f.failures, c.metadata, f.lease_until::text;
END $$;

-- What came of it; p_error empty: all is well, and what the server called it is that of the metadata in force, if that is still p_number or
-- was brought by the address. Nothing by somebody who has not got it any more.
CREATE OR REPLACE FUNCTION end_fetch(p_company text, p_lease text, p_number int, p_etag text, p_last_modified text, p_error text,
                                     p_every interval, p_pause interval) RETURNS void LANGUAGE sql AS $$
  UPDATE company_fetches f
  SET etag = CASE WHEN p_error = '' THEN p_etag ELSE f.etag END,
      last_modified = CASE WHEN p_error = '' THEN p_last_modified ELSE f.last_modified END,
      number = CASE WHEN p_error <> '' THEN f.number
                    WHEN c.metadata = p_number OR m.brought_by = f.url THEN c.metadata END,
      good_at = CASE WHEN p_error = '' THEN now() ELSE f.good_at END,
      failures = CASE WHEN p_error = '' THEN 0 ELSE f.failures + 1 END,
      error = left(p_error, 1000), refresh_every = p_every, next_at = now() + p_pause, lease_until = NULL
  FROM companies c LEFT JOIN company_metadata m ON m.company = c.name AND m.number = c.metadata
  WHERE c.name = f.company AND f.company = p_company AND f.lease_until = p_lease::timestamptz
$$;

-- bring_metadata() by the address itself, which is the actor's name: kept, also other_entity_id (another identity provider's) or refreshed:
-- what only holds longer takes the place of what the same address brought before, without another version. Of the versions that an address
-- brought the last ten stay.
CREATE OR REPLACE FUNCTION bring_fetched(p_actor actor, p_name text, p_version bigint, p_xml text, p_entity_id text, p_fingerprints text[],
                                         p_summary jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c companies := hold_row_of_company(p_name);
  before company_metadata;
  v_outcome text;
BEGIN
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  IF c.version <> p_version OR c.settings ->> 'metadata_url' IS DISTINCT FROM p_actor.name THEN RETURN 'changed_meanwhile'; END IF;
  SELECT * INTO before FROM company_metadata m WHERE m.company = p_name AND m.number = c.metadata;
  IF before.entity_id <> p_entity_id THEN RETURN 'other_entity_id'; END IF;
  IF before.brought_by = p_actor.name AND before.xml <> p_xml AND before.fingerprints = p_fingerprints
     AND before.summary - 'valid_until' = p_summary - 'valid_until'
     AND coalesce((p_summary ->> 'valid_until')::bigint, 9223372036854775807)
         >= coalesce((before.summary ->> 'valid_until')::bigint, 9223372036854775807) THEN
    UPDATE company_metadata SET xml = p_xml, summary = p_summary WHERE company = p_name AND number = c.metadata;
    UPDATE companies SET changed_at = now() WHERE name = p_name;  -- nodes read it again
    RETURN 'refreshed';
  END IF;
  v_outcome := bring_metadata(p_actor, p_name, p_version, p_xml, p_entity_id, p_fingerprints, p_summary);
  DELETE FROM company_metadata m WHERE v_outcome = 'kept' AND m.company = p_name AND m.brought_by LIKE 'https://%' AND m.number NOT IN (
    SELECT x.number FROM company_metadata x WHERE x.company = p_name AND x.brought_by LIKE 'https://%' ORDER BY x.number DESC LIMIT 10);
  RETURN v_outcome;
END $$;

-- How it stands with a company's address; no row: it has none.
CREATE OR REPLACE FUNCTION fetch_of_company(p_name text)
RETURNS TABLE (url text, checked_at text, good_at text, error text) LANGUAGE sql STABLE AS $$
  SELECT f.url, iso(f.checked_at), iso(f.good_at), f.error FROM company_fetches f WHERE f.company = p_name
$$;

-- Live companies whose address has given nothing good for so long, or for three times as long as it is asked every, and what it said last.
-- since: microseconds of the epoch.
CREATE OR REPLACE FUNCTION stale_fetches(p_for interval) RETURNS TABLE (company text, since bigint, error text) LANGUAGE sql STABLE AS $$
  SELECT f.company, (extract(epoch FROM coalesce(f.good_at, f.given_at)) * 1000000)::bigint, f.error
  FROM company_fetches f JOIN companies c ON c.name = f.company
  WHERE c.state = 'live' AND coalesce(f.good_at, f.given_at) < now() - greatest(p_for, 3 * f.refresh_every) ORDER BY 2
$$;
