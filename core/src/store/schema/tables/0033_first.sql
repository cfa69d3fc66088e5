-- Everything Anteroom keeps, in a schema of its own: tables, indexes, and the few functions that those are built on. What works on
-- them is in ../functions.

-- Addresses compare without case. Connections look through our own schema only: where others may write `public` (everybody, in
-- PostgreSQL 13 and 14), a function of theirs with the exact types would be taken for one of PostgreSQL's, and run with our rights.
CREATE EXTENSION IF NOT EXISTS citext;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname = 'citext' AND n.nspname <> 'anteroom') THEN
    ALTER EXTENSION citext SET SCHEMA anteroom;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'citext has to be in the schema anteroom; as its owner: ALTER EXTENSION citext SET SCHEMA anteroom';
END $$;

-- Functions that indexes are built on: whoever changes one builds its indexes again.

-- Lower case as the Unicode standard has it, by the first collation for that which this PostgreSQL has; of ASCII alone if it
-- has none: lower('IVAN') is not 'ivan' in a database made with a Turkish locale. For comparing names of things.
DO $do$
DECLARE
  v_collation text := coalesce((
    SELECT c.collname FROM unnest(ARRAY['und-x-icu', 'pg_c_utf8', 'C.UTF-8', 'C.utf8']) WITH ORDINALITY AS wanted (name, number)
    JOIN pg_collation c ON c.collname = wanted.name AND c.collnamespace = 'pg_catalog'::regnamespace
      AND c.collencoding IN (-1, pg_char_to_encoding('UTF8'))
    ORDER BY wanted.number LIMIT 1), 'C');
