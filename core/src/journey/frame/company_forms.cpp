#include "journey/frame/company_forms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "anteroom/company_address.h"
#include "http/multipart.h"
#include "journey/frame/readable.h"
#include "session/login_state.h"
#include "text/idn.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

std::string part_of(const http::MultipartForm& form, std::string_view name, std::size_t max) {
  return std::string(text::cut(text::trimmed(text::well_formed(form.get(name))), max));
}

// What a look found that is not the record.
struct LookMessage {
  std::string_view outcome;
  MessageKey message;
};
constexpr std::array<LookMessage, 6> kLooks{
    {{look_outcome::kNoName, "set_up_no_name"_message},
     {look_outcome::kNoText, "set_up_no_text"_message},
     {look_outcome::kOther, "set_up_other_text"_message},
     {look_outcome::kNoAnswer, "set_up_no_answer"_message},
     {look_outcome::kServerFailure, "set_up_server_failure"_message},
     {look_outcome::kServerRefused, "set_up_server_refused"_message}}};

}  // namespace

void add_our_values(const Context& context, const std::string& name, pages::Values& values) {
  const ServiceProviderSettings& sp = context.settings.service_provider;
  values.text["identifier"] = sp.entity_id;
  values.text["reply_url"] = sp.acs_url;
  values.text["sign_on_url"] = company_address(sp, name);
  values.text["logout_url"] = sp.slo_url;
  values.text["metadata_url"] = context.login_origin().text + context.path("/metadata");
}

std::string preset_in(const std::string& settings) {
  const auto json = nlohmann::json::parse(settings, nullptr, false);
  const auto at = json.is_object() ? json.find("preset") : json.end();
  return at != json.end() && at->is_string() ? at->get<std::string>() : kPresets.back();
}

pages::Values domain_values(const std::string& domain) {
  const std::string spelt = text::domain_to_unicode(domain);
  return {{{"domain", domain}, {"spelt", spelt == domain ? "" : spelt}}};
}

void add_proof(const store::DomainProof& proof, pages::Values& values) {
  values.text["record"] = challenge_name(proof.domain);
  values.text["challenge"] = proof.challenge;
  values.flags["is_proven"] = proof.is_proven();
  if (proof.is_proven()) return;
  const auto* const look = std::find_if(kLooks.begin(), kLooks.end(), [&](const LookMessage& one) {
    return one.outcome == proof.outcome;
  });
  values.messages["look"] = look == kLooks.end() ? "set_up_not_yet"_message : look->message;
  values.text["found"] = proof.found;
  values.text["at"] = readable_time(proof.checked_at);
}

std::vector<pages::Values> key_values(const std::vector<std::string>& fingerprints) {
  std::vector<pages::Values> keys;
  keys.reserve(fingerprints.size());
  for (const std::string& print : fingerprints) keys.push_back({{{"fingerprint", print}}});
  return keys;
}

std::vector<pages::Values> remark_values(const std::vector<std::string>& remarks) {
  std::vector<pages::Values> values;
  values.reserve(remarks.size());
  for (const std::string& remark : remarks) values.push_back({{{"remark", remark}}});
  return values;
}

std::optional<GivenMetadata> given_metadata(const Exchange& exchange) {
  const auto form =
      http::MultipartForm::parse(exchange.head().headers.content_type, exchange.request.body());
  if (!form) return std::nullopt;
  const std::string_view file = form->get("file");
  GivenMetadata given;
  given.name = part_of(*form, "name", kMaxCompanyName);
  given.link = part_of(*form, "link", kMaxCompanyName);
  given.offer = part_of(*form, "offer", kMaxCompanyName);
  given.xml = text::trimmed(file.empty() ? form->get("metadata") : file);
  given.version = version_in(form->get("version"));
  given.is_confirmed = file.empty() && form->get("confirmed") == "yes";
  return given;
}

long version_in(std::string_view text) {
  long version = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc() && end == text.data() + text.size() ? version : -1;
}

Task<Result<JudgedMetadata>> judge_in_pool(Exchange& exchange, store::CompanyRow row) {
  std::function<JudgedMetadata()> judging = [settings = exchange.context.checking.settings_owner,
                                             row = std::move(row), now = exchange.now()] {
    return judge_company_metadata(*settings, row, now);
  };
  return offload<JudgedMetadata>(exchange.context.ports.worker, std::move(judging));
}

Message metadata_message(const CompanyVerdict& verdict) {
  if (verdict.fault == CompanyFault::private_key) return "company_private_key"_message;
  return {"company_bad_metadata"_message, {{"why", verdict.why}}};
}

std::string test_link_for(const Exchange& exchange, const std::string& company) {
  const Context& context = exchange.context;
  const auto link =
      session::seal_test_link(context.sealer, context.ports.random, company, exchange.now());
  return link ? test_address(context.settings.service_provider, *link) : "";
}

}  // namespace anteroom::journey
