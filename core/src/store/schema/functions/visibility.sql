-- Whom one may see. Every function that takes a person's id begins with may_see() (or what calls it), and answers for somebody whom
-- the actor may not see as for nobody. What one gave or asked for oneself brings nobody into reach.

-- Of the actor's own company, by where they sign on or by address. Everybody is an operator's.
CREATE OR REPLACE FUNCTION is_colleague(p_actor actor, p_email citext) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_actor.id IS NULL OR EXISTS (
    SELECT FROM users me LEFT JOIN users u ON u.email = p_email
    WHERE me.id = p_actor.id AND (u.idp = me.idp OR domain_of(p_email) = domain_of(me.email)));
END $$;

-- Whom one may sign out and switch off: not those whom somebody only asked access for.
CREATE OR REPLACE FUNCTION may_look_after(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_keys text[] := may_at(p_actor);
BEGIN
  RETURN '*' = ANY (v_keys) OR (cardinality(v_keys) > 0 AND EXISTS (
    SELECT FROM users u JOIN users me ON me.id = p_actor.id
    WHERE u.id = p_user
      AND (u.idp = me.idp OR domain_of(u.email) = domain_of(me.email)
           OR EXISTS (SELECT FROM grants g WHERE g.user_id = u.id AND g.property = ANY (v_keys)
                      AND g.given_alone_by IS DISTINCT FROM p_actor.id))));
END $$;

-- Besides those whom one may look after: people for whom somebody else asked at a property of the actor's.
CREATE OR REPLACE FUNCTION may_see(p_actor actor, p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN may_look_after(p_actor, p_user) OR EXISTS (
    SELECT FROM users u JOIN access_requests r ON r.email = u.email
    WHERE u.id = p_user AND r.property = ANY (may_at(p_actor)) AND r.state <> 'withdrawn'
      AND r.requested_by IS DISTINCT FROM p_actor.id);
END $$;

-- Whom the actor may see though they are of no company of the actor's, which is what may_see() says of one: with access at these
-- properties, or asked for there. Colleagues may be among them.
CREATE OR REPLACE FUNCTION others_in_reach(p_actor actor, p_keys text[]) RETURNS uuid[] LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN ARRAY(
    SELECT g.user_id FROM grants g WHERE g.property = ANY (p_keys) AND g.given_alone_by IS DISTINCT FROM p_actor.id
    UNION
    SELECT u.id FROM access_requests r JOIN users u ON u.email = r.email
    WHERE r.property = ANY (p_keys) AND r.state <> 'withdrawn' AND r.requested_by IS DISTINCT FROM p_actor.id);
END $$;

-- NULL: the actor may see them. Otherwise what to answer, the same whether there is nobody or somebody out of reach; of that
-- the audit trail knows.
CREATE OR REPLACE FUNCTION may_see_or_refuse(p_actor actor, p_user uuid, p_what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  IF NOT may_somewhere(p_actor) THEN RETURN refuse(p_actor, 'not_allowed', '', p_user, p_what); END IF;
  SELECT * INTO person FROM users u WHERE u.id = p_user;
  IF person.id IS NULL THEN RETURN 'not_found'; END IF;
  IF may_see(p_actor, p_user) THEN RETURN NULL; END IF;
  PERFORM refuse(p_actor, 'not_allowed', person.email, p_user, p_what);
  RETURN 'not_found';
END $$;

-- What the actor is shown of somebody whom they may see. Whom somebody only asked for is known by the request: what they hold
-- elsewhere, whether they do, and when they come, is not shown (created_at: NULL; state: disabled or nothing).
CREATE OR REPLACE FUNCTION as_seen(p_actor actor, p people) RETURNS people LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF may_look_after(p_actor, p.id) THEN RETURN p; END IF;
  p.grants := coalesce((SELECT string_agg(g.property || '=' || g.level, ',' ORDER BY g.property) FROM live_grants g
                        WHERE g.user_id = p.id AND g.property = ANY (may_at(p_actor))), '');
  p.created_at := NULL;
  p.last_sign_on_at := NULL;
  p.subject := '';
  p.idp := '';
  p.status := CASE WHEN p.status = 'disabled' THEN 'disabled' ELSE '' END;
  p.state := p.status;
  RETURN p;
END $$;

-- The one person with this address, if the actor may see them.
CREATE OR REPLACE FUNCTION see_person(p_actor actor, p_email text) RETURNS SETOF people LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT seen.* FROM person_with(p_email) p CROSS JOIN LATERAL as_seen(p_actor, p) seen
  WHERE may_somewhere(p_actor) AND may_see(p_actor, p.id);
END $$;

-- Whether the actor may sign somebody out or switch them off: done, or why not.
CREATE OR REPLACE FUNCTION judge_person(p_actor actor, p_user uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  g live_grants;
BEGIN
  IF NOT may_see(p_actor, p_user) THEN RETURN 'not_found'; END IF;
  IF NOT may_look_after(p_actor, p_user) THEN RETURN 'not_allowed'; END IF;
  FOR g IN SELECT * FROM live_grants x WHERE x.user_id = p_user LOOP
    IF NOT may(p_actor, coalesce(g.property, '*')) THEN RETURN 'not_allowed'; END IF;
    IF array_position(p_actor.levels, g.level) > reach(p_actor, coalesce(g.property, '*')) THEN
      RETURN 'above_own_level';
    END IF;
  END LOOP;
  RETURN 'done';
END $$;
