-- Which trigger calls which function. One that is missing is made; one that is to fire otherwise gets a new name, and a file of ../tables
-- drops the old one: dropping one locks its table. What tells nodes has a twin that speaks at the end of the transaction: a file of
-- ../tables that changes rows of such a table says SET CONSTRAINTS ALL IMMEDIATE before it alters the table.
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN WITH listed (relation, name, moment, condition, function) AS (VALUES
    ('users', 'users_canonical_address', 'BEFORE INSERT OR UPDATE OF email', '', 'canonical_address'),
    ('users', 'users_begin_waiting', 'BEFORE UPDATE OF last_sign_on_at', '', 'begin_waiting'),
    ('users', 'users_who_switched_off', 'BEFORE INSERT OR UPDATE OF status, off_by_people, off_by_directory', '', 'who_switched_off'),
    ('users', 'users_address_changed', 'AFTER UPDATE OF email', 'OLD.email <> NEW.email', 'requests_follow_address'),
    ('users', 'users_address_of_account', 'AFTER UPDATE OF email', 'OLD.email <> NEW.email', 'accounts_follow_address'),
    ('scim_users', 'scim_users_domain', 'BEFORE INSERT', '', 'domain_of_account'),
    ('users', 'users_changed', 'AFTER UPDATE',
     '(OLD.email, OLD.name, OLD.status) IS DISTINCT FROM (NEW.email, NEW.name, NEW.status)', 'tell_nodes_of_user'),
    ('users', 'users_deleted', 'AFTER DELETE', '', 'tell_nodes_of_user'),
    ('grants', 'grants_remember_who_gave', 'BEFORE INSERT OR UPDATE OF granted_by', '', 'remember_who_gave'),
    ('grants', 'grants_changed_by_people', 'AFTER UPDATE',
     $w$OLD.granted_by LIKE 'scim:%' AND NEW.granted_by <> OLD.granted_by$w$, 'withhold_from_groups'),
    ('grants', 'grants_asserted_changed_by_people', 'AFTER UPDATE',
     $w$OLD.granted_by LIKE 'asserted:%' AND NEW.granted_by <> OLD.granted_by$w$, 'withhold_from_groups'),
    ('grants', 'grants_end_waiting', 'AFTER INSERT OR UPDATE', '', 'end_waiting'),
    ('grants', 'grants_changed', 'AFTER INSERT OR UPDATE OR DELETE', '', 'tell_nodes_of_grant'),
    ('companies', 'companies_numbered', 'BEFORE INSERT OR UPDATE', '', 'number_company'),
    ('companies', 'companies_lapse_proposals', 'AFTER UPDATE', '', 'lapse_proposals'),
    ('companies', 'companies_fetched', 'AFTER INSERT OR UPDATE OF settings, state', '', 'follow_metadata_url'),
    ('sessions', 'sessions_ended', 'AFTER DELETE', '', 'tell_nodes_of_session'),
    ('access_requests', 'access_requests_canonical_address', 'BEFORE INSERT OR UPDATE OF email', '', 'canonical_address'),
    ('properties', 'properties_closed_or_opened', 'AFTER UPDATE OF closed_at', 'OLD.closed_at IS DISTINCT FROM NEW.closed_at',
     'tell_nodes_of_property'),
    ('access_requests', 'access_requests_filed', 'AFTER INSERT', '', 'tell_nodes_of_request'),
    ('access_requests', 'access_requests_decided', 'AFTER UPDATE OF state', '', 'tell_nodes_of_request'))
    SELECT *, '' AS kind, '' AS at FROM listed
    UNION ALL SELECT relation, name || '_told', moment, condition, 'tell_nodes_at_last', 'CONSTRAINT', 'DEFERRABLE INITIALLY DEFERRED'
    FROM listed WHERE function IN ('tell_nodes_of_user', 'tell_nodes_of_grant', 'tell_nodes_of_session', 'tell_nodes_of_request')
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.relation::regclass AND g.tgname = t.name);
    EXECUTE format('CREATE %s TRIGGER %I %s ON %I %s FOR EACH ROW %s EXECUTE FUNCTION %I()', t.kind, t.name, t.moment, t.relation, t.at,
                   CASE WHEN t.condition = '' THEN '' ELSE 'WHEN (' || t.condition || ')' END, t.function);
  END LOOP;
END $$;
