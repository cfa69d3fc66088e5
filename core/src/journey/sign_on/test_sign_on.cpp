#include "journey/sign_on/test_sign_on.h"

#include <algorithm>
#include <array>

#include "anteroom/companies.h"
#include "anteroom/domain_proofs.h"
#include "anteroom/grants.h"
#include "anteroom/network.h"
#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "http/cookie.h"
#include "http/form.h"
#include "journey/diagnosis/idp_errors.h"
#include "journey/diagnosis/prediction.h"
#include "journey/diagnosis/response_check.h"
#include "journey/diagnosis/transcript.h"
#include "journey/frame/audit.h"
#include "journey/frame/log_line.h"
#include "journey/frame/property_names.h"
#include "journey/frame/respond.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/outgoing.h"
#include "journey/sign_on/steps.h"
#include "session/login_state.h"
#include "session/names.h"
#include "session/token.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using Company = CompanyDirectory::Company;
using pages::Values;
using session::TestState;

constexpr Code kTestLink{"test_link"};
constexpr Code kTooMany{"too_many_tests"};
constexpr std::size_t kMostTests = 4;  // cookies pile up to a 400 otherwise
constexpr std::size_t kRelayStateDigits = 16;
constexpr std::size_t kMaxShown = 400;
constexpr std::size_t kMostAttributes = 60;

// What to mend at the identity provider, or here, by the rule that failed.
struct Remedy {
  std::string_view code;
  MessageKey message;
};
constexpr std::array<Remedy, 22> kRemedies{
    {{"issuer", "test_mend_issuer"_message},
     {"signature_missing", "test_mend_unsigned"_message},
     {"signature_invalid", "test_mend_key"_message},
     {"signature_algorithm", "test_mend_algorithm"_message},
     {"certificate_expired", "test_mend_key"_message},
     {"metadata_expired", "test_mend_metadata"_message},
     {"company_closed", "test_mend_metadata"_message},
     {"decryption_key_missing", "test_mend_encryption"_message},
     {"decryption_failed", "test_mend_encryption"_message},
     {"encryption_algorithm", "test_mend_encryption"_message},
     {"destination", "test_mend_reply_url"_message},
     {"recipient", "test_mend_reply_url"_message},
     {"audience", "test_mend_identifier"_message},
     {"issue_instant", "test_mend_clock"_message},
     {"not_before", "test_mend_clock"_message},
     {"not_on_or_after", "test_mend_clock"_message},
     {"confirmation_expired", "test_mend_clock"_message},
     {"authn_context", "test_mend_context"_message},
     {"attributes", "test_mend_claims"_message},
     {"email", "test_mend_email"_message},
     {"email_domain_not_registered", "test_mend_domain"_message},
     {"subject_missing", "test_mend_claims"_message}}};

// What Entra ID found, whose own texts are for people and not for its administrator.
constexpr std::array<Remedy, 7> kRemediesByNumber{{{"50011", "test_mend_reply_url"_message},
                                                   {"900971", "test_mend_reply_url"_message},
                                                   {"700016", "test_mend_identifier"_message},
                                                   {"50105", "test_mend_assign"_message},
                                                   {"65001", "test_mend_consent"_message},
                                                   {"90094", "test_mend_consent"_message},
                                                   {"650056", "test_mend_consent"_message}}};

template <class Remedies>
Message remedy_of(const Remedies& remedies, std::string_view code, MessageKey otherwise) {
  const auto* const found = std::find_if(remedies.begin(), remedies.end(),
                                         [&](const Remedy& one) { return one.code == code; });
  return found == remedies.end() ? Message(otherwise) : Message(found->message);
}

// What came of a test.
struct Tested {
  std::shared_ptr<const CompanyDirectory> companies;  // owns the company
  const IdentityProvider* company = nullptr;          // as if it were live
  bool is_live = false;
  ResponseCheck check;
};

