#include "anteroom/company_links.h"

#include "anteroom/store.h"
#include "store/company_change.h"
#include "store/rows.h"
#include "text/ascii.h"

namespace anteroom::store {

namespace {

constexpr Statement kMake{
    "make_link",
    "SELECT anteroom.make_link($1::anteroom.actor, $2, $3::bytea, $4, $5, $6::interval)"};
constexpr Statement kEnd{"end_link",
                         "SELECT anteroom.end_link($1::anteroom.actor, $2, $3::bigint)"};
constexpr Statement kLinks{"links_of_company",
                           "SELECT number, sent_to, made_by, made_at, opened_at, ends_at"
                           " FROM anteroom.links_of_company($1)"};
constexpr Statement kHandIn{
    "hand_in_of_company",
    "SELECT handed_in_at, offered_by, offered_at, xml, entity_id, fingerprints"
    " FROM anteroom.hand_in_of_company($1)"};
constexpr Statement kClose{"close_hand_in",
                           "SELECT anteroom.close_hand_in($1::anteroom.actor, $2)"};
constexpr Statement kOpen{
    "open_link",
    "SELECT outcome, number FROM anteroom.open_link($1::anteroom.actor, $2::bytea, $3::bytea)"};
constexpr Statement kByLink{
    "company_by_link",
    "SELECT name, display_name, state, domains, settings, version, link, ends_at, handed_in_at,"
    " entity_id, fingerprints, offered_entity_id, offered_fingerprints, offer"
    " FROM anteroom.company_by_link($1::bytea, $2::bigint)"};
constexpr Statement kMetadata{"hand_in_metadata",
                              "SELECT anteroom.hand_in_metadata($1::anteroom.actor, $2::bytea, "
                              "$3::bigint, $4::bigint, $5, $6,"
                              " $7, $8::text[], $9::jsonb)"};
constexpr Statement kAsk{
    "ask_for_domain",
    "SELECT anteroom.ask_for_domain($1::anteroom.actor, $2::bytea, $3::bigint, $4, $5)"};
constexpr Statement kTakeBack{
    "take_domain_back",
    "SELECT anteroom.take_domain_back($1::anteroom.actor, $2::bytea, $3::bigint, $4)"};
constexpr Statement kLookAgain{"look_again",
                               "SELECT anteroom.look_again($1::bytea, $2::bigint, $3)"};
constexpr Statement kDone{"hand_in",
                          "SELECT anteroom.hand_in($1::anteroom.actor, $2::bytea, $3::bigint)"};

constexpr Statement kGoLive{
    "go_live_by_link",
    "SELECT anteroom.go_live_by_link($1::anteroom.actor, $2::bytea, $3::bigint, $4::bigint)"};

constexpr std::pair<std::string_view, Opening> kOpenings[] = {
    {"opened", Opening::opened}, {"again", Opening::again}, {"used", Opening::used}};

// Nobody's rights: the database names the link, and it is the link that counts.
std::string of_holder(const std::string& client_address, const AccessSettings& access) {
  return company_actor({"", "", client_address, true}, access);
}

Cell link_of(const LinkHolder& holder) {
  return holder.link ? Cell(std::to_string(*holder.link)) : std::nullopt;
}

}  // namespace

Task<Result<CompanyChange>> make_link(Database& database, const Actor& actor,
                                      const AccessSettings& access, NewLink link) {
  return change_of_company(
      database, kMake,
      {company_actor(actor, access), std::move(link.company), bytea_literal(link.token),
       std::move(link.sent_to), std::move(link.sealed), interval(kLinkLife)});
}

Task<Result<CompanyChange>> end_link(Database& database, const Actor& actor,
                                     const AccessSettings& access, std::string company,
                                     long number) {
  return change_of_company(
      database, kEnd, {company_actor(actor, access), std::move(company), std::to_string(number)});
}

Task<Result<std::vector<CompanyLink>>> links_of_company(Database& database, std::string company) {
  Params params{std::move(company)};
  Result<Rows> result = co_await run(database, kLinks, std::move(params));
  if (!result) co_return result.failure();
  std::vector<CompanyLink> links;
  for (const auto& row : result->rows) {
    links.push_back(
        {number(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4), text(row, 5)});
  }
  co_return links;
}

Task<Result<std::optional<HandIn>>> hand_in_of_company(Database& database, std::string company) {
  Params params{std::move(company)};
  Result<Rows> result = co_await run(database, kHandIn, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<HandIn>();
  const auto& row = result->rows[0];
  co_return std::optional(HandIn{text(row, 0), text(row, 1), text(row, 2), text(row, 3),
                                 text(row, 4), text::words(text(row, 5))});
}

Task<Result<CompanyChange>> close_hand_in(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company) {
  return change_of_company(database, kClose, {company_actor(actor, access), std::move(company)});
}

Task<Result<OpenedLink>> open_link(Database& database, AccessSettings access, std::string client,
                                   TokenHash token, TokenHash browser) {
  Params params{of_holder(client, access), bytea_literal(token), bytea_literal(browser)};
  Result<Rows> result = co_await run(database, kOpen, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kOpen);
  const auto& row = result->rows[0];
  co_return OpenedLink{by_name(kOpenings, text(row, 0), Opening::ended), number(row, 1)};
}

Task<Result<std::optional<CompanyByLink>>> company_by_link(Database& database,
                                                           const LinkHolder& holder) {
  Params params{bytea_literal(holder.browser), link_of(holder)};
  Result<Rows> result = co_await run(database, kByLink, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<CompanyByLink>();
  const auto& row = result->rows[0];
  CompanyByLink found;
  found.row = {text(row, 0), text(row, 1), text(row, 2),  text::words(text(row, 3)),
               text(row, 4), "",           number(row, 5)};
  found.link = number(row, 6);
  found.ends_at = text(row, 7);
  found.handed_in_at = text(row, 8);
  found.entity_id = text(row, 9);
  found.fingerprints = text::words(text(row, 10));
  found.offered_entity_id = text(row, 11);
  found.offered_fingerprints = text::words(text(row, 12));
  found.offer = text(row, 13);
  co_return std::optional(std::move(found));
}

Task<Result<CompanyChange>> hand_in_metadata(Database& database, const AccessSettings& access,
                                             const LinkHolder& holder, long version,
                                             std::string offer, NewMetadata metadata) {
  return change_of_company(
      database, kMetadata,
      {of_holder(holder.client_address, access), bytea_literal(holder.browser), link_of(holder),
       std::to_string(version), std::move(offer), std::move(metadata.xml),
       std::move(metadata.entity_id), array_literal(metadata.fingerprints),
       metadata.summary.empty() ? Cell() : Cell(std::move(metadata.summary))});
}

Task<Result<CompanyChange>> ask_for_domain(Database& database, const AccessSettings& access,
                                           const LinkHolder& holder, std::string domain,
                                           std::string challenge) {
  return change_of_company(database, kAsk,
                           {of_holder(holder.client_address, access), bytea_literal(holder.browser),
                            link_of(holder), std::move(domain), std::move(challenge)});
}

Task<Result<CompanyChange>> take_domain_back(Database& database, const AccessSettings& access,
                                             const LinkHolder& holder, std::string domain) {
  return change_of_company(database, kTakeBack,
                           {of_holder(holder.client_address, access), bytea_literal(holder.browser),
                            link_of(holder), std::move(domain)});
}

Task<Result<CompanyChange>> look_again(Database& database, const LinkHolder& holder,
                                       std::string domain) {
  return change_of_company(database, kLookAgain,
                           {bytea_literal(holder.browser), link_of(holder), std::move(domain)});
}

Task<Result<bool>> go_live_by_link(Database& database, const AccessSettings& access,
                                   const LinkHolder& holder, long version) {
  Params params{of_holder(holder.client_address, access), bytea_literal(holder.browser),
                link_of(holder), std::to_string(version)};
  Result<Rows> result = co_await run(database, kGoLive, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

Task<Result<CompanyChange>> hand_in(Database& database, const AccessSettings& access,
                                    const LinkHolder& holder) {
  return change_of_company(
      database, kDone,
      {of_holder(holder.client_address, access), bytea_literal(holder.browser), link_of(holder)});
}

}  // namespace anteroom::store
