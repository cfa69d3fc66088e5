-- Properties: what they are called.

-- The key where another property has the same name; else nothing.
CREATE OR REPLACE FUNCTION shared_key(p_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT p.key FROM properties p
                   WHERE p.key = p_key AND EXISTS (SELECT FROM properties o WHERE o.name = p.name AND o.key <> p.key)), '')
$$;

-- As letters and the Waiting Room call it: by its name, with the key where another has the same name. NULL: there is none.
CREATE OR REPLACE FUNCTION property_label(p_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT p.name || coalesce(' (' || nullif(shared_key(p.key), '') || ')', '') FROM properties p WHERE p.key = p_key
$$;