Response link_is_over(const Exchange& exchange) {
  return explain(exchange.context, exchange.head(), {kTestLink, "it has ended, or is not whole"},
                 {403, "test_link_title"_message, "test_link"_message, "test_link_hint"_message});
}

// Each costs a millisecond or more, and a link is soon passed on.
bool is_too_often(const Exchange& exchange) {
  return !exchange.context.test_steps.take(network_of(exchange.head().client_address),
                                           exchange.now());
}

Response too_many(const Exchange& exchange) {
  Response response =
      explain(exchange.context, exchange.head(), {kTooMany, "sixty steps of tests in ten minutes"},
              {429, "pause_title"_message, "test_pause"_message, {}});
  response.headers.emplace_back("Retry-After", "600");
  return response;
}

Company as_if_live(store::CompanyRow row, const Settings& settings, Time now) {
  row.state = "live";
  return std::make_shared<const IdentityProvider>(read_company(row, settings, now).company);
}

// In the thread pool.
Task<Result<Company>> read_in_pool(const Exchange& exchange, store::CompanyRow row) {
  std::function<Company()> read = [settings = exchange.context.checking.settings_owner,
                                   row = std::move(row), now = exchange.now()] {
    return as_if_live(row, *settings, now);
  };
  return offload<Company>(exchange.context.ports.worker, std::move(read));
}

// nullopt: there is none, or none any more. Of a draft domains that it has proven count as its own:
// its administrator tests before support adds them.
Task<Result<std::optional<store::CompanyRow>>> find_row(const Exchange& exchange,
                                                        std::string name) {
  Database& database = exchange.context.ports.database;
  auto finding = store::find_company(database, name);
  Result<std::optional<store::CompanyRow>> row = co_await finding;
  if (row && *row && (*row)->state == "archived") row->reset();
  if (!row || !*row || (*row)->state != "draft") co_return row;
  auto asking = store::proofs_of_company(database, std::move(name));
  const Result<std::vector<store::DomainProof>> proofs = co_await asking;
  if (!proofs) co_return proofs.failure();
  for (const store::DomainProof& proof : *proofs) {
    if (proof.is_proven() && proof.owner.empty()) (*row)->domains.push_back(proof.domain);
  }
  co_return row;
}

// Of a link; nullopt: it leads to none any more.
Task<Result<Company>> company_of_link(const Exchange& exchange, std::string_view link) {
  const auto name = session::open_test_link(exchange.context.sealer, link, exchange.now());
  if (!name) co_return Company();
  auto finding = find_row(exchange, *name);
  Result<std::optional<store::CompanyRow>> row = co_await finding;
  if (!row) co_return row.failure();
  if (!*row) co_return Company();
  auto reading = read_in_pool(exchange, std::move(**row));
  Result<Company> company = co_await reading;
  co_return company;
}

Response start_page(const Exchange& exchange, const IdentityProvider& company,
                    std::string_view link) {
  Values values;
  values.text["company"] = company.display_name;
  values.text["token"] = link;
  values.text["closed"] = company.closed;
  values.flags["is_entra"] = company.preset == "entra";
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "test_sign_on",
                                         200, values, form_targets(&company));
}

void add_test_cookie(const Exchange& exchange, Response& response, const TestState& state,
                     const std::string& sealed) {
  const Context& context = exchange.context;
  response.headers.emplace_back("Set-Cookie",
                                http::set_cookie(state.cookie_name(), sealed, http::SameSite::none,
                                                 context.settings.sessions.sign_on_timeout));
  std::vector<TestState> earlier =
      session::test_states(context.sealer, exchange.head().headers.cookie, exchange.now());
  std::sort(earlier.begin(), earlier.end(), [](const TestState& a, const TestState& b) {
    return a.asked.issued_at > b.asked.issued_at;
  });
  for (std::size_t i = kMostTests - 1; i < earlier.size(); ++i) {
    response.headers.emplace_back(
        "Set-Cookie", http::set_cookie(earlier[i].cookie_name(), "", http::SameSite::none,
                                       std::chrono::seconds(0)));
  }
}

