#include <algorithm>
#include <memory>

#include "anteroom/email.h"
#include "anteroom/requests.h"
#include "cli/commands/acting.h"

namespace anteroom::cli {

namespace {

using store::Deciding;
using store::Filing;

struct OutcomeText {
  const char* name;  ///< stable, in JSON
  const char* text;
};

OutcomeText text_of(Filing outcome) {
  switch (outcome) {
    case Filing::filed:
      return {"filed", "filed"};
    case Filing::already_open:
      return {"already_open", "there is an open request for this person and property already"};
    case Filing::has_access:
      return {"has_access", "this person has that access already"};
    case Filing::user_disabled:
      return {"user_disabled", "this person is disabled: `anteroom user enable` first"};
    case Filing::no_property:
      return {"no_property",
              "there is no such property that is open: `anteroom property add` or `open` first"};
    case Filing::no_level:
      return {"no_level", "that is not an access level"};
    case Filing::not_allowed:
      break;
    case Filing::above_own_level:
      return {"above_own_level", "that is above the level of who asks"};
    case Filing::in_the_past:
      return {"in_the_past", "the access would have ended already"};
    case Filing::bad_expiry:
      return {"bad_expiry", "the expiry is not a valid date"};
  }
  return {"not_allowed", "who asks may not file requests there"};
}

OutcomeText text_of(Deciding outcome) {
  switch (outcome) {
    case Deciding::done:
      return {"done", "done"};
    case Deciding::decided_already:
      return {"decided_already", "decided already"};
    case Deciding::own_request:
      return {"own_request", "nobody decides on their own request"};
    case Deciding::not_allowed:
      break;
    case Deciding::above_own_level:
      return {"above_own_level", "the level is above that of who decides"};
    case Deciding::no_property:
      return {"no_property", "there is no such property that is open"};
    case Deciding::no_level:
      return {"no_level", "that is not an access level"};
    case Deciding::user_disabled:
      return {"user_disabled", "the person is disabled"};
    case Deciding::expired:
      return {"expired", "the access asked for would have ended already"};
    case Deciding::look_first:
      return {
          "look_first",
          "whoever asked may not any more, or access that lasts longer would be lost: approve it "
          "by itself"};
    case Deciding::not_found:
      return {"not_found", "there is no such request"};
  }
  return {"not_allowed", "who decides may not do so there"};
}

Json json_of(const store::RequestRow& r) {
  return {{"id", r.id},
          {"email", r.email},
          {"name", r.name},
          {"property", r.property},
          {"level", r.level},
          {"expires_at", r.expires_at},
          {"note", r.note},
          {"state", r.state},
          {"requested_by", r.requested_by},
          {"requested_at", r.requested_at},
          {"decided_by", r.decided_by},
          {"decided_at", r.decided_at},
          {"reason", r.reason},
          {"waiting_since", r.waiting_since},
          {"idp", r.idp}};
}

void list(Console& console, const Acting& given, store::RequestFilter filter) {
  if (filter.state == "all") filter.state.clear();
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const auto& r : console.need(wait(store::list_requests(
           console.database(), actor_of(console, given), console.settings().access, filter)))) {
    const bool is_stuck = r.state == "open" && r.is_closed;
    rows.push_back({r.id, r.requested_at, is_stuck ? "open, property closed" : r.state, r.email,
                    r.property, r.level, r.requested_by, r.waiting_since});
    json.push_back(json_of(r));
  }
  console.table({"ID", "FILED", "STATE", "EMAIL", "PROPERTY", "LEVEL", "BY", "WAITS SINCE"}, rows,
                json);
}

void file(Console& console, const Acting& given) {
  const std::string email = checked_email(console, given.email, given.allow_unregistered);
  check_level(console, given.level);
  const store::AccessRequest row{
      email,       checked_name(given.name),    property_of(given),
      given.level, checked_time(given.expires), checked_note(given.note)};
  const auto filed = console.need(wait(store::file_requests(
      console.database(), actor_of(console, given), console.settings().access, {row}, false)));
  const store::FilingResult& result = filed.front();
  if (result.outcome != Filing::filed) {
    throw Abort{exit_refused, text_of(result.outcome).text +
                                  (result.request.empty() ? "" : ": " + result.request)};
  }
  console.say(
      "filed " + result.request,
      {{"filed", result.request}, {"email", email}, {"waiting_since", result.waiting_since}});
}

void decide(Console& console, const Acting& given, bool is_approval) {
  store::Decision decision{
      given.requests, is_approval, given.level, {}, checked_note(given.reason)};
  if (!given.level.empty()) check_level(console, given.level);
  if (given.is_everywhere || !given.properties.empty()) decision.properties = properties_of(given);
  const auto results = console.need(wait(store::decide_requests(
      console.database(), actor_of(console, given), console.settings().access, decision)));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const auto& result : results) {
    const OutcomeText outcome = text_of(result.outcome);
    rows.push_back({result.request,
                    outcome.text + (result.decided_by.empty() ? "" : " by " + result.decided_by)});
    json.push_back({{"request", result.request},
                    {"outcome", outcome.name},
                    {"decided_by", result.decided_by}});
  }
  console.table({"REQUEST", is_approval ? "APPROVAL" : "DECLINE"}, rows, json);
  const auto failed = std::count_if(results.begin(), results.end(), [](const auto& result) {
    return result.outcome != Deciding::done;
  });
  if (failed == 0) return;
  // In JSON everything was said.
  throw Abort{exit_refused, console.is_json
                                ? ""
                                : std::to_string(failed) + " of " + std::to_string(results.size()) +
                                      " could not be decided"};
}

