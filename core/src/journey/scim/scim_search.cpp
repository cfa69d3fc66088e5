#include "journey/scim/scim.h"
#include "scim/codes.h"
#include "scim/filter.h"
#include "scim/groups.h"
#include "scim/users.h"

namespace anteroom::journey {

namespace {

struct Found {
  scim::List<scim::User> users;
  scim::List<scim::Group> groups;
};

// What is left of a page behind `total` others, `shown` of which are on it.
scim::Page behind(const scim::Page& page, int total, std::size_t shown) {
  return {std::max(1, page.start - total), page.count - static_cast<int>(shown)};
}

std::string written(const Found& found, const scim::Asked& asked, const std::string& base) {
  scim::OrderedJson resources = scim::OrderedJson::array();
  scim::add_users(resources, found.users.items, base, asked.projection);
  scim::add_groups(resources, found.groups.items, base, asked.projection);
  return scim::write_list(found.users.total + found.groups.total, asked.page.start,
                          std::move(resources));
}

std::size_t members_of(const std::vector<scim::Group>& groups) {
  std::size_t count = 0;
  for (const scim::Group& group : groups) count += group.members.size();
  return count;
}

}  // namespace

Task<Response> scim_list(ScimExchange scim, ScimKinds kinds, scim::Asked asked) {
  const scim::Among among = kinds == ScimKinds::both ? scim::Among::all : scim::Among::one;
  Found found;
  if (kinds != ScimKinds::groups) {
    const auto query = scim::parse_user_filter(asked.filter, among);
    if (!query) co_return scim_refusal(scim, query.failure());
    auto finding = or_failure(
        scim, store::scim_find_users(scim.database(), scim.company(), *query, asked.page));
    found.users = co_await finding;
  }
  if (kinds != ScimKinds::users) {
    const auto query = scim::parse_group_filter(asked.filter, among);
    if (!query) co_return scim_refusal(scim, query.failure());
    // Members are left out of lists unless they are asked for: there may be very many.
    const scim::Page page = behind(asked.page, found.users.total, found.users.items.size());
    auto finding =
        or_failure(scim, store::scim_find_groups(scim.database(), scim.company(), *query, page,
                                                 asked.projection.asks_for("members")));
    found.groups = co_await finding;
  }
  const bool is_big = found.users.items.size() + found.groups.items.size() > kInlineResources ||
                      members_of(found.groups.items) > kInlineMembers;
  Task<Response> writing = scim_written(
      scim, 200, is_big, [found = std::move(found), asked = std::move(asked), base = scim.base] {
        return written(found, asked, base);
      });
  co_return co_await writing;
}

Task<Response> scim_search(ScimExchange scim) {
  if (scim.method() != "POST") co_return scim_wrong_method(scim, "POST");
  Result<scim::Asked> asked = co_await or_failure(scim, scim_read(scim, scim::read_search));
  if (!asked) co_return scim_refusal(scim, asked.failure());
  const ScimKinds kinds = scim.id.empty() ? ScimKinds::both
                          : scim.resource.starts_with('U') || scim.resource.starts_with('u')
                              ? ScimKinds::users
                              : ScimKinds::groups;
  Task<Response> list = scim_list(std::move(scim), kinds, std::move(*asked));
  co_return co_await list;
}

}  // namespace anteroom::journey