// `link`: by which it was begun, for another test.
Task<Response> send_to_test(const Exchange& exchange, Company company, std::string link) {
  const Context& context = exchange.context;
  const auto digits = session::new_hex(context.ports.random, 16);
  if (!digits) {
    co_return unavailable(exchange.context, exchange.head(), {code::kInternal, "no randomness"});
  }
  saml::AuthnRequestParams params{"id" + *digits, exchange.now(), "",
                                  digits->substr(0, kRelayStateDigits)};
  params.force_authn = company->force_authn;
  params.authn_contexts = company->authn_contexts;
  std::function<Built()> make = [&sp = context.settings.service_provider, company, params] {
    return Built{saml::build_authn_request(sp, *company, params)};
  };
  auto building = build(context, company->sign_requests, std::move(make));
  const Result<saml::OutgoingMessage> message = co_await building;
  if (!message) co_return unavailable(exchange.context, exchange.head(), message.failure());
  TestState state;
  state.asked.return_to = std::move(link);
  state.asked.request_id = params.id;
  state.asked.idp = company->name;
  state.asked.issued_at = params.issue_instant;
  state.asked.is_forced = params.force_authn;
  state.asked.authn_contexts = text::joined(params.authn_contexts, " ");
  const auto sealed =
      session::seal_test_state(context.sealer, context.ports.random, state,
                               exchange.now() + context.settings.sessions.sign_on_timeout);
  if (!sealed) {
    co_return unavailable(exchange.context, exchange.head(), {code::kInternal, "no randomness"});
  }
  Response response = send_away(exchange, *company, *message);
  add_test_cookie(exchange, response, state, *sealed);
  co_return response;
}

ResponseCheck fetch_for_test(const Checking& checking, const CompanyDirectory& companies,
                             const session::LoginState& asked, const IdpAnswer& answer,
                             const std::string& request_id, Time now) {
  const auto artifact = saml::parse_artifact(answer.artifact);
  auto fetch = artifact ? plan_fetch(companies, *artifact, {asked}) : std::nullopt;
  if (!fetch) {
    const Failure why =
        artifact ? Failure{kNoLoginState, "it was issued by somebody else"} : artifact.failure();
    return {{why, {}, "", "", ""}, nullptr, asked};
  }
  fetch->request_id = request_id;
  return fetch_and_check(checking, companies, *fetch, now);
}

// In the thread pool: with keys and a cache of its own, so that no sign-on sees anything of it.
// What the configuration claims goes before, as everywhere.
Tested judge(const Checking& checking, const store::CompanyRow& row,
             const session::LoginState& asked, const IdpAnswer& answer,
             const std::string& request_id, Time now) {
  Tested tested{
      std::make_shared<const CompanyDirectory>(
          checking.settings_owner, std::vector<Company>{as_if_live(row, checking.settings, now)}),
      nullptr,
      row.state == "live",
      {{Failure{kNoLoginState, ""}, {}, "", "", ""}, nullptr, asked}};
  tested.company = tested.companies->by_name(row.name);
  companies::VerifierCache verifiers(saml::OwnKeys(checking.settings.service_provider), 1);
  const Checking own{checking.settings_owner, checking.settings, checking.clock,
                     checking.back_channel, verifiers};
  tested.check = answer.artifact.empty()
                     ? check_response(own, *tested.companies, answer.encoded, {asked}, now)
                     : fetch_for_test(own, *tested.companies, asked, answer, request_id, now);
  // Of an answer that could not even be read it is known, too, what it is for.
  tested.check.idp = tested.company;
  tested.check.state = asked;
  if (tested.check.outline.empty()) tested.check.outline = saml::outline(answer.encoded);
  return tested;
}

// InResponseTo; empty where it cannot be read, or says none.
Task<Result<std::string>> request_answered(const Exchange& exchange, std::string encoded) {
  std::function<std::string()> peek = [encoded = std::move(encoded)] {
    const auto response = saml::ParsedResponse::parse(encoded);
    return response ? response->peek().in_response_to : std::string();
  };
  return offload<std::string>(exchange.context.ports.worker, std::move(peek));
}

