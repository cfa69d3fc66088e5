#include "config/metadata_summary.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "anteroom/companies.h"

namespace anteroom::config {

namespace {

using Json = nlohmann::json;
using std::chrono::microseconds;

constexpr std::array<std::pair<const char*, std::string IdpMetadata::*>, 7> kTexts{
    {{"entity_id", &IdpMetadata::entity_id},
     {"sso_redirect_url", &IdpMetadata::sso_redirect_url},
     {"sso_post_url", &IdpMetadata::sso_post_url},
     {"slo_redirect_url", &IdpMetadata::slo_redirect_url},
     {"slo_redirect_response_url", &IdpMetadata::slo_redirect_response_url},
     {"slo_post_url", &IdpMetadata::slo_post_url},
     {"slo_post_response_url", &IdpMetadata::slo_post_response_url}}};

long long written(Time time) {
  return microseconds(time.time_since_epoch()).count();
}

Time read_time(const Json& json) {
  return Time(microseconds(json.get<long long>()));
}

IdpMetadata read(const Json& json) {
  if (json.at("format") != store::kSummaryFormat) throw std::runtime_error("another format");
  IdpMetadata metadata;
  metadata.is_summary = true;
  for (const auto& [key, member] : kTexts) metadata.*member = json.value(key, "");
  for (const Json& one : json.value("artifact_urls", Json::array())) {
    metadata.artifact_urls.emplace(one.at("index").get<int>(), one.at("url").get<std::string>());
  }
  for (const Json& one : json.at("certificates")) {
    metadata.certificates.push_back({one.at("fingerprint").get<std::string>(),
                                     one.at("subject").get<std::string>(),
                                     read_time(one.at("not_after"))});
  }
  if (json.contains("valid_until")) metadata.valid_until = read_time(json.at("valid_until"));
  metadata.wants_signed_requests = json.value("wants_signed_requests", false);
  metadata.name_id_formats = json.value("name_id_formats", metadata.name_id_formats);
  return metadata;
}

}  // namespace

std::string write_summary(const IdpMetadata& metadata) {
  Json json{{"format", store::kSummaryFormat}};
  for (const auto& [key, member] : kTexts) {
    if (!(metadata.*member).empty()) json[key] = metadata.*member;
  }
  for (const auto& [index, url] : metadata.artifact_urls) {
    json["artifact_urls"].push_back({{"index", index}, {"url", url}});
  }
  json["certificates"] = Json::array();
  for (const IdpCertificate& one : metadata.certificates) {
    json["certificates"].push_back({{"fingerprint", one.fingerprint},
                                    {"subject", one.subject},
                                    {"not_after", written(one.not_after)}});
  }
  if (metadata.valid_until) json["valid_until"] = written(*metadata.valid_until);
  if (metadata.wants_signed_requests) json["wants_signed_requests"] = true;
  if (!metadata.name_id_formats.empty()) json["name_id_formats"] = metadata.name_id_formats;
  // The subject of a certificate may be anything.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<IdpMetadata> read_summary(const std::string& json) {
  constexpr Code kUnusable{"idp_metadata"};
  try {
    return read(Json::parse(json));
  } catch (const std::exception& error) {
    return Failure{kUnusable,
                   std::string("what is kept of its metadata cannot be read: ") + error.what()};
  }
}

}  // namespace anteroom::config
