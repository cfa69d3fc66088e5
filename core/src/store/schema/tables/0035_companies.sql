-- Companies that support connects: what `identity_providers` is in YAML, as rows. Who changes them: ../functions/companies.sql.
CREATE TABLE companies (
  name         text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  display_name text NOT NULL,
  state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'live', 'suspended', 'archived')),
  settings     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 65536),  -- the keys of an entry of identity_providers
  entity_id    text NOT NULL DEFAULT '',  -- of the metadata in force
  metadata     int,                       -- which is in force, of company_metadata
  version      bigint NOT NULL,           -- grows with every change to any company: nodes ask for what is newer
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX companies_by_version ON companies (version);
CREATE UNIQUE INDEX companies_by_entity_id ON companies (entity_id) WHERE entity_id <> '' AND state <> 'archived';
CREATE SEQUENCE company_versions;

-- A company that is archived has none: another may have them.
CREATE TABLE company_domains (
  domain   text PRIMARY KEY CHECK (domain = lower(domain)),
  company  text NOT NULL REFERENCES companies,
  added_by text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX company_domains_by_company ON company_domains (company);

-- Every version of a company's metadata, the first is 1.
CREATE TABLE company_metadata (
  company      text NOT NULL REFERENCES companies,
  number       int NOT NULL,
  xml          text NOT NULL CHECK (octet_length(xml) <= 4194304),
  entity_id    text NOT NULL,
  fingerprints text[] NOT NULL,  -- SHA-256 of its signing certificates
  brought_by   text NOT NULL,
  brought_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company, number)
);
ALTER TABLE companies ADD FOREIGN KEY (name, metadata) REFERENCES company_metadata (company, number);