// Which test it answers: a Response says so itself; an artifact, and what cannot be read, by what
// came along with it. No session comes of either.
Task<Result<std::optional<TestState>>> find_state(const Exchange& exchange,
                                                  std::vector<TestState> states,
                                                  const IdpAnswer& answer) {
  std::string asked;
  if (answer.artifact.empty()) {
    auto reading = request_answered(exchange, answer.encoded);
    Result<std::string> read = co_await reading;
    if (!read) co_return read.failure();
    asked = std::move(*read);
  }
  const std::string cookie = std::string(session::kTestCookiePrefix) + answer.relay_state;
  std::erase_if(states, [&](const TestState& one) {
    return asked.empty() ? one.cookie_name() != cookie : one.asked.request_id != asked;
  });
  if (states.empty()) co_return std::optional<TestState>();
  co_return std::optional(std::move(states.front()));
}

void add_remedy(const ResponseCheck& check, Values& values) {
  const saml::Verdict& verdict = check.verdict;
  if (verdict.status_code.empty()) {
    values.messages["remedy"] =
        remedy_of(kRemedies, verdict.assertion.failure().code.name, "test_mend_other"_message);
    return;
  }
  values.messages["meaning"] =
      Message{"idp_refused"_message, {{"company", values.text["company"]}}};
  if (const auto known = explain_idp_error(verdict.status_code, verdict.status_message)) {
    values.messages["meaning"] += known->meaning;
  }
  values.messages["remedy"] = remedy_of(kRemediesByNumber, aadsts_number(verdict.status_message),
                                        "test_mend_there"_message);
}

void add_asserted(const saml::VerifiedAssertion& assertion, Values& values) {
  values.text["email"] = assertion.email();
  values.text["name"] = text::printable(assertion.display_name(), kMaxShown);
  values.text["subject"] = text::printable(assertion.subject(), kMaxShown);
  values.text["name_id"] = text::printable(assertion.name_id(), kMaxShown);
  std::vector<Values>& shown = values.lists["attributes"];
  for (const auto& [name, all] : assertion.attributes()) {
    if (shown.size() == kMostAttributes) break;
    shown.push_back({{{"what", text::printable(name, kMaxShown)},
                      {"value", text::printable(text::joined(all, ", "), kMaxShown)}}});
  }
  values.flags["has_attributes"] = !shown.empty();
}

void add_checks(const ResponseCheck& check, bool is_fetched, Values& values) {
  for (const saml::Check& one : check.verdict.checks) {
    const std::string detail = is_fetched ? "" : text::printable(one.detail, kMaxShown);
    values.lists["checks"].push_back(
        {{{"what", one.name}, {"value", detail}}, {{"passed", one.passed}}});
  }
  values.flags["has_checks"] = !check.verdict.checks.empty();
  for (const saml::Fact& fact : check.outline) {
    values.lists["response"].push_back({{{"what", fact.name}, {"value", fact.value}}});
  }
  values.flags["has_response"] = !check.outline.empty();
}

