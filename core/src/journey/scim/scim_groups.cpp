#include "journey/scim/scim.h"
#include "scim/codes.h"
#include "scim/groups.h"
#include "scim/request.h"
#include "text/uuid.h"

namespace anteroom::journey {

namespace {

Task<Response> written_group(const ScimExchange& scim, int status, scim::Group group) {
  const bool is_big = group.members.size() > kInlineMembers;
  return scim_written(
      scim, status, is_big,
      [group = std::move(group), base = scim.base, projection = scim_projection(scim)] {
        return scim::write_group(group, base, projection);
      });
}

Task<Response> list_groups(ScimExchange scim) {
  auto asked = scim::read_query(scim.exchange.head().query);
  if (!asked) co_return scim_refusal(scim, asked.failure());
  Task<Response> list = scim_list(std::move(scim), ScimKinds::groups, std::move(*asked));
  co_return co_await list;
}

Task<Response> show_group(ScimExchange scim) {
  scim::GroupQuery query;
  query.id = scim.id;
  const scim::Page page;
  const bool with_members = scim_projection(scim).shows("members");
  store::ScimCompany company = scim.company();
  auto found = co_await or_failure(
      scim,
      store::scim_find_groups(scim.database(), std::move(company), query, page, with_members));
  if (found.items.empty()) co_return scim_not_found();
  Task<Response> written = written_group(scim, 200, std::move(found.items[0]));
  co_return co_await written;
}

Task<Response> create_group(ScimExchange scim) {
  Result<scim::GroupChange> group = co_await or_failure(scim, scim_read(scim, scim::read_group));
  if (!group) co_return scim_refusal(scim, group.failure());
  store::ScimCompany company = scim.company();
  store::ScimTable table = scim.table();
  auto created = co_await or_failure(
      scim,
      store::scim_create_group(scim.database(), std::move(company), std::move(table), *group));
  if (created.outcome != store::ScimOutcome::done) {
    co_return scim_outcome_refusal(scim, created.outcome);
  }
  scim::Group made{created.resource,
                   group->display_name.value_or(""),
                   group->external_id.value_or(""),
                   group->adds,
                   "",
                   ""};
  std::string location = scim.base + "/Groups/" + made.id;
  Task<Response> writing = written_group(scim, 201, std::move(made));
  Response response = co_await writing;
  if (response.status == 201) response.headers.emplace_back("Location", std::move(location));
  co_return response;
}

// PATCH is answered without a body, for a group may have very many members, unless attributes of it
// are asked for (RFC 7644, 3.5.2).
Task<Response> change_group(ScimExchange scim) {
  Result<scim::GroupChange> change = co_await or_failure(
      scim, scim_read(scim, scim.method() == "PUT" ? scim::read_group : scim::read_group_patch));
  if (!change) co_return scim_refusal(scim, change.failure());
  store::ScimCompany company = scim.company();
  store::ScimTable table = scim.table();
  auto outcome =
      co_await or_failure(scim, store::scim_change_group(scim.database(), std::move(company),
                                                         std::move(table), scim.id, *change));
  if (outcome != store::ScimOutcome::done) co_return scim_outcome_refusal(scim, outcome);
  if (scim.method() == "PATCH" && !scim_projection(scim).is_restricted()) {
    co_return scim_no_content();
  }
  Task<Response> shown = show_group(std::move(scim));
  co_return co_await shown;
}

Task<Response> delete_group(ScimExchange scim) {
  store::ScimCompany company = scim.company();
  store::ScimTable table = scim.table();
  auto deleted = co_await or_failure(
      scim,
      store::scim_delete_group(scim.database(), std::move(company), std::move(table), scim.id));
  co_return deleted ? scim_no_content() : scim_not_found();
}

Task<Response> at_once(Response response) {
  co_return response;
}

}  // namespace

Task<Response> scim_groups(ScimExchange scim) {
  const std::string_view method = scim.method();
  const bool reads = method == "GET" || method == "HEAD";
  if (!scim.id.empty() && !text::is_uuid(scim.id)) return at_once(scim_not_found());
  if (reads) {
    return scim.id.empty() ? list_groups(std::move(scim)) : show_group(std::move(scim));
  }
  if (scim.id.empty()) {
    if (method == "POST") return create_group(std::move(scim));
    return at_once(scim_wrong_method(scim, "GET, HEAD, POST"));
  }
  if (method == "PUT" || method == "PATCH") return change_group(std::move(scim));
  if (method == "DELETE") return delete_group(std::move(scim));
  return at_once(scim_wrong_method(scim, "GET, HEAD, PUT, PATCH, DELETE"));
}

}  // namespace anteroom::journey
