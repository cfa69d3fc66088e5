-- Whoever floods a company with sign-ons to be refused pushes out their own, and nobody else's.
-- network: of the client, what one has to itself.
ALTER TABLE transcripts ADD COLUMN network text NOT NULL DEFAULT '';

-- The one that goes is the oldest of the network that has most, one whose address a company has proven last of all.
CREATE FUNCTION keep_transcript(p_reference text, p_idp text, p_email text, p_code text, p_content json, p_network text)
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
