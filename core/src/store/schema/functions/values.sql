-- Values as the product reads and writes them.

-- 2027-01-31T08:00:00Z, as files, pages and directories are told.
CREATE OR REPLACE FUNCTION iso(p timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

-- An ISO 8601 date or time. Empty: NULL; anything else: -infinity.
CREATE OR REPLACE FUNCTION instant(p text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p = '' THEN RETURN NULL; END IF;
  IF p !~ '^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$' THEN RETURN '-infinity'; END IF;
  RETURN p::timestamptz;
EXCEPTION WHEN data_exception THEN RETURN '-infinity';
END $$;

-- Of an address, in lower case.
CREATE OR REPLACE FUNCTION domain_of(p_email citext) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(split_part(p_email::text, '@', 2) COLLATE "C")
$$;

-- Trigger: addresses are kept canonical, whatever an old command or somebody by hand writes.
CREATE OR REPLACE FUNCTION canonical_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.email := lower(NEW.email::text COLLATE "C");
  RETURN NEW;
END $$;