// What the company's table gives for it, and by which value: who tests it has to see that it fits.
// True: somebody who has no access gets some by it.
Task<Result<bool>> add_given(Database& database, const IdentityProvider& company,
                             const saml::VerifiedAssertion& assertion, Values& values) {
  Asserted asserted = read_asserted(company.asserted, assertion.attributes());
  if (asserted.kind == Asserted::Kind::too_many) asserted.grants.clear();  // nobody has said which
  values.flags["has_table"] = asserted.kind != Asserted::Kind::no_table;
  values.flags["has_too_many_groups"] = asserted.kind == Asserted::Kind::too_many;
  values.flags["gives"] = !asserted.grants.empty();
  values.text["attribute"] = company.asserted.attribute;
  auto naming = store::property_names(database, keys_in_asserted(asserted.grants));
  const Result<store::PropertyNames> names = co_await naming;
  if (!names) co_return names.failure();
  auto asking = store::closed_among(database, keys_in_asserted(asserted.grants));
  const Result<std::vector<std::string>> closed = co_await asking;
  if (!closed) co_return closed.failure();
  bool gives_any = false;
  for (const AssertedGrant& grant : asserted.grants) {
    const bool is_everywhere = grant.property == kAllProperties;
    const bool is_closed =
        std::find(closed->begin(), closed->end(), grant.property) != closed->end();
    Values& entry = values.lists["given"].emplace_back();
    entry.text = {{"what", grant.value}, {"level", grant.level}};
    name_property(entry, grant.property, *names);
    entry.flags = {{"is_everywhere", is_everywhere},
                   {"is_unknown", !is_everywhere && !names->contains(grant.property)},
                   {"is_closed", is_closed}};
    gives_any = gives_any || is_everywhere || (!is_closed && names->contains(grant.property));
  }
  co_return gives_any;
}

// As the database would: whoever is known here by another identifier is somebody else.
bool is_pinned_otherwise(const store::Person& person, const saml::VerifiedAssertion& assertion) {
  const std::string subject =
      assertion.subject().empty() ? "email:" + assertion.email() : assertion.subject();
  return person.idp == assertion.idp() && person.subject != subject;
}

// What becomes of whoever signs on so. Of a company that vouches for nobody yet it is not said: its
// identity provider may assert whatever it likes.
Message fate_of(const Exchange& exchange, const Tested& tested,
                const std::optional<store::Person>& person, bool gives_any) {
  if (!tested.is_live) return "test_not_live"_message;
  const saml::VerifiedAssertion& assertion = *tested.check.verdict.assertion;
  const Message::Arguments who{{"email", assertion.email()}};
  if (person && is_pinned_otherwise(*person, assertion)) return {"test_refused"_message, who};
  const Prediction prediction = predict(exchange.context.settings, *tested.companies,
                                        assertion.email(), person, exchange.now());
  switch (prediction.fate) {
    case Fate::let_in:
      return {"test_let_in"_message, who};
    case Fate::waiting_room:
      return {gives_any ? "test_let_in_by_table"_message : "test_waiting"_message, who};
    case Fate::cannot_sign_on:
    case Fate::refused:
      break;
  }
  return {"test_refused"_message, who};
}

// The company's history says what came of it, and Access check what was refused and why. False: too
// often in this hour.
bool note_test(Exchange& exchange, const Tested& tested, const std::string& reference) {
  Context& context = exchange.context;
  const ResponseCheck& check = tested.check;
  const std::string& company = tested.company->name;
  const std::string client(exchange.head().client_address);
  const auto& assertion = check.verdict.assertion;
  LogLine line("test of signing on");
  line.add("code", assertion ? "passed" : assertion.failure().code.name)
      .add("reference", reference)
      .add("client", client)
      .add("idp", company);
  context.ports.log.write(LogLevel::info, line.text());
  if (!context.refusals.take(check.state->request_id, client, "", exchange.now()) ||
      !context.tests.take(company, exchange.now())) {
    return false;
  }
  if (assertion) {  // nobody's own history: whoever runs the identity provider asserts it
    audit_later(context,
                {"company_tested", "", reference, company, "", client, assertion->email()});
    return true;
  }
  const Failure& why = assertion.failure();
  audit_later(context, {"company_test_failed", std::string(why.code.name), reference, company, "",
                        client, std::string(why.code.name) + ", reference " + reference});
  keep_transcript_later(context, check, why, reference, "", client);
  return true;
}

void add_failure(const ResponseCheck& check, bool is_fetched, Values& values) {
  const Failure& why = check.verdict.assertion.failure();
  values.text["code"] = why.code.name;
  // What is fetched comes from where metadata says: its sender learns nothing of our network.
  if (!is_fetched) values.text["detail"] = text::printable(why.detail, kMaxShown);
  values.text["said"] = text::printable(check.verdict.status_message, kMaxShown);
  add_remedy(check, values);
}

