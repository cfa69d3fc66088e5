-- What nodes of schema 38 call.

-- companies_since(), with metadata itself.
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
