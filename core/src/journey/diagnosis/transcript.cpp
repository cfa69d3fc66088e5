#include "journey/diagnosis/transcript.h"

#include <nlohmann/json.hpp>

#include "anteroom/audit.h"
#include "anteroom/network.h"
#include "text/instant.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxText = 400;

Json pair(std::string_view name, std::string_view value) {
  return Json::array({name, text::printable(value, kMaxText)});
}

Json asked_of(const session::LoginState& state) {
  Json asked = Json::array();
  asked.push_back(pair("ID", state.request_id));
  asked.push_back(pair("IssueInstant", text::format_instant(state.issued_at)));
  if (state.is_forced) asked.push_back(pair("ForceAuthn", "true"));
  if (state.is_passive) asked.push_back(pair("IsPassive", "true"));
  if (!state.authn_contexts.empty()) {
    asked.push_back(pair("AuthnContextClassRef", state.authn_contexts));
  }
  return asked;
}

std::vector<TranscriptPart> parts_of(const Json& content, const char* name) {
  std::vector<TranscriptPart> parts;
  const auto found = content.find(name);
  if (found == content.end()) return parts;
  for (const Json& part : *found) {
    if (!part.is_array() || part.size() != 2 || !part[0].is_string() || !part[1].is_string()) {
      continue;
    }
    parts.push_back({part[0].get<std::string>(), part[1].get<std::string>()});
  }
  return parts;
}

}  // namespace

std::string write_transcript(const Context& context, const ResponseCheck& judgement,
                             const Failure& why, Time now) {
  const ServiceProviderSettings& sp = context.settings.service_provider;
  Json content;
  content["asked"] = judgement.state ? asked_of(*judgement.state) : Json::array();
  content["expected"] =
      Json::array({pair("time", text::format_instant(now)), pair("Destination", sp.acs_url),
                   pair("Audience", sp.entity_id)});
  if (judgement.idp != nullptr) {
    content["expected"].push_back(pair("Issuer", judgement.idp->metadata.entity_id));
  }
  content["response"] = Json::array();
  for (const saml::Fact& fact : judgement.outline) {
    content["response"].push_back(pair(fact.name, fact.value));
  }
  content["checks"] = Json::array();
  const auto add_check = [&](std::string_view name, bool passed, std::string_view detail) {
    content["checks"].push_back(
        {{"name", name}, {"passed", passed}, {"detail", text::printable(detail, kMaxText)}});
  };
  for (const saml::Check& check : judgement.verdict.checks) {
    add_check(check.name, check.passed, check.detail);
  }
  if (judgement.verdict.checks.empty() || judgement.verdict.checks.back().passed) {
    add_check(why.code.name, false, why.detail);
  }
  return content.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TranscriptContent read_transcript(std::string_view text) {
  const Json content = Json::parse(text, nullptr, false);
  TranscriptContent transcript;
  if (!content.is_object()) return transcript;
  transcript.asked = parts_of(content, "asked");
  transcript.expected = parts_of(content, "expected");
  transcript.response = parts_of(content, "response");
  const auto checks = content.find("checks");
  if (checks == content.end()) return transcript;
  for (const Json& check : *checks) {
    if (!check.is_object()) continue;
    transcript.checks.push_back({check.value("name", std::string()), check.value("passed", false),
                                 check.value("detail", std::string())});
  }
  return transcript;
}

void keep_transcript_later(Context& context, const ResponseCheck& judgement, const Failure& why,
                           const std::string& reference, std::string email,
                           std::string_view client_address) {
  if (context.settings.database.keep.transcripts.count() == 0) return;
  store::Transcript transcript{reference,
                               judgement.idp == nullptr ? "" : judgement.idp->name,
                               std::move(email),
                               std::string(why.code.name),
                               write_transcript(context, judgement, why, context.now()),
                               "",
                               network_of(client_address)};
  Log& log = context.ports.log;
  std::function<void(Result<Done>)> done = [&log, reference](const Result<Done>& kept) {
    if (kept) return;
    log.write(LogLevel::warning,
              "transcript lost reference=" + reference + ": " + kept.failure().detail);
  };
  spawn(store::keep_transcript(context.ports.database, std::move(transcript)), std::move(done),
        std::function<void()>([] {}));
}

}  // namespace anteroom::journey
