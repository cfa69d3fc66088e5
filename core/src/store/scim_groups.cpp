#include <algorithm>

#include "anteroom/scim.h"
#include "anteroom/store.h"
#include "store/rows.h"
#include "store/scim_rows.h"

namespace anteroom::store {

namespace {

// total, then a Group or NULLs.
constexpr Statement kFindGroups{
    "scim_find_groups",
    "WITH found AS (SELECT * FROM anteroom.scim_groups g WHERE g.idp = $1"
    " AND ($2::uuid IS NULL OR g.id = $2::uuid)"
    " AND ($3::text IS NULL OR anteroom.fold(g.display_name::text) = anteroom.fold($3))"
    " AND ($4::text IS NULL OR g.external_id = $4)"
    " AND ($5::uuid IS NULL OR EXISTS (SELECT FROM anteroom.scim_members m"
    " WHERE m.group_id = g.id AND m.user_id = $5::uuid))"
    " AND ($9::varbit IS NULL OR get_bit($9::varbit, (SELECT coalesce(sum(CASE WHEN"
    " CASE c.attribute WHEN 'members' THEN EXISTS (SELECT FROM anteroom.scim_members m"
    " WHERE m.group_id = g.id AND (c.test = 'pr' OR m.user_id ="
    " (CASE WHEN c.test = 'eq' THEN c.wanted END)::uuid))"
    " ELSE anteroom.scim_test(c.test, anteroom.scim_group_value(g, c.attribute),"
    " anteroom.scim_folded(c.attribute, c.wanted)) END"
    " THEN 1 << (c.at::int - 1) ELSE 0 END), 0)::int FROM unnest($10::text[], $11::text[],"
    " $12::text[]) WITH ORDINALITY c (attribute, test, wanted, at))) = 1)),"
    " few AS (SELECT f.*, (SELECT count(*) FROM (SELECT FROM anteroom.scim_members m"
    " WHERE m.group_id = f.id LIMIT $6::int + 1) counted) AS size FROM (SELECT * FROM found"
    " ORDER BY created_at, id OFFSET $7::int LIMIT $8::int) f),"
    " page AS (SELECT few.*, sum(size) OVER (ORDER BY created_at, id) AS shown FROM few)"
    " SELECT total, p.id, p.display_name, p.external_id,"
    " to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " to_char(p.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " CASE WHEN p.shown <= $6::int THEN coalesce((SELECT string_agg(m.user_id::text, ','"
    " ORDER BY m.user_id) FROM anteroom.scim_members m WHERE m.group_id = p.id), '') END"
    " FROM (SELECT count(*) AS total FROM found) t LEFT JOIN page p ON true"
    " ORDER BY p.created_at, p.id"};
constexpr Statement kCreateGroup{
    "scim_create_group",
    "SELECT outcome, id FROM anteroom.scim_create_group($1, $2::text[], $3, $4, $5::uuid[],"
    " $6::text[], $7::text[], $8::text[], $9::text[])"};
constexpr Statement kChangeGroup{
    "scim_change_group",
    "SELECT anteroom.scim_change_group($1, $2::text[], $3::uuid, $4, $5, $6::boolean, $7::uuid[],"
    " $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[])"};
constexpr Statement kDeleteGroup{
    "scim_delete_group",
    "SELECT anteroom.scim_delete_group($1, $2::text[], $3::uuid, $4::text[], $5::text[],"
    " $6::text[], $7::text[])"};
constexpr Statement kUnsettled{
    "scim_unsettled",
    "SELECT scim_unsettled FROM anteroom.scim_unsettled($1, $2::text[], $3::text[], $4::text[],"
    " $5::text[], $6::text[])"};
constexpr Statement kSettleSome{
    "scim_settle_some",
    "SELECT anteroom.scim_settle_some($1, $2::text[], $3::text[], $4::text[], $5::text[],"
    " $6::text[], $7::uuid[])"};
constexpr std::size_t kSettledAtOnce = 100;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < list.size();) {
    const auto comma = std::min(list.find(',', at), list.size());
    items.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return items;
}

void append(Params& params, const ScimTable& table) {
  std::vector<std::string> groups;
  std::vector<std::string> properties;
  std::vector<std::string> levels;
  for (const ScimGrant& grant : table.grants) {
    groups.push_back(grant.group);
    properties.push_back(grant.property);
    levels.push_back(grant.level);
  }
  for (const auto& items : {groups, properties, levels, table.levels}) {
    params.emplace_back(array_literal(items));
  }
}

}  // namespace

ScimCompany scim_company_of(const IdentityProvider& idp) {
  return {idp.name, idp.domains};
}

ScimTable scim_table_of(const IdentityProvider& idp, const AccessSettings& access) {
  ScimTable table{{}, access.levels};
  for (const GroupAccess& group : idp.scim_groups) {
    for (const std::string& property : group.properties) {
      table.grants.push_back({group.group, property, group.level});
    }
  }
  return table;
}

Task<Result<scim::List<scim::Group>>> scim_find_groups(Database& database, ScimCompany company,
                                                       scim::GroupQuery query, scim::Page page,
                                                       bool with_members) {
  Params params{company.idp,
                uuid_or_none(query.id),
                query.display_name,
                query.external_id,
                uuid_or_none(query.member),
                std::to_string(with_members ? scim::kMaxMembersShown : -1),
                std::to_string(page.start - 1),
                std::to_string(page.count)};
  append_filter(params, query.rest);
  Result<Rows> result = co_await run(database, kFindGroups, std::move(params));
  if (!result) co_return result.failure();
  scim::List<scim::Group> found;
  for (const auto& row : result->rows) {
    found.total = static_cast<int>(number(row, 0));
    if (!row.at(1)) continue;
    found.items.push_back({text(row, 1), text(row, 2), text(row, 3), split(text(row, 6)),
                           text(row, 4), text(row, 5), row.at(6).has_value()});
  }
  co_return found;
}

Task<Result<ScimResult<std::string>>> scim_create_group(Database& database, ScimCompany company,
                                                        ScimTable table, scim::GroupChange group) {
  Params params{company.idp, array_literal(company.domains), group.display_name.value_or(""),
                group.external_id.value_or(""), array_literal(group.adds)};
  append(params, table);
  Result<Rows> result = co_await run(database, kCreateGroup, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  const auto& row = result->rows[0];
  co_return ScimResult<std::string>{scim_outcome(text(row, 0)), text(row, 1)};
}

Task<Result<ScimOutcome>> scim_change_group(Database& database, ScimCompany company,
                                            ScimTable table, std::string id,
                                            scim::GroupChange change) {
  Params params{company.idp,
                array_literal(company.domains),
                std::move(id),
                change.display_name,
                change.external_id,
                change.clears_members ? "t" : "f",
                array_literal(change.adds),
                array_literal(change.removes)};
  append(params, table);
  Result<Rows> result = co_await run(database, kChangeGroup, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return scim_outcome(text(result->rows[0], 0));
}

Task<Result<bool>> scim_delete_group(Database& database, ScimCompany company, ScimTable table,
                                     std::string id) {
  Params params{company.idp, array_literal(company.domains), std::move(id)};
  append(params, table);
  Result<Rows> result = co_await run(database, kDeleteGroup, std::move(params));
  if (!result) co_return result.failure();
  co_return result->rows.size() == 1 && is_true(result->rows[0], 0);
}

Task<Result<int>> scim_apply_table(Database& database, ScimCompany company, ScimTable table) {
  Params asked{company.idp, array_literal(company.domains)};
  append(asked, table);
  Result<Rows> found = co_await run(database, kUnsettled, std::move(asked));
  if (!found) co_return found.failure();
  const auto& rows = found->rows;
  for (std::size_t at = 0; at < rows.size(); at += kSettledAtOnce) {
    std::vector<std::string> some;
    for (std::size_t i = at; i < std::min(at + kSettledAtOnce, rows.size()); ++i) {
      some.push_back(text(rows[i], 0));
    }
    Params params{company.idp, array_literal(company.domains)};
    append(params, table);
    params.emplace_back(array_literal(some));
    Result<Rows> settled = co_await run(database, kSettleSome, std::move(params));
    if (!settled) co_return settled.failure();
  }
  co_return static_cast<int>(rows.size());
}

}  // namespace anteroom::store