BEGIN
  EXECUTE format($create$
    CREATE FUNCTION fold(p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
      SELECT lower(p COLLATE %I)
    $$ $create$, v_collation);
END $do$;

-- As people search: who types i finds every i, and one sigma is the other. Indexes call it, whatever the search path.
CREATE FUNCTION search_key(p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT translate(anteroom.fold(translate(p, 'İı', 'ii')), 'ς', 'σ')
$$;

-- Parts of addresses and names are found by an index on their runs of three letters. (pg_trgm would do, but a
-- role may not be allowed to install it.)
CREATE FUNCTION runs_of_three(p text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 AS $$
  WITH k AS MATERIALIZED (SELECT anteroom.search_key(p) AS key)
  SELECT coalesce(array_agg(DISTINCT substr(k.key, i, 3)), '{}') FROM k, generate_series(1, length(k.key) - 2) i
$$;

-- People. Email is how a record is first found, (idp, subject) is how it is known afterwards.
CREATE TABLE users (
  id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email            citext NOT NULL UNIQUE,  -- canonical: ASCII in lower case
  name             text NOT NULL DEFAULT '',
  status           text NOT NULL CHECK (status IN ('waiting', 'active', 'disabled')),
  idp              text,
  subject          text,
  created_at       timestamptz NOT NULL DEFAULT now(),
  last_sign_on_at  timestamptz,
  waiting_since    timestamptz,  -- the last time they began to wait,
  let_in_at        timestamptz,  -- and when that ended
  asked_at         timestamptz,  -- when they last asked the approvers of their company
  off_by_people    boolean NOT NULL DEFAULT false,
  off_by_directory text NOT NULL DEFAULT '',        -- 'scim:COMPANY'
  off_by_all       boolean NOT NULL DEFAULT false,  -- by people who decide everywhere: only such switch it on
  CHECK ((idp IS NULL) = (subject IS NULL)),
  UNIQUE (idp, subject)
);
CREATE INDEX users_waiting ON users (created_at) WHERE status = 'waiting';
CREATE INDEX users_let_in ON users (let_in_at) WHERE let_in_at IS NOT NULL;
CREATE INDEX users_in_waiting_room ON users (email) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX users_who_wait ON users (waiting_since, id) WHERE waiting_since IS NOT NULL AND let_in_at IS NULL;
CREATE INDEX users_search ON users USING gin (runs_of_three(email::text || ' ' || name));

CREATE TABLE properties (
  key        text PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- property NULL: all properties.
CREATE TABLE grants (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  property       text REFERENCES properties ON DELETE CASCADE,
  level          text NOT NULL CHECK (level ~ '^[a-z][a-z0-9_-]*$'),
  expires_at     timestamptz,
  granted_at     timestamptz NOT NULL DEFAULT now(),
  granted_by     text NOT NULL DEFAULT '',  -- an address, 'scim:COMPANY' or an operator
  given_alone_by uuid                       -- the one person who ever gave it; NULL: an operator, a directory, or several
);
CREATE UNIQUE INDEX grants_once ON grants (user_id, coalesce(property, '*'));
CREATE INDEX grants_of_level ON grants (level, user_id);

-- New User requests. Operators file and decide too, and people may be deleted: names beside the references. Times in whole
-- seconds, so that what is shown is what is compared when paging.
CREATE TABLE access_requests (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email             citext NOT NULL,
  name              text NOT NULL DEFAULT '',
  property          text REFERENCES properties ON DELETE CASCADE,
  level             text NOT NULL,
  expires_at        timestamptz,
  note              text NOT NULL DEFAULT '',
  requested_by      uuid REFERENCES users ON DELETE SET NULL,
  requested_at      timestamptz NOT NULL DEFAULT date_trunc('second', now()),
  state             text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'declined', 'withdrawn')),
  decided_by        uuid REFERENCES users ON DELETE SET NULL,
  decided_at        timestamptz,
  reason            text NOT NULL DEFAULT '',
  requested_by_name text NOT NULL DEFAULT '',
  decided_by_name   text NOT NULL DEFAULT '',
  reminded_at       timestamptz,
  domain            text NOT NULL GENERATED ALWAYS AS (lower(split_part(email::text, '@', 2))) STORED
);
CREATE UNIQUE INDEX access_requests_open ON access_requests (email, coalesce(property, '*')) WHERE state = 'open';
CREATE INDEX access_requests_queue ON access_requests (requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_queue_of_domain ON access_requests (domain, requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_queue_of_property ON access_requests (property, requested_at, id) WHERE state = 'open';
CREATE INDEX access_requests_all ON access_requests (requested_at, id);
CREATE INDEX access_requests_of_requester ON access_requests (requested_by, requested_at, id);
CREATE INDEX access_requests_of_decider ON access_requests (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX access_requests_of_person ON access_requests (email, requested_at);

-- Signing on.

-- sign_on_id is shared by the sessions that one sign-on led to, on several hosts. The token itself is stored nowhere.
CREATE TABLE sessions (
  token_hash       bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  reference        text NOT NULL,
  user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  sign_on_id       uuid NOT NULL,
  origin           text NOT NULL,
  idp              text NOT NULL,
  name_id          text NOT NULL DEFAULT '',
  name_id_format   text NOT NULL DEFAULT '',
  session_index    text NOT NULL DEFAULT '',
  created_at       timestamptz NOT NULL DEFAULT now(),
  expires_at       timestamptz NOT NULL,
  last_seen_at     timestamptz NOT NULL DEFAULT now(),
  client_address   text NOT NULL DEFAULT '',
  user_agent       text NOT NULL DEFAULT '',
  authenticated_at timestamptz NOT NULL DEFAULT now(),  -- when and
  authn_context    text NOT NULL DEFAULT ''             -- how they last proved who they are
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_of_sign_on ON sessions (sign_on_id);
CREATE INDEX sessions_end ON sessions (expires_at);
CREATE INDEX sessions_of_name_id ON sessions (idp, name_id);  -- a LogoutRequest comes without a cookie
CREATE INDEX sessions_of_session_index ON sessions (idp, session_index) WHERE session_index <> '';

-- What was sent to us once and is not taken again. issuer '': a request of ours, which is answered once.
CREATE TABLE consumed_messages (
  issuer     text NOT NULL,
  message_id text NOT NULL,
  keep_until timestamptz NOT NULL,
  PRIMARY KEY (issuer, message_id)
);
CREATE INDEX consumed_messages_end ON consumed_messages (keep_until);

-- From the login host to another one.
CREATE TABLE handoff_tickets (
  ticket_hash  bytea PRIMARY KEY CHECK (octet_length(ticket_hash) = 32),
  session_hash bytea NOT NULL REFERENCES sessions ON DELETE CASCADE,
  origin       text NOT NULL,
  browser_hash bytea NOT NULL,
  target       text NOT NULL,
  expires_at   timestamptz NOT NULL
);

-- Not used any more; versions that run beside this one may ask it.
CREATE TABLE older_sessions (upgraded_at timestamptz NOT NULL DEFAULT now());

-- People who left for an identity provider: nodes count, and write it down now and then.
CREATE TABLE sign_ons_started (
  day   date NOT NULL,  -- UTC
  idp   text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, idp)
);

-- What companies' directories write (SCIM 2.0). A company's own: made or claimed by its token, and with an address in one of its
-- domains.

CREATE TABLE scim_tokens (
  token_hash          bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  idp                 text NOT NULL,
  name                text NOT NULL,
  created_at          timestamptz NOT NULL DEFAULT now(),
  created_by          text NOT NULL,
  last_used_at        timestamptz,
  refused_at          timestamptz,  -- when another one was last tried
  last_client_address text NOT NULL DEFAULT '',
  UNIQUE (idp, name)
);

-- The addresses are canonical and in the company's domains, or empty. The work email's is the person's, or
-- else the user name's.
CREATE TABLE scim_users (
  user_id           uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  idp               text NOT NULL,
  user_name         citext NOT NULL,
  user_name_address text NOT NULL,
  external_id       text NOT NULL,
  work_email        text NOT NULL,
  work_address      text NOT NULL,
  display_name      text NOT NULL,
  formatted_name    text NOT NULL,
  given_name        text NOT NULL,
  family_name       text NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX scim_users_name ON scim_users (idp, fold(user_name::text));
CREATE INDEX scim_users_external_id ON scim_users (idp, external_id);
CREATE INDEX scim_users_created ON scim_users (idp, created_at, user_id);

CREATE TABLE scim_groups (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  idp          text NOT NULL,
  display_name citext NOT NULL,
  external_id  text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX scim_groups_name ON scim_groups (idp, fold(display_name::text));

CREATE TABLE scim_members (
  group_id uuid NOT NULL REFERENCES scim_groups ON DELETE CASCADE,
  user_id  uuid NOT NULL REFERENCES scim_users ON DELETE CASCADE,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX scim_members_of_user ON scim_members (user_id);

-- Groups do not give this while the person is in one that would: people changed it.
CREATE TABLE scim_withheld (
  user_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  idp      text NOT NULL,
  property text NOT NULL,  -- '*': all
  PRIMARY KEY (user_id, idp, property)
);

-- The audit trail, and the chain of digests beside it: of an event's content and the link before. Links are made shortly after the
-- events, by one node at a time: whoever writes an event waits for nobody, and no writer can leave the chain out.

CREATE TABLE audit_events (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL DEFAULT now() CHECK (isfinite(at)),
  kind           text NOT NULL,
  code           text NOT NULL DEFAULT '',
  reference      text NOT NULL DEFAULT '',
  actor          text NOT NULL DEFAULT '',
  idp            text NOT NULL DEFAULT '',
  email          text NOT NULL DEFAULT '',
  user_id        uuid,
  client_address text NOT NULL DEFAULT '',
  detail         text NOT NULL DEFAULT ''
);
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_reference ON audit_events (reference) WHERE reference <> '';
CREATE INDEX audit_events_of_user ON audit_events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_of_email ON audit_events (lower(email COLLATE "C"), id) WHERE email <> '' AND user_id IS NULL;
CREATE INDEX audit_events_sign_on ON audit_events (at, idp, kind) WHERE kind IN ('signed_on', 'sign_on_refused') AND code <> 'replayed';
CREATE INDEX audit_events_of_idp ON audit_events (idp, kind, id) WHERE kind IN ('signed_on', 'sign_on_refused');  -- a company's newest

CREATE TABLE audit_chain (
  position  bigint PRIMARY KEY,
  event_id  bigint NOT NULL UNIQUE,
  sealed_at timestamptz NOT NULL,
  hash      bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- One row. position and hash: the last link that retention removed (0: none). sealed_to: the latest event that was sealed.
CREATE TABLE audit_anchor (
  is_only    boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position   bigint NOT NULL DEFAULT 0,
  hash       bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  removed_at timestamptz,
  sealed_to  timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO audit_anchor DEFAULT VALUES;

-- What refused sign-ons said of themselves, by the reference number on the person's page: no names, no attribute values.
CREATE TABLE transcripts (
  reference text PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT now(),
  idp       text NOT NULL,
  email     text NOT NULL,  -- proven by the company, else empty
  code      text NOT NULL,
  content   json NOT NULL,
  network   text NOT NULL DEFAULT ''  -- of the client: what one has to oneself
);
CREATE INDEX transcripts_at ON transcripts (at);
CREATE INDEX transcripts_of_idp ON transcripts (idp, at);
CREATE INDEX transcripts_of_email ON transcripts (email, at) WHERE email <> '';

-- Mail: what is to be sent, was sent, or was given up (dead_at).

CREATE TABLE mail_outbox (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  recipient   text NOT NULL,
  template    text NOT NULL,
  parameters  jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  sent_at     timestamptz,
  attempts    int NOT NULL DEFAULT 0,
  queued_at   timestamptz NOT NULL DEFAULT now(),  -- its age counts from here
  due_at      timestamptz NOT NULL DEFAULT now(),
  lease       uuid,
  lease_until timestamptz,
  last_error  text NOT NULL DEFAULT '',
  dead_at     timestamptz,
  CHECK (sent_at IS NULL OR dead_at IS NULL)
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX mail_outbox_sent ON mail_outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX mail_outbox_dead ON mail_outbox (dead_at) WHERE dead_at IS NOT NULL;

-- One row: when the last digest was made.
CREATE TABLE mail_digest (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  made_at  timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO mail_digest DEFAULT VALUES;

-- Whom and what a digest has told, while they wait or are open.
CREATE TABLE mail_digest_told (
  kind text NOT NULL CHECK (kind IN ('person', 'request')),
  id   uuid NOT NULL,
  PRIMARY KEY (kind, id)
);

-- Of whose end somebody was told how long before: each once.
CREATE TABLE expiry_warnings (
  what        text NOT NULL,
  idp         text NOT NULL,
  certificate text NOT NULL,
  ends_at     timestamptz NOT NULL,
  days        int NOT NULL,
  warned_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (what, idp, certificate, ends_at, days)
);

-- What functions take and give.

-- Who acts. id NULL: an operator, who is held to no rule. levels: lowest first. needed: the level that what
-- is being done asks for.
CREATE TYPE actor AS (id uuid, name text, client_address text, levels text[], needed text);

-- A row of a New User form. outcome, request: NULL until it is judged.
CREATE TYPE filing AS (number bigint, email citext, name text, property text, level text,
                       expires_at timestamptz, note text, outcome text, request uuid);
