-- Access by what companies assert of their people (asserted.sql).
ALTER TABLE users
  ADD COLUMN asserted    text[] NOT NULL DEFAULT '{}',  -- values of the company's table that the last sign-on said
  ADD COLUMN too_many_at timestamptz;                   -- when it was one that named no groups, for they are too many: those are older
CREATE INDEX users_with_too_many_groups ON users (idp, too_many_at) WHERE too_many_at IS NOT NULL;

-- Values do not give this while one is said that would: people changed it.
CREATE TABLE asserted_withheld (
  user_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  idp      text NOT NULL,
  property text NOT NULL,  -- '*': all
  PRIMARY KEY (user_id, idp, property)
);

-- It says what was asserted, too.
DROP FUNCTION IF EXISTS sign_on(text, text, text, text, timestamptz, text, text, text, text, text, text, bytea, text, text, interval,
                                timestamptz, text, text, timestamptz, text, bytea, text, timestamptz);
-- origin_replaces() of whichever directory.
DROP FUNCTION IF EXISTS scim_replaces(text, grants, text);
