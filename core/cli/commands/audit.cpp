#include <iostream>
#include <regex>

#include "anteroom/audit.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

namespace {

struct Asked {
  store::AuditFilter filter;
  int limit = 0;  ///< 0: 100 in a table, all as JSON
  bool is_verifying = false;
  std::string known;
};

Json json_of(const store::RecordedEvent& e) {
  return {{"id", e.id},
          {"at", e.at},
          {"event", e.kind},
          {"code", e.code},
          {"reference", e.reference},
          {"actor", e.actor},
          {"idp", e.idp},
          {"email", e.email},
          {"user", e.user},
          {"client", e.client_address},
          {"detail", e.detail}};
}

void print_lines(const std::vector<store::RecordedEvent>& events) {
  for (const store::RecordedEvent& event : events) {
    std::cout << json_of(event).dump(-1, ' ', true, Json::error_handler_t::replace) << "\n";
  }
}

void print_all_lines(Console& console, const Asked& asked) {
  long after = 0;
  for (bool is_more = true; is_more;) {
    const auto page =
        console.need(wait(store::audit_page(console.database(), asked.filter, after)));
    print_lines(page);
    is_more = !page.empty() && std::cout.good();
    if (is_more) after = page.back().id;
  }
}

void list(Console& console, Asked asked) {
  asked.filter.since = checked_time(asked.filter.since);
  asked.filter.until = checked_time(asked.filter.until);
  if (!asked.filter.since.empty() && !asked.filter.until.empty() &&
      asked.filter.since >= asked.filter.until) {
    throw Abort{exit_usage, "--since must be before --until"};
  }
  if (console.is_json && asked.limit == 0) return print_all_lines(console, asked);
  const auto events = console.need(wait(
      store::newest_audit(console.database(), asked.filter, asked.limit == 0 ? 100 : asked.limit)));
  if (events.empty()) std::cerr << "no event matches\n";
  if (console.is_json) return print_lines(events);
  std::vector<std::vector<std::string>> rows;
  rows.reserve(events.size());
  for (const store::RecordedEvent& e : events) {
    rows.push_back({e.at.substr(0, 19) + "Z", e.kind, e.code, e.email, e.idp, e.actor, e.reference,
                    e.client_address, e.detail});
  }
  console.table({"AT", "EVENT", "CODE", "EMAIL", "IDP", "ACTOR", "REFERENCE", "CLIENT", "DETAIL"},
                rows, {});
}

std::optional<store::AuditLink> known_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  static const std::regex kLink("([0-9]{1,18}):([0-9a-f]{64})");
  std::smatch parts;
  if (!std::regex_match(text, parts, kLink)) {
    throw Abort{exit_usage, "--known takes what --verify printed as the last link, NUMBER:DIGEST"};
  }
  return store::AuditLink{std::stol(parts[1]), parts[2]};
}

std::string link_text(const store::AuditLink& link) {
  return std::to_string(link.position) + ":" + link.hash;
}

void verify(Console& console, const Asked& asked) {
  const auto known = known_of(asked.known);
  BlockingDatabase& database = console.database();
  if (const Status begun =
          database.execute_script("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      !begun) {
    Console::fail(begun.failure());
  }
  const store::AuditVerdict v = console.need(wait(store::verify_audit(database, known)));
  const bool is_good = v.problem.empty();
  const bool is_too_old = is_good && known && known->position < v.removed.position;
  const Json json{{"holds", is_good},
                  {"problem", v.problem},
                  {"event", v.event},
                  {"sealed", v.sealed},
                  {"unsealed", v.unsealed},
                  {"last_link", link_text(v.head)},
                  {"removed", v.removed.position},
                  {"removed_at", v.removed_at},
                  {"known_was_compared", known && is_good && !is_too_old}};
  std::string text = (is_good ? "the chain holds" : "THE CHAIN IS BROKEN: " + v.problem) +
                     std::string("\nsealed:       ") + std::to_string(v.sealed) +
                     (is_good ? "" : " before that");
  if (is_good) text += "\nnot yet:      " + std::to_string(v.unsealed);
  if (v.removed.position > 0) {
    text += "\nremoved:      " + std::to_string(v.removed.position) +
            " by retention, the last at " + v.removed_at;
  }
  if (is_too_old)
    text += "\nknown link:   COULD NOT BE COMPARED: removed, as it seems by retention";
  if (is_good) text += "\nlast link:    " + link_text(v.head);
  console.say(text, json);
  if (!is_good || is_too_old) throw Abort{exit_refused, ""};
}

}  // namespace

void add_audit(CLI::App& app, Console& console) {
  auto* audit = app.add_subcommand("audit", "what happened; whether the trail was tampered with");
  audit->fallthrough();
  auto asked = std::make_shared<Asked>();
  std::vector<CLI::Option*> filters{
      audit->add_option("--since", asked->filter.since, "from this time on"),
      audit->add_option("--until", asked->filter.until, "before this time"),
      audit->add_option("--email", asked->filter.email, "about this person"),
      audit->add_option("--idp", asked->filter.idp, "of this identity provider"),
      audit->add_option("--event", asked->filter.kind, "of this kind"),
      audit->add_option("--code", asked->filter.code, "with this code"),
      audit->add_option("--reference", asked->filter.reference, "with this reference number"),
      audit->add_option("--limit", asked->limit, "the newest N")->check(CLI::Range(1, 100'000))};
  auto* is_verifying =
      audit->add_flag("--verify", asked->is_verifying, "recompute the chain of digests");
  for (CLI::Option* filter : filters) is_verifying->excludes(filter);
  audit->add_option("--known", asked->known, "a last link that was printed before")
      ->needs(is_verifying);
  audit->callback([&console, asked] {
    if (asked->is_verifying) {
      verify(console, *asked);
    } else {
      list(console, *asked);
    }
  });
}

}  // namespace anteroom::cli
