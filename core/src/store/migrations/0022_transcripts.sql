-- What refused sign-ons said of themselves, by the reference number on the person's page: no names, no attribute values.
-- email: proven by the company, else empty.
CREATE TABLE transcripts (
  reference text PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT now(),
  idp       text NOT NULL,
  email     text NOT NULL,
  code      text NOT NULL,
  content   json NOT NULL
);
CREATE INDEX transcripts_at ON transcripts (at);
CREATE INDEX transcripts_of_idp ON transcripts (idp, at);
CREATE INDEX transcripts_of_email ON transcripts (email, at) WHERE email <> '';

-- For the newest event of a company.
CREATE INDEX audit_events_of_idp ON audit_events (idp, kind, id) WHERE kind IN ('signed_on', 'sign_on_refused');

-- Anybody can start a sign-on and have it refused: a company's newest are kept up to 1,000 a day.
CREATE FUNCTION keep_transcript(p_reference text, p_idp text, p_email text, p_code text, p_content json) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM transcripts t WHERE t.idp = p_idp AND t.at > now() - interval '1 day'
                            LIMIT 1000) lately) >= 1000 THEN
    DELETE FROM transcripts WHERE reference = (
      SELECT t.reference FROM transcripts t WHERE t.idp = p_idp AND t.at > now() - interval '1 day'
      ORDER BY t.at LIMIT 1 FOR UPDATE SKIP LOCKED);
  END IF;
  INSERT INTO transcripts (reference, idp, email, code, content)
  VALUES (p_reference, p_idp, p_email, p_code, p_content) ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION remove_old_transcripts(p_keep interval, p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
BEGIN
  DELETE FROM transcripts WHERE reference IN (
    SELECT t.reference FROM transcripts t WHERE t.at < now() - p_keep ORDER BY t.at LIMIT p_batch);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
