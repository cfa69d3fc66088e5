-- Links by which a company's administrator, who has no account, hands in its connection. The first browser that opens one keeps it.
CREATE TABLE company_links (
  number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  company      text NOT NULL REFERENCES companies ON DELETE CASCADE,
  token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  browser_hash bytea CHECK (octet_length(browser_hash) = 32),  -- of what that browser's cookie holds: it may have opened others, too
  sent_to      text NOT NULL DEFAULT '',  -- empty: it was copied
  made_by      text NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT now(),
  opened_at    timestamptz,
  ends_at      timestamptz NOT NULL
);
CREATE INDEX company_links_by_company ON company_links (company, number);
CREATE INDEX company_links_by_end ON company_links (ends_at);
CREATE INDEX company_links_by_browser ON company_links (browser_hash);

-- What waits for support to look at it. Not in `companies`: no node needs to know, and what support sees of a company has not changed by it.
CREATE TABLE company_hand_ins (
  company      text PRIMARY KEY REFERENCES companies ON DELETE CASCADE,
  handed_in_at timestamptz,  -- NULL: nothing waits
  told_at      timestamptz   -- when who connects companies was last written to about it
);
CREATE INDEX company_hand_ins_waiting ON company_hand_ins (company) WHERE handed_in_at IS NOT NULL;
-- It says who has handed something in, too.
DROP FUNCTION IF EXISTS search_companies(actor, text, text, text, int);

-- Metadata that was sent for a company that is no draft any more, or was handed in: in force once support takes it.
CREATE TABLE company_offers (
  company      text PRIMARY KEY REFERENCES companies ON DELETE CASCADE,
  xml          text NOT NULL CHECK (octet_length(xml) <= 4194304),
  entity_id    text NOT NULL,
  fingerprints text[] NOT NULL,
  offered_by   text NOT NULL,
  offered_at   timestamptz NOT NULL DEFAULT now()
);

-- Domains whose owner is to be proven by a TXT record: those that an administrator asks for, and any other that support wants proven.
-- Whether the company has the domain is what company_domains says.
CREATE TABLE domain_proofs (
  company       text NOT NULL REFERENCES companies ON DELETE CASCADE,
  domain        text NOT NULL CHECK (domain = lower(domain)),
  challenge     text NOT NULL,  -- what the record has to say
  asked_by      text NOT NULL,
  asked_at      timestamptz NOT NULL DEFAULT now(),
  checked_at    timestamptz,
  proven_at     timestamptz,    -- first
  missing_since timestamptz,    -- though it was proven before
  outcome       text NOT NULL DEFAULT '',  -- of the last look
  found         text NOT NULL DEFAULT '',  -- what it found instead of the record: texts, or where an alias leads
  detail        text NOT NULL DEFAULT '',  -- the same as a sentence, for operators
  failures      int NOT NULL DEFAULT 0,  -- in a row: looks that brought no answer
  next_at       timestamptz NOT NULL DEFAULT now(),
  lease_until   timestamptz,
  PRIMARY KEY (company, domain)
);
CREATE INDEX domain_proofs_due ON domain_proofs (next_at);
CREATE INDEX domain_proofs_missing ON domain_proofs (missing_since) WHERE missing_since IS NOT NULL;
