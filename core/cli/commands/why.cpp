#include <algorithm>
#include <iostream>
#include <regex>

#include "access/levels.h"
#include "anteroom/admin.h"
#include "anteroom/audit.h"
#include "anteroom/saml.h"
#include "cli/commands/console.h"
#include "http/url.h"
#include "journey/idp_errors.h"
#include "pages/catalogue.h"
#include "pages/shipped.h"

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
  static const pages::Catalogue kEnglish(pages::shipped_catalogues().at("en"));
  Words words(known->meaning);
  words += known->remedy;
  return kEnglish.say(words);
}

void explain_reference(Console& console, std::string reference) {
  static const std::regex kReference("[0-9A-Z]{4}-[0-9A-Z]{4}|[0-9a-f]{16}");
  if (reference.size() == 9) {
    std::transform(reference.begin(), reference.end(), reference.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  if (!std::regex_match(reference, kReference)) {
    throw Abort{exit_usage, "'" + reference +
                                "' is no reference number (ABCD-1234); for a person say EMAIL URL"};
  }
  store::AuditFilter filter;
  filter.reference = reference;
  const auto events = console.need(wait(store::newest_audit(console.database(), filter, 20)));
  if (events.empty()) {
    throw Abort{exit_refused, "nothing is stored under " + reference +
                                  ": look for it in the log of each node (reference=" + reference +
                                  ")"};
  }
  Json json = Json::array();
  std::string text;
  for (const store::RecordedEvent& e : events) {
    const std::string words = plain_words(e.detail);
    json.push_back({{"at", e.at},
                    {"event", e.kind},
                    {"code", e.code},
                    {"email", e.email},
                    {"idp", e.idp},
                    {"client", e.client_address},
                    {"detail", e.detail},
                    {"plain_words", words}});
    const auto line = [&](const char* name, const std::string& value) {
      if (!value.empty()) text += std::string(name) + value + "\n";
    };
    line("at:     ", e.at);
    line("event:  ", e.kind);
    line("code:   ", e.code);
    line("person: ", e.email);
    line("idp:    ", e.idp);
    line("client: ", e.client_address);
    line("detail: ", e.detail);
    line("means:  ", words);
  }
  console.say(text + "What each code means: nginx-conf/refusals.md", json);
}

/// What is known of one request, in the order in which the gate asks.
class Prediction {
 public:
  Prediction(const Settings& settings, const Asked& asked) : settings_(settings), asked_(asked) {}

  void run(const std::string& email, const std::optional<store::Person>& person, Time now) {
    if (!goes_to_an_idp(email, now) || !has_usable_record(person)) return;
    holds_enough(*person);
  }

  std::string outcome, rule;
  std::vector<std::string> steps;

 private:
  void note(std::string step) { steps.push_back(std::move(step)); }
  bool decide(std::string what, std::string by, std::string why) {
    note(std::move(why));
    outcome = std::move(what);
    rule = std::move(by);
    return false;
  }

  bool goes_to_an_idp(const std::string& email, Time now) {
    const std::string domain(saml::email_domain(email));
    idp_ = settings_.idp_by_domain(domain);
    if (idp_ == nullptr) {
      return decide("cannot_sign_on", "domain", "no identity provider is registered for " + domain);
    }
    note(domain + " belongs to " + idp_->name);
    if (idp_->metadata.valid_until && *idp_->metadata.valid_until <= now) {
      return decide("cannot_sign_on", "metadata", "the metadata of " + idp_->name + " has expired");
    }
    return true;
  }

  bool has_usable_record(const std::optional<store::Person>& person) {
    if (!person) {
      return decide("waiting_room", "record", "no record yet: the first sign-on makes one");
    }
    if (person->state == "disabled") return decide("refused", "disabled", "switched off");
    if (!person->idp.empty() && person->idp != idp_->name) {
      return decide("refused", "identity_pinned",
                    "the record belongs to an account at " + person->idp +
                        ": `anteroom user unpin` gives it to the next sign-on");
    }
    note(person->idp.empty() ? "the record is not yet tied to an account: the next sign-on ties it"
                             : "the record is tied to an account at " + person->idp);
    if (person->grants.empty()) return decide("waiting_room", "grants", "no access anywhere yet");
    note("has " + person->grants);
    return true;
  }

  void holds_enough(const store::Person& person) {
    std::string_view best;
    for (const std::string& level : settings_.access.levels) {
      if (("," + person.grants + ",").find("=" + level + ",") != std::string::npos) best = level;
    }
    if (best.empty()) {
      decide("waiting_room", "grants", "no grant has a level that the configuration knows");
      return;
    }
    SessionFields fields{};
    fields.access_level = best;
    fields.properties = person.grants;
    Requirement needed{};
    needed.level = asked_.level;
    needed.property = asked_.property;
    needed.has_property = asked_.has_property;
    const std::string wanted =
        (asked_.level.empty() ? "any access" : asked_.level) +
        (asked_.has_property ? " at " + asked_.property : std::string(" at any property"));
    if (access::meets(settings_.access, fields, needed)) {
      decide("allowed", "access_level", wanted + " is needed: held");
    } else {
      decide("forbidden", "access_level", wanted + " is needed: not held");
    }
  }

  const Settings& settings_;
  const Asked& asked_;
  const IdentityProvider* idp_ = nullptr;
};

void check_url(const Settings& settings, const std::string& text) {
  const auto url = http::parse_url(text);
  if (!url) throw Abort{exit_usage, "'" + text + "' is no http or https URL"};
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

void predict(Console& console, const Asked& asked) {
  const Settings& settings = console.settings();
  check_url(settings, asked.url);
  if (!asked.level.empty()) check_level(console, asked.level);
  const std::string email = checked_email(console, asked.who, true);
  const auto person = console.need(wait(store::find_person(console.database(), email)));
  Prediction prediction(settings, asked);
  prediction.run(email, person, SystemClock().now());
  static const std::map<std::string, std::string> kWords{
      {"cannot_sign_on", "cannot sign on"},
      {"waiting_room", "is led to the Waiting Room"},
      {"refused", "signs on in vain: is refused"},
      {"forbidden", "gets a 403 page"},
      {"allowed", "is let through, after a sign-on if there is no session"}};
  const std::string unknown =
      "What nginx asks for there is not read: give it as --level and --property. How old the "
      "sign-on "
      "may be (auth_saml_step_up), and whether the identity provider lets this person in, is not "
      "known.";
  std::string text = email + " " + kWords.at(prediction.outcome) + " (" + prediction.rule + ")";
  for (const std::string& step : prediction.steps) text += "\n  - " + step;
  console.say(text + "\n" + unknown, {{"email", email},
                                      {"url", asked.url},
                                      {"outcome", prediction.outcome},
                                      {"rule", prediction.rule},
                                      {"steps", prediction.steps},
                                      {"not_known", unknown}});
}

}  // namespace

void add_why(CLI::App& app, Console& console) {
  auto* why = app.add_subcommand("why", "why somebody was refused, or what would happen to them");
  auto asked = std::make_shared<Asked>();
  why->add_option("WHO", asked->who, "a reference number, or an email address")->required();
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
