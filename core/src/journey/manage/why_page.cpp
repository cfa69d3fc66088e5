#include <algorithm>

#include "anteroom/audit.h"
#include "anteroom/email.h"
#include "anteroom/grants.h"
#include "anteroom/people.h"
#include "http/form.h"
#include "journey/diagnosis/idp_errors.h"
#include "journey/diagnosis/prediction.h"
#include "journey/diagnosis/transcript.h"
#include "journey/frame/property_names.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/companies.h"
#include "journey/manage/event_words.h"
#include "journey/manage/manage.h"
#include "journey/manage/people_values.h"
#include "journey/manage/steps.h"
#include "session/token.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using pages::Values;

constexpr std::size_t kMaxAsked = 320;

bool may_see(const Exchange& exchange, const ManageUser& user, std::string_view idp) {
  if (is_everywhere(exchange.context, user))
    return true;  // of drafts, too, which nodes do not know
  const auto companies = companies_for(exchange, user);
  return std::any_of(companies.begin(), companies.end(),
                     [&](const IdentityProvider* company) { return company->name == idp; });
}

std::vector<Values> rows_of(const std::vector<TranscriptPart>& parts) {
  std::vector<Values> rows;
  rows.reserve(parts.size());
  for (const TranscriptPart& part : parts) {
    rows.push_back({{{"what", part.name}, {"value", part.value}}});
  }
  return rows;
}

// Whatever has that number: a refused sign-on, or a page that was denied.
void add_finding(const Context& context, Values& values, const std::string& at,
                 const std::string& idp, const std::string& email, const std::string& code,
                 const std::string& detail) {
  values.flags["has_finding"] = true;
  values.text["at"] = readable_time(at);
  values.text["company"] = context.companies->display_name(idp);
  values.text["email"] = email;
  values.text["email_query"] = http::percent_encode(email);
  values.text["code"] = code;
  values.text["detail"] = detail;
  if (const auto known = explain_idp_error("", detail)) {
    values.messages["meaning"] = known->meaning;
    values.messages["remedy"] = known->remedy;
  }
}

void add_transcript(const Context& context, Values& values, const store::Transcript& found) {
  const TranscriptContent content = read_transcript(found.content);
  const std::string detail = content.checks.empty() ? "" : content.checks.back().detail;
  add_finding(context, values, found.at, found.idp, found.email, found.code, detail);
  values.flags["has_transcript"] = true;
  for (const saml::Check& check : content.checks) {
    values.lists["checks"].push_back(
        {{{"what", check.name}, {"value", check.detail}}, {{"passed", check.passed}}});
  }
  values.lists["asked_parts"] = rows_of(content.asked);
  values.lists["expected"] = rows_of(content.expected);
  values.lists["response"] = rows_of(content.response);
  values.flags["has_asked"] = !content.asked.empty();
  values.flags["has_response"] = !content.response.empty();
}

// Empty: done. What belongs to a company that the viewer may not see is not there.
Task<std::optional<Failure>> explain_reference(Exchange& exchange, const ManageUser& viewer,
                                               std::string reference, Values& values) {
  Context& context = exchange.context;
  auto finding = store::find_transcript(context.ports.database, reference);
  const Result<std::optional<store::Transcript>> found = co_await finding;
  if (!found) co_return found.failure();
  if (*found) {
    if (may_see(exchange, viewer, (*found)->idp)) add_transcript(context, values, **found);
    co_return std::nullopt;
  }
  store::AuditFilter filter;
  filter.reference = std::move(reference);
  auto reading = store::newest_audit(context.ports.database, std::move(filter), 1);
  const Result<std::vector<store::RecordedEvent>> events = co_await reading;
  if (!events) co_return events.failure();
  for (const store::RecordedEvent& event : *events) {
    if (!may_see(exchange, viewer, event.idp)) continue;
    // What was asked for may be any key: whether there is one is told to whoever sees all.
    auto naming =
        store::property_names(context.ports.database, is_everywhere(context, viewer)
                                                          ? keys_in_event(event.kind, event.detail)
                                                          : std::vector<std::string>());
    const Result<store::PropertyNames> names = co_await naming;
    if (!names) co_return names.failure();
    add_finding(context, values, event.at, event.idp, event.email, event.code,
                event_with_names(event.kind, event.detail, *names));
  }
  co_return std::nullopt;
}

// "Elm Court=viewer, *=manager".
std::string grants_in_words(std::string_view grants, const store::PropertyNames& names) {
  std::string words;
  for_each_grant(grants, [&](const Grant& grant) {
    words += (words.empty() ? "" : ", ") + name_of_property(grant.property, names) + "=";
    words += grant.level;
  });
  return words;
}

Message with_names(const Message& step, const store::PropertyNames& names) {
  Message said;
  for (Message::Sentence sentence : step.sentences()) {
    const auto grants = sentence.arguments.find("grants");
    if (grants != sentence.arguments.end()) grants->second = grants_in_words(grants->second, names);
    said += Message(sentence.key, std::move(sentence.arguments));
  }
  return said;
}

void add_prediction(const Exchange& exchange, Values& values, const std::string& email,
                    const std::optional<store::Person>& person, const store::PropertyNames& names) {
  const Context& context = exchange.context;
  const Prediction prediction =
      predict(context.settings, *exchange.companies, email, person, context.now());
  values.flags["has_prediction"] = true;
  values.messages["fate"] = fate_message(prediction.fate, email);
  for (const Message& step : prediction.steps) {
    Values entry;
    entry.messages["step"] = with_names(step, names);
    values.lists["steps"].push_back(std::move(entry));
  }
  if (person) values.text["href"] = context.path("/manage/people/show?user=") + person->id;
}

