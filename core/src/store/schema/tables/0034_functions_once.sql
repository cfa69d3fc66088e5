-- Which sets of functions (../functions) this database has had: `migrate` replaces them all where its own is not the latest, and a node
-- works where its own is among them, for what it calls keeps its name and its meaning.
CREATE TABLE schema_functions (
  digest     text PRIMARY KEY,  -- SHA-256 of the files
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- What only versions called that nobody was ever given.
DROP FUNCTION IF EXISTS
  enable_user(text, text), end_sessions_of(uuid[], uuid[], text), import_users(jsonb, text), keep_transcript(text, text, text, text, json),
  provision(text, text, text, text[], timestamptz, text),
  scim_apply_table(text, text[], text[], text[], text[]),
  sign_on(text, text, text, text, timestamptz, text, text, text, text, text, text, bytea, text, text, interval, timestamptz, text, text,
          timestamptz, text, bytea);
