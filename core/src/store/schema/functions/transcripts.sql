-- What refused sign-ons said of themselves.

-- A thousand a day for each company. The one that goes is the oldest of the network that has most, one whose address a company has
-- proven last of all: who floods a company with sign-ons to be refused pushes out their own, and nobody else's.
CREATE OR REPLACE FUNCTION keep_transcript(p_reference text, p_idp text, p_email text, p_code text, p_content json, p_network text)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM transcripts t WHERE t.idp = p_idp AND t.at > now() - interval '1 day'
                            LIMIT 1000) lately) >= 1000 THEN
    DELETE FROM transcripts WHERE reference = (
      SELECT t.reference
      FROM (SELECT l.network, count(*) AS many FROM transcripts l
            WHERE l.idp = p_idp AND l.at > now() - interval '1 day' AND l.email = '' GROUP BY l.network) most
      RIGHT JOIN transcripts t ON t.network = most.network AND t.email = ''
      WHERE t.idp = p_idp AND t.at > now() - interval '1 day'
      ORDER BY most.many DESC NULLS LAST, t.at LIMIT 1 FOR UPDATE OF t SKIP LOCKED);
  END IF;
  INSERT INTO transcripts (reference, idp, email, code, content, network)
  VALUES (p_reference, p_idp, p_email, p_code, p_content, p_network) ON CONFLICT DO NOTHING;
END $$;

-- How many.
CREATE OR REPLACE FUNCTION remove_old_transcripts(p_keep interval, p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
BEGIN
  DELETE FROM transcripts WHERE reference IN (
    SELECT t.reference FROM transcripts t WHERE t.at < now() - p_keep ORDER BY t.at LIMIT p_batch);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
