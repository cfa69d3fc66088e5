-- Whether it has ever been live: another person need not confirm that it comes back.
ALTER TABLE companies ADD COLUMN was_live boolean NOT NULL DEFAULT false;
UPDATE companies SET was_live = true WHERE state IN ('live', 'suspended');

-- Acts at companies that wait for a second person (companies.two_people).
CREATE TABLE company_proposals (
  number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  company     text NOT NULL REFERENCES companies ON DELETE CASCADE,
  act         text NOT NULL CHECK (act IN ('live', 'metadata', 'domain', 'settings')),
  given       jsonb NOT NULL,  -- what the act takes
  digest      text NOT NULL,   -- of that
  details     text[] NOT NULL, -- of it, as letters and the audit trail say it
  rests_on    jsonb NOT NULL,  -- the company as it was then: company_as_vouched_for()
  proposed_by uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  proposer    text NOT NULL,   -- as the audit trail names them
  proposed_at timestamptz NOT NULL DEFAULT now(),
  ends_at     timestamptz NOT NULL,
  UNIQUE (company, act, digest)
);
CREATE INDEX company_proposals_by_end ON company_proposals (ends_at);
CREATE INDEX company_proposals_by_person ON company_proposals (proposed_by);

-- They take whether a second person is needed, and the list says what ends soon and what waits.
DROP FUNCTION IF EXISTS change_company(actor, text, bigint, text, jsonb);
DROP FUNCTION IF EXISTS bring_metadata(actor, text, bigint, text, text, text[], jsonb);
DROP FUNCTION IF EXISTS give_domain(actor, text, text, boolean);
DROP FUNCTION IF EXISTS set_company_state(actor, text, bigint, text);
DROP FUNCTION IF EXISTS search_companies(actor, text, text, text, int);