Task<Response> result_page(Exchange& exchange, Tested tested, bool is_fetched) {
  Context& context = exchange.context;
  const ResponseCheck& check = tested.check;
  const std::string reference = session::new_reference(context.ports.random);
  Values values;
  values.text["company"] = tested.company->display_name;
  if (note_test(exchange, tested, reference)) values.text["reference"] = reference;
  values.text["token"] = check.state->return_to;
  values.flags["passed"] = check.verdict.assertion.ok();
  add_checks(check, is_fetched, values);
  if (check.verdict.assertion) {
    add_asserted(*check.verdict.assertion, values);
    auto giving =
        add_given(context.ports.database, *tested.company, *check.verdict.assertion, values);
    const bool gives_any = co_await or_unavailable(exchange, std::move(giving));
    const auto person = co_await or_unavailable(
        exchange, store::find_person(context.ports.database, check.verdict.assertion->email()));
    values.messages["fate"] = fate_of(exchange, tested, person, gives_any);
  } else {
    add_failure(check, is_fetched, values);
  }
  co_return context.renderer->page(exchange.head().headers.accept_language, "test_result", 200,
                                   values, form_targets(tested.company));
}

}  // namespace

Task<Response> show_test(Exchange exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  const std::string link(query ? query->get("t") : "");
  if (is_too_often(exchange)) co_return too_many(exchange);
  const Company company = co_await or_unavailable(exchange, company_of_link(exchange, link));
  co_return company == nullptr ? link_is_over(exchange) : start_page(exchange, *company, link);
}

Task<Response> leave_for_test(Exchange exchange) {
  const auto form = http::Form::parse(exchange.request.body());
  const std::string link(form ? form->get("t") : "");
  if (is_too_often(exchange)) co_return too_many(exchange);
  const Company company = co_await or_unavailable(exchange, company_of_link(exchange, link));
  if (company == nullptr) co_return link_is_over(exchange);
  if (!company->closed.empty()) co_return start_page(exchange, *company, link);
  auto sending = send_to_test(exchange, company, link);
  Response response = co_await sending;
  co_return response;
}

Task<std::optional<Response>> answer_test(Exchange& exchange, const IdpAnswer& answer) {
  const Context& context = exchange.context;
  std::vector<TestState> states =
      session::test_states(context.sealer, exchange.head().headers.cookie, exchange.now());
  if (states.empty()) co_return std::nullopt;
  const bool is_fetched = !answer.artifact.empty();
  auto finding = find_state(exchange, std::move(states), answer);
  const Result<std::optional<TestState>> state = co_await finding;
  if (!state) co_return unavailable(exchange.context, exchange.head(), state.failure());
  if (!*state) co_return std::nullopt;
  if (is_too_often(exchange)) co_return too_many(exchange);
  auto looking = find_row(exchange, (*state)->asked.idp);
  Result<std::optional<store::CompanyRow>> row = co_await looking;
  if (!row) co_return unavailable(exchange.context, exchange.head(), row.failure());
  if (!*row) co_return link_is_over(exchange);
  const auto digits = session::new_hex(context.ports.random, 16);
  if (!digits) {
    co_return unavailable(exchange.context, exchange.head(), {code::kInternal, "no randomness"});
  }
  std::function<Tested()> judging = [&checking = context.checking, row = std::move(**row),
                                     asked = (*state)->asked, answer, id = "id" + *digits,
                                     now = exchange.now()] {
    return judge(checking, row, asked, answer, id, now);
  };
  auto working = offload<Tested>(context.ports.worker, std::move(judging));
  Result<Tested> judged = co_await working;
  if (!judged) co_return unavailable(exchange.context, exchange.head(), judged.failure());
  auto showing = result_page(exchange, std::move(*judged), is_fetched);
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
