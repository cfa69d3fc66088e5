#include "anteroom/domain_proofs.h"

#include <algorithm>

#include "anteroom/store.h"
#include "session/token.h"
#include "store/company_change.h"
#include "store/rows.h"
#include "text/unicode.h"

namespace anteroom {

namespace {

constexpr std::string_view kChallenge = "anteroom-domain=";

}  // namespace

std::string challenge_name(std::string_view domain) {
  return "_anteroom-challenge." + std::string(domain);
}

std::optional<std::string> new_challenge(Random& random) {
  auto token = session::new_token(random);
  if (!token) return std::nullopt;
  return std::string(kChallenge) + *token;
}

bool has_challenge(const std::vector<std::string>& texts, std::string_view challenge) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& entered) {
    std::string_view text = text::trimmed(entered);
    while (text.size() > 1 && text.front() == '"' && text.back() == '"') {
      text = text::trimmed(text.substr(1, text.size() - 2));
    }
    return text == challenge;
  });
}

namespace store {

namespace {

constexpr Statement kProofs{
    "proofs_of_company",
    "SELECT domain, challenge, asked_by, owner, checked_at, proven_at, missing_since, outcome,"
    " found, detail FROM anteroom.proofs_of_company($1)"};
constexpr Statement kLookAt{"look_at_domain",
                            "SELECT anteroom.look_at_domain($1::anteroom.actor, $2, $3)"};
constexpr Statement kAsk{"ask_for_proof",
                         "SELECT anteroom.ask_for_proof($1::anteroom.actor, $2, $3, $4)"};
constexpr Statement kRefuse{"refuse_domain",
                            "SELECT anteroom.refuse_domain($1::anteroom.actor, $2, $3)"};
constexpr Statement kBegin{"begin_looks",
                           "SELECT company, domain, challenge, was_proven, failures, age, lease"
                           " FROM anteroom.begin_looks($1, $2, $3::int)"};
constexpr Statement kEnd{
    "end_look", "SELECT anteroom.end_look($1, $2, $3, $4, $5::boolean, $6, $7, $8::interval)"};
constexpr Statement kMissing{
    "missing_proofs",
    "SELECT company, domain, since, detail FROM anteroom.missing_proofs($1::interval)"};

constexpr Statement kWarn{"warn_of_missing_proof",
                          "SELECT anteroom.warn_of_missing_proof($1::text[], $2, $3,"
                          " to_timestamp($4::float8 / 1000000))"};

Task<Result<std::vector<DueLook>>> begin(Database& database, Params params) {
  Result<Rows> result = co_await run(database, kBegin, std::move(params));
  if (!result) co_return result.failure();
  std::vector<DueLook> due;
  for (const auto& row : result->rows) {
    due.push_back({text(row, 0), text(row, 1), text(row, 2), is_true(row, 3),
                   static_cast<int>(number(row, 4)), std::chrono::seconds(number(row, 5)),
                   text(row, 6)});
  }
  co_return due;
}

}  // namespace

Task<Result<std::vector<DomainProof>>> proofs_of_company(Database& database, std::string company) {
  Params params{std::move(company)};
  Result<Rows> result = co_await run(database, kProofs, std::move(params));
  if (!result) co_return result.failure();
  std::vector<DomainProof> proofs;
  for (const auto& row : result->rows) {
    proofs.push_back({text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4),
                      text(row, 5), text(row, 6), text(row, 7), text(row, 8), text(row, 9)});
  }
  co_return proofs;
}

Task<Result<CompanyChange>> ask_for_proof(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          std::string domain, std::string challenge) {
  return change_of_company(
      database, kAsk,
      {company_actor(actor, access), std::move(company), std::move(domain), std::move(challenge)});
}

Task<Result<CompanyChange>> refuse_domain(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          std::string domain) {
  return change_of_company(database, kRefuse,
                           {company_actor(actor, access), std::move(company), std::move(domain)});
}

Task<Result<CompanyChange>> look_at_domain(Database& database, const Actor& actor,
                                           const AccessSettings& access, std::string company,
                                           std::string domain) {
  return change_of_company(database, kLookAt,
                           {company_actor(actor, access), std::move(company), std::move(domain)});
}

Task<Result<std::vector<DueLook>>> begin_looks(Database& database, int limit) {
  return begin(database, {"", "", std::to_string(limit)});
}

Task<Result<std::vector<DueLook>>> begin_look(Database& database, std::string company,
                                              std::string domain) {
  return begin(database, {std::move(company), std::move(domain), "1"});
}

Task<Result<Done>> end_look(Database& database, DueLook due, EndedLook ended) {
  Params params{std::move(due.company),
                std::move(due.domain),
                std::move(due.lease),
                std::move(ended.outcome),
                ended.is_answered ? "true" : "false",
                std::move(ended.found),
                std::move(ended.detail),
                ended.pause ? Cell(interval(*ended.pause)) : std::nullopt};
  Result<Rows> result = co_await run(database, kEnd, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

Task<Result<std::vector<MissingProof>>> missing_proofs(Database& database,
                                                       std::chrono::seconds age) {
  Params params{interval(age)};
  Result<Rows> result = co_await run(database, kMissing, std::move(params));
  if (!result) co_return result.failure();
  std::vector<MissingProof> missing;
  for (const auto& row : result->rows) {
    missing.push_back(
        {text(row, 0), text(row, 1), Time(Time::duration(number(row, 2))), text(row, 3)});
  }
  co_return missing;
}

Task<Result<bool>> warn_of_missing_proof(Database& database,
                                         const std::vector<std::string>& recipients,
                                         MissingProof missing) {
  Params params{array_literal(recipients), std::move(missing.company), std::move(missing.domain),
                microseconds(missing.since)};
  Result<Rows> result = co_await run(database, kWarn, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

}  // namespace store

}  // namespace anteroom
