-- Session tokens carry a MAC from this version on. Where people were before, sessions go on whose tokens have none: this says since when
-- there are no more to come.
CREATE TABLE older_sessions (upgraded_at timestamptz NOT NULL DEFAULT now());
INSERT INTO older_sessions (upgraded_at) SELECT now() WHERE EXISTS (SELECT FROM users);