void add_company(const Context& context, Values& values, const IdentityProvider& idp,
                 const std::vector<store::RecordedEvent>& last) {
  values.flags["has_company"] = true;
  values.text["company"] = idp.display_name;
  for (const Message& sentence : validity_messages(idp, context.now())) {
    Values entry;
    entry.messages["step"] = sentence;
    values.lists["validity"].push_back(std::move(entry));
  }
  for (const store::RecordedEvent& event : last) {
    const bool is_success = event.kind == "signed_on";
    values.text[is_success ? "last_success" : "last_failure"] =
        readable_time(event.at) + (event.code.empty() ? "" : " · " + event.code);
  }
  add_our_values(context, idp.name, values);
}

// What its company asserts of somebody; `person`: nullopt where there is no record yet.
Task<std::optional<Failure>> explain_asserted(const Exchange& exchange, const ManageUser& viewer,
                                              const IdentityProvider& company, std::string email,
                                              const std::optional<store::Person>& person,
                                              Values& values) {
  const Context& context = exchange.context;
  store::LastAsserted last;
  if (person) {
    auto asking = store::last_asserted(context.ports.database, viewer.actor,
                                       context.settings.access, person->id);
    Result<store::LastAsserted> said = co_await asking;
    if (!said) co_return said.failure();
    last = std::move(*said);
  }
  auto naming = store::property_names(context.ports.database,
                                      keys_in_asserted(given_for(company.asserted, last.values)));
  const Result<store::PropertyNames> names = co_await naming;
  if (!names) co_return names.failure();
  for (const Message& message :
       asserted_messages(*exchange.companies, email, person, last, *names)) {
    Values entry;
    entry.messages["step"] = message;
    values.lists["steps"].push_back(std::move(entry));
  }
  co_return std::nullopt;
}

Task<std::optional<Failure>> explain_person(Exchange& exchange, const ManageUser& viewer,
                                            std::string email, Values& values) {
  Context& context = exchange.context;
  const IdentityProvider* idp = exchange.companies->by_domain(email_domain(email));
  if (idp == nullptr) {
    add_prediction(exchange, values, email, std::nullopt, {});
    co_return std::nullopt;
  }
  // Only whom the viewer may see among People: of others not even that there is nobody.
  auto looking =
      store::see_person(context.ports.database, viewer.actor, context.settings.access, email);
  const Result<std::optional<store::Person>> found = co_await looking;
  if (!found) co_return found.failure();
  if (!*found && !is_everywhere(context, viewer)) co_return std::nullopt;
  // Of whom somebody only asked for, what they may do elsewhere is not known here.
  if (*found && (*found)->created_at.empty()) co_return std::nullopt;
  auto naming =
      store::property_names(context.ports.database,
                            *found ? keys_in_grants((*found)->grants) : std::vector<std::string>());
  const Result<store::PropertyNames> names = co_await naming;
  if (!names) co_return names.failure();
  add_prediction(exchange, values, email, *found, *names);
  if (!may_see(exchange, viewer, idp->name)) co_return std::nullopt;
  if (!idp->asserted.values.empty()) {
    auto explaining = explain_asserted(exchange, viewer, *idp, email, *found, values);
    if (auto failure = co_await explaining) co_return failure;
  }
  auto asking_last = store::last_at_company(context.ports.database, idp->name);
  const Result<std::vector<store::RecordedEvent>> last = co_await asking_last;
  if (!last) co_return last.failure();
  add_company(context, values, *idp, *last);
  auto listing = store::transcripts_of(context.ports.database, std::move(email));
  const Result<std::vector<store::Transcript>> refusals = co_await listing;
  if (!refusals) co_return refusals.failure();
  for (const store::Transcript& refusal : *refusals) {
    values.lists["refusals"].push_back({{{"at", readable_time(refusal.at)},
                                         {"code", refusal.code},
                                         {"reference", refusal.reference}}});
  }
  co_return std::nullopt;
}

}  // namespace

Task<Response> explain_why(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string asked(text::cut(query ? query->get("q") : std::string_view{}, kMaxAsked));
  Values values;
  values.text["asked"] = asked;
  std::optional<Failure> failure;
  if (const auto reference = session::read_reference(asked)) {
    values.text["reference"] = *reference;
    auto explaining = explain_reference(exchange, viewer, *reference, values);
    failure = co_await explaining;
    values.flags["is_unknown_reference"] = !values.flags["has_finding"];
  } else if (const auto email = canonical_email(asked)) {
    auto explaining = explain_person(exchange, viewer, *email, values);
    failure = co_await explaining;
    values.flags["is_nobody"] = !values.flags["has_prediction"];
  } else {
    values.flags["is_neither"] = !asked.empty();
  }
  if (failure) co_return unavailable(context, exchange.head(), *failure);
  values.flags["has_refusals"] = !values.lists["refusals"].empty();
  const int status = values.flags["is_neither"] ? 422 : 200;
  Response page =
      manage_page(exchange, viewer, ManageTab::people, "manage_why", status, std::move(values));
  co_return page;
}

}  // namespace anteroom::journey