void withdraw(Console& console, const Acting& given) {
  const std::string& request = given.requests.front();
  if (!console.need(
          wait(store::withdraw_request(console.database(), actor_of(console, given), request)))) {
    throw Abort{exit_refused, "there is no open request " + request + " to withdraw"};
  }
  console.say("withdrew " + request, {{"withdrawn", request}});
}

void add_list(CLI::App& request, Console& console) {
  auto* command = request.add_subcommand("list", "list New User requests, oldest first");
  auto given = std::make_shared<Acting>();
  auto filter = std::make_shared<store::RequestFilter>();
  add_as(*command, given);
  command->add_option("--state", filter->state, "open, approved, declined, withdrawn or all")
      ->check(CLI::IsMember({"open", "approved", "declined", "withdrawn", "all"}))
      ->capture_default_str();
  command->add_option("--domain", filter->domains, "of the person's email; repeatable")
      ->transform([](const std::string& name) { return canonical_domain(name).value_or(name); });
  command->add_option("--property", filter->property, "property key; * for all properties");
  command->add_option("--older-than", filter->older_than_days, "days")->check(CLI::Range(0, 36500));
  command->add_option("--after", filter->after, "\"FILED ID\" of the last row seen");
  command->add_option("--limit", filter->limit)->check(CLI::Range(1, 1000))->capture_default_str();
  command->callback([=, &console] { list(console, *given, *filter); });
}

void add_file(CLI::App& request, Console& console) {
  auto* command = request.add_subcommand("file", "ask for access for somebody");
  auto given = std::make_shared<Acting>();
  add_as(*command, given);
  add_where(*command, given);
  command->add_option("EMAIL", given->email)->required();
  command->add_option("--level", given->level)->required();
  command->add_option("--name", given->name);
  command->add_option("--expires", given->expires, "2027-01-31 or 2027-01-31T12:00:00Z");
  command->add_option("--note", given->note);
  command->add_flag("--allow-unregistered-domain", given->allow_unregistered);
  command->callback([=, &console] { file(console, *given); });
}

CLI::App* add_on_requests(CLI::App& request, const std::shared_ptr<Acting>& given, const char* name,
                          const char* help, int most) {
  auto* command = request.add_subcommand(name, help);
  add_as(*command, given);
  command->add_option("ID", given->requests)->required()->expected(1, most);
  return command;
}

}  // namespace

void add_request(CLI::App& app, Console& console) {
  auto* request = app.add_subcommand("request", "New User requests")->require_subcommand(1);
  request->fallthrough();
  add_list(*request, console);
  add_file(*request, console);
  constexpr int kMany = 500;

  auto approval = std::make_shared<Acting>();
  auto* approve = add_on_requests(*request, approval, "approve", "give what was asked for", kMany);
  approve->add_option("--level", approval->level, "instead of what was asked for");
  add_where(*approve, approval);
  approve->callback([=, &console] { decide(console, *approval, true); });

  auto refusal = std::make_shared<Acting>();
  auto* decline = add_on_requests(*request, refusal, "decline", "refuse what was asked for", kMany);
  decline->add_option("--reason", refusal->reason, "told to the requester");
  decline->callback([=, &console] { decide(console, *refusal, false); });

  auto own = std::make_shared<Acting>();
  add_on_requests(*request, own, "withdraw", "take an open request back", 1)
      ->callback([=, &console] { withdraw(console, *own); });
}

}  // namespace anteroom::cli
