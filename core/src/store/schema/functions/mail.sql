-- Mail: the outbox with its leases, the digest, warnings.

-- What is due, for one process until the lease ends: whoever dies meanwhile holds nothing for longer.
CREATE OR REPLACE FUNCTION claim_mail(p_limit int, p_lease interval)
RETURNS TABLE (id uuid, lease uuid, recipient text, template text, parameters jsonb,
               created_at timestamptz) LANGUAGE sql AS $$
  UPDATE mail_outbox m SET lease = gen_random_uuid(), lease_until = now() + p_lease
  FROM (SELECT o.id FROM mail_outbox o
        WHERE o.sent_at IS NULL AND o.dead_at IS NULL AND o.due_at <= now()
          AND (o.lease_until IS NULL OR o.lease_until <= now())
        ORDER BY o.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
  WHERE m.id = due.id
  RETURNING m.id, m.lease, m.recipient, m.template, m.parameters, m.created_at
$$;

-- Whoever holds the lease: once the server has it, it is sent.
CREATE OR REPLACE FUNCTION mail_sent(p_id uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE mail_outbox SET sent_at = now(), dead_at = NULL, attempts = attempts + 1, lease = NULL,
                         lease_until = NULL, last_error = ''
  WHERE id = p_id AND sent_at IS NULL
$$;

-- Back to the queue, as if it had not been claimed.
CREATE OR REPLACE FUNCTION release_mail(p_id uuid, p_lease uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE mail_outbox SET lease = NULL, lease_until = NULL WHERE id = p_id AND lease = p_lease
$$;

-- Gives a letter up that is hopeless or too old. Otherwise it is due again at once where the server could
-- not be asked about it (p_is_answered false), and after a minute, two, four, up to an hour, spread by a
-- quarter, where it said no. True: given up.
CREATE OR REPLACE FUNCTION mail_failed(p_id uuid, p_lease uuid, p_error text, p_is_final boolean,
                            p_is_answered boolean, p_max_age interval)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  m mail_outbox;
BEGIN
  SELECT * INTO m FROM mail_outbox WHERE id = p_id AND lease = p_lease FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_is_answered OR p_is_final THEN m.attempts := m.attempts + 1; END IF;
  IF p_is_answered THEN
    m.due_at := now() + least(interval '1 minute' * 2 ^ least(m.attempts - 1, 6), interval '1 hour')
                        * (0.75 + random() / 2);
  END IF;
  IF p_is_final OR m.queued_at + p_max_age <= now() THEN m.dead_at := now(); END IF;
  UPDATE mail_outbox SET attempts = m.attempts, due_at = m.due_at, dead_at = m.dead_at,
                         last_error = p_error, lease = NULL, lease_until = NULL
  WHERE id = p_id;
  IF m.dead_at IS NULL THEN RETURN false; END IF;
  INSERT INTO audit_events (kind, code, email, detail)
  VALUES ('mail_given_up', m.template, m.recipient, p_id || ': ' || p_error);
  RETURN true;
END $$;

-- NULL: every letter that failed. What is being sent is left alone. The number of letters.
CREATE OR REPLACE FUNCTION retry_mail(p_id uuid, p_actor text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  UPDATE mail_outbox SET due_at = now(), queued_at = now(), dead_at = NULL, attempts = 0
  WHERE sent_at IS NULL AND (lease_until IS NULL OR lease_until <= now())
    AND (id = p_id OR (p_id IS NULL AND last_error <> ''));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count > 0 THEN
    PERFORM note_change('mail_retried', p_actor, '', NULL, coalesce(p_id::text, v_count || ' letters'));
  END IF;
  RETURN v_count;
END $$;

-- Letters hold people's names: what was sent is kept for thirty days, what was given up for ninety.
CREATE OR REPLACE FUNCTION forget_old_mail(p_batch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
BEGIN
  DELETE FROM mail_outbox WHERE id IN (
    SELECT id FROM mail_outbox WHERE sent_at < now() - interval '30 days' OR dead_at < now() - interval '90 days'
    LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;

-- One digest to everybody in p_recipients, if the last one is p_every old and there is news. The number of
-- letters. News that nobody is to be told of stay news.
CREATE OR REPLACE FUNCTION queue_digest(p_recipients text[], p_every interval) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  k_listed constant int := 20;
  v_people jsonb;
  v_requests jsonb;
  v_people_count int;
  v_requests_count int;
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN 0; END IF;
  PERFORM FROM mail_digest WHERE made_at <= now() - p_every FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;

  DELETE FROM mail_digest_told t
  WHERE (kind = 'person' AND NOT EXISTS (SELECT FROM people_waiting w WHERE w.id = t.id))
     OR (kind = 'request' AND NOT EXISTS (SELECT FROM access_requests r WHERE r.id = t.id AND r.state = 'open'));
  WITH told AS (
    INSERT INTO mail_digest_told SELECT 'person', w.id FROM people_waiting w ON CONFLICT DO NOTHING RETURNING id)
  SELECT count(*), jsonb_agg(jsonb_build_object(
           'email', email, 'name', name, 'idp', idp, 'company', company_called(idp),
           'since', to_char(last_sign_on_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
           ORDER BY last_sign_on_at) FILTER (WHERE number <= k_listed)
  INTO v_people_count, v_people
  FROM (SELECT w.*, row_number() OVER (ORDER BY w.last_sign_on_at) AS number
        FROM people_waiting w JOIN told USING (id)) news;
  WITH told AS (
    INSERT INTO mail_digest_told SELECT 'request', r.id FROM access_requests r WHERE r.state = 'open'
    ON CONFLICT DO NOTHING RETURNING id)
  SELECT count(*), jsonb_agg(jsonb_build_object(
           'email', email, 'name', name, 'property', property, 'level', level, 'requested_by', requested_by,
           'since', to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
           ORDER BY requested_at) FILTER (WHERE number <= k_listed)
  INTO v_requests_count, v_requests
  FROM (SELECT r.email::text, r.name, coalesce(property_label(r.property), '') AS property, r.level, coalesce(u.email::text, '') AS requested_by,
               r.requested_at, row_number() OVER (ORDER BY r.requested_at) AS number
        FROM access_requests r JOIN told USING (id) LEFT JOIN users u ON u.id = r.requested_by) news;
  IF v_people_count + v_requests_count = 0 THEN RETURN 0; END IF;

  UPDATE mail_digest SET made_at = now();
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'digest', jsonb_build_object(
    'people_count', v_people_count, 'has_people', v_people_count > 0,
    'people', coalesce(v_people, '[]'),
    'people_more', CASE WHEN v_people_count > k_listed THEN (v_people_count - k_listed)::text ELSE '' END,
    'requests_count', v_requests_count, 'has_requests', v_requests_count > 0,
    'requests', coalesce(v_requests, '[]'),
    'requests_more', CASE WHEN v_requests_count > k_listed THEN (v_requests_count - k_listed)::text ELSE '' END,
    'waiting_total', (SELECT count(*) FROM people_waiting),
    'open_total', (SELECT count(*) FROM access_requests WHERE state = 'open'))
  FROM unnest(p_recipients) recipient;
  RETURN cardinality(p_recipients);
END $$;

-- A letter to each recipient about something that ends in p_left days, unless there was one p_days before.
-- True: there was none. What nobody is to be told of stays to be told.
CREATE OR REPLACE FUNCTION warn_of_expiry(p_recipients text[], p_what text, p_idp text, p_certificate text, p_ends_at timestamptz,
                               p_days int, p_left int)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN false; END IF;
  INSERT INTO expiry_warnings (what, idp, certificate, ends_at, days)
  VALUES (p_what, p_idp, p_certificate, p_ends_at, p_days) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'expiry_warning', jsonb_strip_nulls(jsonb_build_object(
    p_what, true, 'idp', nullif(p_idp, ''), 'company', company_called(p_idp), 'in_database', company_called(p_idp) IS NOT NULL,
    'certificate', nullif(p_certificate, ''), 'days', p_left, 'under_a_day', nullif(p_left <= 0, false),
    'ends_at', to_char(p_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
  FROM unnest(p_recipients) recipient;
  RETURN true;
END $$;

-- A letter to each recipient: on p_machine nothing has been heard of a company's metadata since p_since. One for each silence.
-- True: there was none.
CREATE OR REPLACE FUNCTION warn_of_silence(p_recipients text[], p_idp text, p_machine text, p_since timestamptz, p_days int,
                                p_detail text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_recipients) = 0 THEN RETURN false; END IF;
  INSERT INTO expiry_warnings (what, idp, certificate, ends_at, days)
  VALUES ('not_refreshed', p_idp, p_machine, p_since, 0) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT recipient, 'metadata_not_refreshed', jsonb_strip_nulls(jsonb_build_object(
    'idp', p_idp, 'company', company_called(p_idp), 'machine', nullif(p_machine, ''),
    'never', (SELECT true FROM company_fetches f WHERE p_machine = '' AND f.company = p_idp AND f.good_at IS NULL), 'days', p_days, 'detail', nullif(p_detail, ''),
    'since', to_char(p_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
  FROM unnest(p_recipients) recipient;
  RETURN true;
END $$;
