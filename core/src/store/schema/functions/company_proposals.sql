-- Acts at companies that need two people (companies.two_people): whoever does one proposes it, and it is done when somebody else
-- confirms it. An operator is held to no such rule, as to no other.

-- What a proposal rests on. Whoever confirms a domain need not know of another one; of a company that goes live they vouch for all of them.
CREATE OR REPLACE FUNCTION company_as_vouched_for(c companies, p_act text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('display_name', c.display_name, 'state', c.state, 'metadata', c.metadata, 'settings', c.settings,
                            'domains', CASE WHEN p_act = 'live' THEN domains_of_company(c.name) END)
$$;

-- Whether it may still be confirmed: its time has not come, the company is as it was, and whoever proposed it still may.
CREATE OR REPLACE FUNCTION is_proposed(p company_proposals, c companies, p_actor actor) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p.ends_at > now() AND p.rests_on = company_as_vouched_for(c, p.act)
     AND may(ROW(p.proposed_by, p.proposer, '', (p_actor).levels, (p_actor).needed)::actor, '*')
     AND NOT EXISTS (SELECT FROM users u WHERE u.id = p.proposed_by AND u.idp = c.name)
$$;

-- A company that has changed is not what was proposed, though it be changed back.
CREATE OR REPLACE FUNCTION lapse_proposals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM company_proposals p WHERE p.company = NEW.name AND p.rests_on <> company_as_vouched_for(NEW, p.act);
  RETURN NULL;
END $$;

-- For the act itself, which holds the company's row: proposed, also where it is already; too_many: fifty of a company. Everybody who could
-- confirm it is written to.
CREATE OR REPLACE FUNCTION propose_act(p_actor actor, c companies, p_act text, p_given jsonb, p_details text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_ends_at timestamptz := now() + interval '7 days';
BEGIN
  DELETE FROM company_proposals p WHERE p.company = c.name AND NOT is_proposed(p, c, p_actor);
  IF (SELECT count(*) FROM company_proposals p WHERE p.company = c.name) >= 50 THEN RETURN 'too_many'; END IF;
  INSERT INTO company_proposals (company, act, given, digest, details, rests_on, proposed_by, proposer, ends_at)
  VALUES (c.name, p_act, p_given, encode(sha256(convert_to(p_given::text, 'UTF8')), 'hex'), p_details,
          company_as_vouched_for(c, p_act), p_actor.id, p_actor.name, v_ends_at)
  ON CONFLICT (company, act, digest) DO NOTHING;
  IF NOT FOUND THEN RETURN 'proposed'; END IF;
  PERFORM note_company(p_actor, 'company_act_proposed', c.name, p_act || ': ' || array_to_string(p_details, ' '));
  INSERT INTO mail_outbox (recipient, template, parameters)
  SELECT u.email::text, 'company_proposed', jsonb_build_object(
    p_act, true, 'company', c.display_name, 'details', to_jsonb(p_details), 'proposed_by', p_actor.name,
    'ends_at', to_char(v_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
  FROM connectors(p_actor) u WHERE u.id <> p_actor.id AND u.idp IS DISTINCT FROM c.name;
  RETURN 'proposed';
END $$;

-- Those of a company that hold, the oldest first.
CREATE OR REPLACE FUNCTION proposals_of_company(p_actor actor, p_name text)
RETURNS TABLE (number bigint, act text, domain text, is_meant boolean, xml text, entity_id text, fingerprints text, settings text,
               details text, proposer text, proposed_at text, ends_at text, is_own boolean) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT may(p_actor, '*') THEN RETURN; END IF;
  RETURN QUERY
  SELECT p.number, p.act, p.given ->> 'domain', (p.given ->> 'is_meant')::boolean, p.given ->> 'xml', p.given ->> 'entity_id',
         (SELECT string_agg(f, ' ') FROM jsonb_array_elements_text(p.given -> 'fingerprints') f), p.given ->> 'settings',
         array_to_string(p.details, ' '), p.proposer,
         iso(p.proposed_at), iso(p.ends_at), p.proposed_by IS NOT DISTINCT FROM p_actor.id
  FROM companies c JOIN company_proposals p ON p.company = c.name
  WHERE c.name = p_name AND is_proposed(p, c, p_actor) ORDER BY p.number;
END $$;

-- Does it, and answers as the act does. Also own_proposal, and no_proposal: it does not hold, or somebody was quicker.
CREATE OR REPLACE FUNCTION confirm_proposal(p_actor actor, p_name text, p_number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'confirm what is proposed for');
  c companies;
  p company_proposals;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  PERFORM hold_company(p_name, true);  -- as set_company_state(), before the row
  c := hold_row_of_company(p_name);
  IF c.name IS NULL THEN RETURN 'no_company'; END IF;
  SELECT * INTO p FROM company_proposals o WHERE o.company = p_name AND o.number = p_number;
  IF p.number IS NULL OR NOT is_proposed(p, c, p_actor) THEN RETURN 'no_proposal'; END IF;
  -- Nor by an account whose level whoever proposed it has given alone.
  IF p.proposed_by = p_actor.id OR (p_actor.id IS NOT NULL AND NOT EXISTS (
       SELECT FROM live_grants g WHERE g.user_id = p_actor.id AND g.property IS NULL AND g.given_alone_by IS DISTINCT FROM p.proposed_by
         AND array_position(p_actor.levels, g.level) >= array_position(p_actor.levels, p_actor.needed))) THEN
    RETURN refuse(p_actor, 'own_proposal', '', NULL, 'confirm ' || p.act || ' of company ' || p_name);
  END IF;
  v_outcome := CASE p.act
    WHEN 'live' THEN (set_company_state(p_actor, p_name, c.version, 'live')).outcome
    WHEN 'metadata' THEN bring_metadata(p_actor, p_name, c.version, p.given ->> 'xml', p.given ->> 'entity_id',
                                        ARRAY(SELECT jsonb_array_elements_text(p.given -> 'fingerprints')), nullif(p.given -> 'summary', 'null'))
    WHEN 'domain' THEN (give_domain(p_actor, p_name, p.given ->> 'domain', (p.given ->> 'is_meant')::boolean)).outcome
    ELSE change_company(p_actor, p_name, c.version, p.given ->> 'display_name', p.given -> 'settings') END;
  IF v_outcome NOT IN ('changed', 'kept', 'given', 'same', 'has_it') THEN RETURN v_outcome; END IF;
  DELETE FROM company_proposals o WHERE o.number = p_number;
  PERFORM note_company(p_actor, 'company_act_confirmed', p_name,
    p.act || ': ' || array_to_string(p.details, ' ') || ', proposed by ' || p.proposer || ' at ' || iso(p.proposed_at));
  RETURN v_outcome;
END $$;

-- It is not done: changed, no_company or no_proposal.
CREATE OR REPLACE FUNCTION drop_proposal(p_actor actor, p_name text, p_number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text := refuse_company(p_actor, p_name, 'decline what is proposed for');
  p company_proposals;
BEGIN
  IF v_outcome IS NOT NULL THEN RETURN v_outcome; END IF;
  IF (hold_row_of_company(p_name)).name IS NULL THEN RETURN 'no_company'; END IF;
  DELETE FROM company_proposals o WHERE o.company = p_name AND o.number = p_number RETURNING * INTO p;
  IF NOT FOUND THEN RETURN 'no_proposal'; END IF;
  PERFORM note_company(p_actor, 'company_act_declined', p_name,
    p.act || ': ' || array_to_string(p.details, ' ') || ', proposed by ' || p.proposer);
  RETURN 'changed';
END $$;
