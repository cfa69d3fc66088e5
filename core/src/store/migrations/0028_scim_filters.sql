-- What SCIM filters compare.

-- Without case (of ASCII), but for externalId.
CREATE FUNCTION scim_folded(p_attribute text, p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_attribute WHEN 'externalId' THEN p_text ELSE lower(p_text COLLATE "C") END
$$;

-- Empty: it has no value.
CREATE FUNCTION scim_value(p scim_people, p_attribute text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT scim_folded(p_attribute, CASE p_attribute
    WHEN 'userName' THEN p.user_name::text
    WHEN 'externalId' THEN p.external_id
    WHEN 'id' THEN p.id::text
    WHEN 'displayName' THEN p.display_name
    WHEN 'name' THEN concat_ws(' ', nullif(p.formatted_name, ''), nullif(p.given_name, ''),
                               nullif(p.family_name, ''))
    WHEN 'name.formatted' THEN p.formatted_name
    WHEN 'name.givenName' THEN p.given_name
    WHEN 'name.familyName' THEN p.family_name
    WHEN 'emails' THEN p.work_email
    WHEN 'emails.type' THEN CASE WHEN p.work_email = '' THEN '' ELSE 'work' END
    WHEN 'emails.primary' THEN CASE WHEN p.work_email = '' THEN '' ELSE 'true' END
    WHEN 'active' THEN p.active::text
    WHEN 'meta.created' THEN p.created
    WHEN 'meta.lastModified' THEN p.changed
    WHEN 'meta.resourceType' THEN 'User'
    WHEN 'schemas' THEN 'urn:ietf:params:scim:schemas:core:2.0:User'
    ELSE '' END)
$$;

CREATE FUNCTION scim_group_value(g scim_groups, p_attribute text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT scim_folded(p_attribute, CASE p_attribute
    WHEN 'displayName' THEN g.display_name::text
    WHEN 'externalId' THEN g.external_id
    WHEN 'id' THEN g.id::text
    WHEN 'meta.created' THEN to_char(g.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    WHEN 'meta.lastModified' THEN to_char(g.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    WHEN 'meta.resourceType' THEN 'Group'
    WHEN 'schemas' THEN 'urn:ietf:params:scim:schemas:core:2.0:Group'
    ELSE '' END)
$$;

-- RFC 7644, table 3. `p_have` and `p_wanted` are folded; what has no value is only unequal.
CREATE FUNCTION scim_test(p_test text, p_have text, p_wanted text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_test
    WHEN 'eq' THEN p_have = p_wanted
    WHEN 'ne' THEN p_have <> p_wanted
    ELSE p_have <> '' AND CASE p_test
      WHEN 'pr' THEN true
      WHEN 'co' THEN strpos(p_have, p_wanted) > 0
      WHEN 'sw' THEN left(p_have, length(p_wanted)) = p_wanted
      WHEN 'ew' THEN right(p_have, length(p_wanted)) = p_wanted
      WHEN 'gt' THEN p_have COLLATE "C" > p_wanted
      WHEN 'ge' THEN p_have COLLATE "C" >= p_wanted
      WHEN 'lt' THEN p_have COLLATE "C" < p_wanted
      WHEN 'le' THEN p_have COLLATE "C" <= p_wanted
      ELSE false END
    END
$$;
