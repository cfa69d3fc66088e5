#include "services/domain_prover.h"

#include <algorithm>

#include "anteroom/txt_records.h"
#include "host/blocking_ports.h"
#include "services/metadata_rules.h"
#include "text/unicode.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;
using Kind = TxtAnswer::Kind;

constexpr int kAtOnce = 20;
constexpr std::size_t kMaxShown = 100;
constexpr std::size_t kMostShown = 3;
constexpr auto kDaily = 24h;
constexpr auto kForgotten = 30 * 24h;  // nobody is about to make that record

std::string shown(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < std::min(texts.size(), kMostShown); ++i) {
    out += (i == 0 ? "\"" : ", \"") + text::printable(texts[i], kMaxShown) + "\"";
  }
  if (texts.size() > kMostShown) {
    out += ", … (" + std::to_string(texts.size()) + ")";
  }
  return out;
}

Look judge(const store::DueLook& due, const TxtAnswer& answer) {
  const std::string name = challenge_name(due.domain);
  const auto came_to = [&](std::string_view outcome, std::string found, std::string detail) {
    return Look{due.company, due.domain, std::string(outcome), std::move(found), std::move(detail)};
  };
  const std::string alias = text::printable(answer.alias_of, kMaxShown);
  const std::string cname = alias.empty() ? "" : "CNAME " + alias;
  const std::string at = alias.empty() ? name : name + ", which is an alias of " + alias;
  switch (answer.kind) {
    case Kind::texts: {
      if (has_challenge(answer.texts, due.challenge)) {
        return came_to(look_outcome::kProven, "", "");
      }
      const std::string found = shown(answer.texts);
      return came_to(look_outcome::kOther, found, name + " says something else: " + found);
    }
    case Kind::no_name:
      return came_to(look_outcome::kNoName, cname, "there is no name " + at);
    case Kind::no_text:
      return came_to(look_outcome::kNoText, cname, "there is no TXT record at " + at);
    case Kind::server_failure:
      return came_to(look_outcome::kServerFailure, "",
                     "the name servers of " + due.domain + " gave no usable answer (SERVFAIL)");
    case Kind::server_refused:
      return came_to(
          look_outcome::kServerRefused, "",
          "the resolver, or a name server of " + due.domain + ", refused to answer (REFUSED)");
    case Kind::no_answer:
      break;
  }
  return came_to(look_outcome::kNoAnswer, "", "nobody answered for " + name + " in time");
}

bool is_answered(std::string_view outcome) {
  return outcome != look_outcome::kNoAnswer && outcome != look_outcome::kServerFailure &&
         outcome != look_outcome::kServerRefused;
}

Result<std::vector<Look>> look_up(Database& database, const Settings& settings,
                                  const std::vector<store::DueLook>& due) {
  std::vector<std::string> names;
  names.reserve(due.size());
  for (const store::DueLook& one : due) names.push_back(challenge_name(one.domain));
  const auto answers = find_txt_records(names, settings.companies.dns_servers);
  if (!answers) return answers.failure();
  std::vector<Look> looks;
  for (std::size_t i = 0; i < due.size(); ++i) {
    looks.push_back(judge(due[i], (*answers)[i]));
    const Look& look = looks.back();
    store::EndedLook ended_as{look.outcome, look.found, look.detail, is_answered(look.outcome),
                              pause_before_look(due[i], look.outcome, any_spread())};
    const auto ended = wait(store::end_look(database, due[i], std::move(ended_as)));
    if (!ended) return ended.failure();
  }
  return looks;
}

}  // namespace

std::optional<std::chrono::seconds> pause_before_look(const store::DueLook& due,
                                                      std::string_view outcome, double spread) {
  std::chrono::seconds pause = due.age < 1h       ? 30s
                               : due.age < kDaily ? std::chrono::seconds(5min)
                                                  : std::chrono::seconds(1h);
  if (outcome == look_outcome::kProven) {
    pause = kDaily;
  } else if (due.was_proven) {
    pause = 1h;
  } else if (due.age > kForgotten) {
    return std::nullopt;
  }
  if (!is_answered(outcome))
    pause = std::max(pause,
                     std::min<std::chrono::seconds>(1h, 1min * (1 << std::min(due.failures, 6))));
  const auto moved = std::chrono::duration<double>(pause) * (0.9 + spread / 5);
  return std::chrono::duration_cast<std::chrono::seconds>(moved);
}

Result<std::size_t> prove_domains_due(Database& database, const Settings& settings) {
  const auto due = wait(store::begin_looks(database, kAtOnce));
  if (!due) return due.failure();
  if (due->empty()) return std::size_t{0};
  const auto looks = look_up(database, settings, *due);
  if (!looks) return looks.failure();
  return looks->size();
}

Result<std::optional<Look>> prove_domain(Database& database, const Settings& settings,
                                         const std::string& company, const std::string& domain) {
  const auto due = wait(store::begin_look(database, company, domain));
  if (!due) return due.failure();
  if (due->empty()) return std::optional<Look>();
  auto looks = look_up(database, settings, *due);
  if (!looks) return looks.failure();
  return std::optional(std::move(looks->front()));
}

}  // namespace anteroom::services
