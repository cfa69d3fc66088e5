-- Companies whose metadata is fetched from an address (their setting metadata_url): once for all nodes, by whichever looks first.
CREATE TABLE company_fetches (
  company       text PRIMARY KEY REFERENCES companies ON DELETE CASCADE,
  url           text NOT NULL,
  etag          text NOT NULL DEFAULT '',  -- of that version of the company's metadata, as the server gave them
  last_modified text NOT NULL DEFAULT '',
  number        int,
  given_at      timestamptz NOT NULL DEFAULT now(),
  checked_at    timestamptz,  -- when it was last asked for,
  good_at       timestamptz,  -- and when that last ended well
  failures      int NOT NULL DEFAULT 0,  -- in a row
  refresh_every interval NOT NULL DEFAULT '6 hours',  -- as the company's settings said
  error         text NOT NULL DEFAULT '',
  next_at       timestamptz NOT NULL DEFAULT now(),
  lease_until   timestamptz  -- somebody is at it
);
CREATE INDEX company_fetches_due ON company_fetches (next_at);
