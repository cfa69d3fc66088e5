-- Events of an address, whoever had it: one entry of the address for all of them. (Not WHERE email <> '': PostgreSQL would not use what it
-- knows of addresses, and read the newest events instead.)
CREATE INDEX IF NOT EXISTS audit_events_of_address ON audit_events (lower(email COLLATE "C"));
-- Of a person: one entry for all of them, too. Nobody has more than can be put in order.
CREATE INDEX IF NOT EXISTS audit_events_of_person ON audit_events (user_id) WHERE user_id IS NOT NULL;
-- A reference is asked for as a whole.
CREATE INDEX IF NOT EXISTS audit_events_referred ON audit_events USING hash (reference) WHERE reference <> '';
-- The newest of a company, of either kind.
CREATE INDEX IF NOT EXISTS audit_events_signed_on ON audit_events (idp, id) WHERE kind = 'signed_on';
CREATE INDEX IF NOT EXISTS audit_events_refused ON audit_events (idp, id) WHERE kind = 'sign_on_refused';
-- How long people waited is read from the index alone.
CREATE INDEX IF NOT EXISTS users_let_in_after ON users (let_in_at, waiting_since) WHERE let_in_at IS NOT NULL;
-- Which grants a company's directory gave.
CREATE INDEX IF NOT EXISTS grants_of_directory ON grants (granted_by, user_id) WHERE granted_by LIKE 'scim:%';

-- Sign-ons of a day are counted once it is over, so that whoever asks for a month reads no events of it. NULL: not counted yet.
ALTER TABLE sign_ons_started RENAME TO sign_on_tallies;
ALTER INDEX sign_ons_started_pkey RENAME TO sign_on_tallies_pkey;
ALTER TABLE sign_on_tallies RENAME COLUMN count TO started;
ALTER TABLE sign_on_tallies ALTER COLUMN started SET DEFAULT 0, ADD COLUMN signed_on bigint, ADD COLUMN refused bigint;

-- The domain of an account's address, kept by triggers: how many of a company's accounts are its own is counted by an index.
ALTER TABLE scim_users ADD COLUMN domain text NOT NULL DEFAULT '';
UPDATE scim_users s SET domain = lower(split_part(u.email::text, '@', 2) COLLATE "C") FROM users u WHERE u.id = s.user_id;
CREATE INDEX scim_users_listed ON scim_users (idp, created_at, user_id) INCLUDE (domain);
DROP INDEX IF EXISTS scim_users_created;

-- What these, and 0040's, have taken the place of; and one that only Activity used, which reads tallies now. Last, for nobody signs on while
-- their tables are held.
DROP INDEX IF EXISTS audit_events_of_email, audit_events_of_user, audit_events_reference, audit_events_of_idp, audit_events_sign_on,
  users_who_wait, users_let_in, users_of_domain;
-- Whose address has changed since that was read.
UPDATE scim_users s SET domain = lower(split_part(u.email::text, '@', 2) COLLATE "C") FROM users u
WHERE u.id = s.user_id AND s.domain <> lower(split_part(u.email::text, '@', 2) COLLATE "C");
