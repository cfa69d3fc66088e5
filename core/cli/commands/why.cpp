#include <algorithm>
#include <map>

#include "access/levels.h"
#include "anteroom/audit.h"
#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "anteroom/saml.h"
#include "cli/commands/console.h"
#include "http/url.h"
#include "journey/diagnosis/idp_errors.h"
#include "journey/diagnosis/prediction.h"
#include "journey/diagnosis/transcript.h"
#include "session/token.h"

namespace anteroom::cli {

namespace {

struct Asked {
  std::string who, url, level, property;
  bool has_property = false;
};

// Microsoft's number in plain words; empty where we have none.
std::string plain_words(const std::string& detail) {
  const auto known = journey::explain_aadsts(journey::aadsts_number(detail));
  if (!known) return "";
  Message message(known->meaning);
  message += known->remedy;
  return english(message);
}

void say_parts(std::string& text, const char* title,
               const std::vector<journey::TranscriptPart>& parts) {
  if (!parts.empty()) text += std::string(title) + "\n";
  for (const journey::TranscriptPart& part : parts) {
    text += "  " + part.name + ": " + part.value + "\n";
  }
}

Json json_of(const std::vector<journey::TranscriptPart>& parts) {
  Json json = Json::array();
  for (const journey::TranscriptPart& part : parts) json.push_back({part.name, part.value});
  return json;
}

// A refused sign-on: what was asked, what came, which check it failed.
void say_transcript(const store::Transcript& transcript, std::string& text, Json& json) {
  const journey::TranscriptContent content = journey::read_transcript(transcript.content);
  Json checks = Json::array();
  text += "checks:\n";
  for (const saml::Check& check : content.checks) {
    text += std::string(check.passed ? "  ok    " : "  FAIL  ") + check.name +
            (check.detail.empty() ? "" : ": " + check.detail) + "\n";
    checks.push_back({{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
  }
  say_parts(text, "we asked for:", content.asked);
  say_parts(text, "we expected:", content.expected);
  say_parts(text, "the Response said:", content.response);
  json["transcript"] = {{"checks", checks},
                        {"asked", json_of(content.asked)},
                        {"expected", json_of(content.expected)},
                        {"response", json_of(content.response)}};
}

struct Finding {
  std::string at, event, code, email, idp, client, detail;
};

Json say_finding(const Finding& f, std::string& text) {
  const std::string words = plain_words(f.detail);
  const std::pair<const char*, const std::string&> lines[] = {
      {"at:     ", f.at},  {"event:  ", f.event},  {"code:   ", f.code},   {"person: ", f.email},
      {"idp:    ", f.idp}, {"client: ", f.client}, {"detail: ", f.detail}, {"means:  ", words}};
  for (const auto& [name, value] : lines) {
    if (!value.empty()) text += name + value + "\n";
  }
  return {{"at", f.at},   {"event", f.event},   {"code", f.code},     {"email", f.email},
          {"idp", f.idp}, {"client", f.client}, {"detail", f.detail}, {"plain_words", words}};
}

void explain_reference(Console& console, const std::string& typed) {
  const auto reference = session::read_reference(typed);
  if (!reference) {
    throw Abort{
        exit_usage,
        "'" + typed + "' is not a reference number (ABCD-1234); for a person say EMAIL URL"};
  }
  store::AuditFilter filter;
  filter.reference = *reference;
  const auto events = console.need(wait(store::newest_audit(console.database(), filter, 20)));
  const auto transcript =
      console.need(wait(store::find_transcript(console.database(), *reference)));
  if (events.empty() && !transcript) {
    throw Abort{exit_refused, "nothing is stored under " + *reference +
                                  ": look for it in the log of each node (reference=" + *reference +
                                  ")"};
  }
  Json json = Json::array();
  std::string text;
  for (const store::RecordedEvent& e : events) {
    json.push_back(
        say_finding({e.at, e.kind, e.code, e.email, e.idp, e.client_address, e.detail}, text));
  }
  if (events.empty()) {
    json.push_back(say_finding({transcript->at, "sign_on_refused", transcript->code,
                                transcript->email, transcript->idp, "", ""},
                               text));
  }
  if (transcript) say_transcript(*transcript, text, json.back());
  console.say(text + "What each code means: refusals.md (/usr/share/doc/anteroom/manual)", json);
}

struct Predicted {
  std::string outcome, rule;
  std::vector<std::string> steps;
};

// What the gate asks last, and only the command line is told: the location's own requirement.
void ask_requirement(const Settings& settings, const Asked& asked, const std::string& grants,
                     const std::string& closed, Predicted& predicted) {
  SessionFields fields{};
  fields.access_level = access::highest_level(settings.access, grants);
  fields.properties = grants;
  fields.closed = closed;
  Requirement needed{};
  if (!asked.level.empty()) needed.level = asked.level;
  needed.property = asked.property;
  needed.has_property = asked.has_property;
  const bool is_held = access::meets(settings.access, fields, needed);
  if (!closed.empty()) predicted.steps.push_back(closed + " is closed: nobody has access there");
  predicted.steps.push_back(
      (asked.level.empty() ? "any access" : asked.level) +
      (asked.has_property ? " at " + asked.property : std::string(" at any property")) +
      " is needed: " + (is_held ? "held" : "not held"));
  if (!is_held) predicted.outcome = "forbidden";
}

void check_url(const Settings& settings, const std::string& text) {
  const auto url = http::parse_url(text);
  if (!url) throw Abort{exit_usage, "'" + text + "' is not an http or https URL"};
  const std::string origin = url->origin().text;
  const auto& apps = settings.service_provider.apps;
  const bool is_ours =
      std::any_of(apps.begin(), apps.end(), [&](const Origin& app) { return app.text == origin; });
  if (!is_ours) {
    throw Abort{exit_refused, origin +
                                  " is neither 'base_url' nor one of 'apps': nobody is signed "
                                  "in there"};
  }
}

Predicted predicted_for(const Settings& settings, const CompanyDirectory& companies,
                        const Asked& asked, const std::string& email,
                        const std::optional<store::Person>& person, const std::string& closed) {
  static const std::map<journey::Fate, std::string> kOutcomes{
      {journey::Fate::cannot_sign_on, "cannot_sign_on"},
      {journey::Fate::waiting_room, "waiting_room"},
      {journey::Fate::refused, "refused"},
      {journey::Fate::let_in, "allowed"}};
  const auto prediction = journey::predict(settings, companies, email, person, SystemClock().now());
  Predicted predicted{kOutcomes.at(prediction.fate), std::string(prediction.rule), {}};
  for (const Message& step : prediction.steps) predicted.steps.push_back(english(step));
  if (prediction.fate == journey::Fate::let_in) {
    ask_requirement(settings, asked, person->grants, closed, predicted);
  }
  return predicted;
}

void predict(Console& console, const Asked& asked) {
  const Settings& settings = console.settings();
  check_url(settings, asked.url);
  if (!asked.level.empty()) check_level(console, asked.level);
  const std::string email = checked_email(console, asked.who, true);
  const auto person = console.need(wait(store::find_person(console.database(), email)));
  const auto closed = console.need(wait(store::closed_among(console.database(), {asked.property})));
  Predicted predicted = predicted_for(settings, console.known_companies(), asked, email, person,
                                      closed.empty() ? "" : closed[0]);
  const auto last =
      person
          ? console.need(wait(store::last_asserted(
                console.database(), {"", Console::actor(), "", true}, settings.access, person->id)))
          : store::LastAsserted{};
  for (const Message& said :
       journey::asserted_messages(console.known_companies(), email, person, last, {})) {
    predicted.steps.push_back(english(said));
  }
  static const std::map<std::string, std::string> kWords{
      {"cannot_sign_on", "cannot sign in"},
      {"waiting_room", "is led to the Waiting Room"},
      {"refused", "signs in at the company, but is refused here"},
      {"forbidden", "gets a 403 page"},
      {"allowed", "is let through, after a sign-in if there is no session"}};
  const std::string unknown =
      "What nginx asks for there is not read: give it as --level and --property. How old the "
      "sign-in may be (auth_saml_step_up), and whether the identity provider lets this person in, "
      "is not known.";
  std::string text = email + " " + kWords.at(predicted.outcome) + " (" + predicted.rule + ")";
  for (const std::string& step : predicted.steps) text += "\n  - " + step;
  console.say(text + "\n" + unknown, {{"email", email},
                                      {"url", asked.url},
                                      {"outcome", predicted.outcome},
                                      {"rule", predicted.rule},
                                      {"steps", predicted.steps},
                                      {"not_known", unknown}});
}

}  // namespace

void add_why(CLI::App& app, Console& console) {
  auto* why = app.add_subcommand("why", "why somebody was refused, or what would happen to them");
  auto asked = std::make_shared<Asked>();
  why->add_option("WHO", asked->who,
                  "a reference number (ABCD-1234), or an email address with a URL")
      ->required();
  auto* url = why->add_option("URL", asked->url, "where that person wants to go");
  why->add_option("--level", asked->level, "what the location asks for")->needs(url);
  auto* property =
      why->add_option("--property", asked->property, "at which property it asks")->needs(url);
  why->callback([&console, asked, property] {
    asked->has_property = property->count() > 0;
    if (asked->who.find('@') == std::string::npos && asked->url.empty()) {
      explain_reference(console, asked->who);
    } else if (asked->url.empty()) {
      throw Abort{exit_usage, "where does " + asked->who + " want to go? Say EMAIL URL"};
    } else {
      predict(console, *asked);
    }
  });
}

}  // namespace anteroom::cli
