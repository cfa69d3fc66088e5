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

-- A letter to each recipient about something that ends in p_left days, unless there was one p_days before.
-- True: there was none. What nobody is to be told of stays to be told.
CREATE FUNCTION warn_of_expiry(p_recipients text[], p_what text, p_idp text, p_certificate text, p_ends_at timestamptz,
                               p_days int, p_left int)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN false; END IF;
  INSERT INTO expiry_warnings (what, idp, certificate, ends_at, days)
  VALUES (p_what, p_idp, p_certificate, p_ends_at, p_days) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'expiry_warning', jsonb_strip_nulls(jsonb_build_object(
    p_what, true, 'idp', nullif(p_idp, ''), 'certificate', nullif(p_certificate, ''), 'days', p_left,
    'ends_at', to_char(p_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
  FROM unnest(p_recipients) recipient;
  RETURN true;
END $$;

-- A letter to each recipient: on p_machine nothing has been heard of a company's metadata since p_since. One for each silence.
-- True: there was none.
CREATE FUNCTION warn_of_silence(p_recipients text[], p_idp text, p_machine text, p_since timestamptz, p_days int,
                                p_detail text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN false; END IF;
  INSERT INTO expiry_warnings (what, idp, certificate, ends_at, days)
  VALUES ('not_refreshed', p_idp, p_machine, p_since, 0) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'metadata_not_refreshed', jsonb_strip_nulls(jsonb_build_object(
    'idp', p_idp, 'machine', p_machine, 'days', p_days, 'detail', nullif(p_detail, ''),
    'since', to_char(p_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
  FROM unnest(p_recipients) recipient;
  RETURN true;
END $$;
