#include <algorithm>

#include "anteroom/saml.h"
#include "crypto/pem.h"
#include "saml/key_strength.h"

namespace anteroom::saml {

namespace {

constexpr Code kUnfit{"idp_metadata"};

Failure unfit(std::string detail) {
  return {kUnfit, std::move(detail)};
}

Status check_keys(const IdpMetadata& next, Time now) {
  bool is_one_in_date = false;
  for (const std::string& der : next.signing_certificates_der) {
    const auto facts = crypto::certificate_facts(der);
    if (!facts) return facts.failure();
    if (!is_strong(*facts)) {
      return unfit("its signing key " + facts->sha256_fingerprint + " (" + facts->key_type + ", " +
                   std::to_string(facts->key_bits) + " bits) is too weak");
    }
    is_one_in_date = is_one_in_date || now < facts->not_after;
  }
  if (!is_one_in_date) return unfit("every signing certificate in it has expired");
  return Done{};
}

std::vector<std::string> addresses_of(const IdpMetadata& idp) {
  std::vector<std::string> all{idp.sso_redirect_url, idp.sso_post_url,
                               idp.slo_redirect_url, idp.slo_redirect_response_url,
                               idp.slo_post_url,     idp.slo_post_response_url};
  for (const auto& [index, url] : idp.artifact_urls) all.push_back(url);
  return all;
}

// Plain http is for tests on one machine: it is nothing that a company goes over to.
bool leaves_https(const IdpMetadata& current, const IdpMetadata& next) {
  const auto has_plain = [](const IdpMetadata& idp) {
    const auto all = addresses_of(idp);
    return std::any_of(all.begin(), all.end(),
                       [](const std::string& url) { return url.starts_with("http:"); });
  };
  return has_plain(next) && !has_plain(current);
}

}  // namespace

Status check_successor(const IdpMetadata& current, const IdpMetadata& next, Time now,
                       bool is_signed) {
  if (next.entity_id != current.entity_id) {
    return unfit("its entity ID is " + next.entity_id + ", not " + current.entity_id);
  }
  if (is_signed && current.valid_until &&
      (!next.valid_until || *next.valid_until < *current.valid_until)) {
    return unfit("it is older than what is there: its validUntil is earlier, or missing");
  }
  if (Status fine = check_keys(next, now); !fine) return fine;
  if ((next.sso_redirect_url.empty() && !current.sso_redirect_url.empty()) ||
      (next.sso_post_url.empty() && !current.sso_post_url.empty())) {
    return unfit("it has lost a sign-on address");
  }
  if ((next.slo_redirect_url.empty() && !current.slo_redirect_url.empty()) ||
      (next.slo_post_url.empty() && !current.slo_post_url.empty())) {
    return unfit("it has lost a logout address");
  }
  if (next.artifact_urls.empty() && !current.artifact_urls.empty()) {
    return unfit("it has lost where artifacts are resolved");
  }
  if (leaves_https(current, next)) return unfit("an address in it is not an https URL any more");
  return Done{};
}

}  // namespace anteroom::saml
