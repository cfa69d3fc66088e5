#include "config/metadata_summary.h"

#include <catch2/catch.hpp>

#include "anteroom/saml.h"
#include "support/forge.h"

using namespace anteroom;

namespace {

IdpMetadata full() {
  IdpMetadata metadata;
  metadata.entity_id = "https://idp.test/\"ä\"";
  metadata.sso_redirect_url = "https://idp.test/1";
  metadata.sso_post_url = "https://idp.test/2";
  metadata.slo_redirect_url = "https://idp.test/3";
  metadata.slo_redirect_response_url = "https://idp.test/4";
  metadata.slo_post_url = "https://idp.test/5";
  metadata.slo_post_response_url = "https://idp.test/6";
  metadata.artifact_urls = {{0, "https://idp.test/7"}, {12, "https://idp.test/8"}};
  metadata.certificates = {{"AA:BB", "CN=one", Time(std::chrono::microseconds(1234567))},
                           {"CC:DD", "CN=two", Time(std::chrono::hours(-24))}};
  metadata.valid_until = Time(std::chrono::hours(24) + std::chrono::milliseconds(5));
  metadata.wants_signed_requests = true;
  metadata.name_id_formats = {"urn:a", "urn:b"};
  return metadata;
}

void check_same(const IdpMetadata& read, const IdpMetadata& written) {
  CHECK(read.entity_id == written.entity_id);
  CHECK(read.sso_redirect_url == written.sso_redirect_url);
  CHECK(read.sso_post_url == written.sso_post_url);
  CHECK(read.slo_redirect_url == written.slo_redirect_url);
  CHECK(read.slo_redirect_response_url == written.slo_redirect_response_url);
  CHECK(read.slo_post_url == written.slo_post_url);
  CHECK(read.slo_post_response_url == written.slo_post_response_url);
  CHECK(read.artifact_urls == written.artifact_urls);
  CHECK(read.certificates == written.certificates);
  CHECK(read.valid_until == written.valid_until);
  CHECK(read.wants_signed_requests == written.wants_signed_requests);
  CHECK(read.name_id_formats == written.name_id_formats);
}

}  // namespace

TEST_CASE("a summary says all that metadata says, but its keys") {
  IdpMetadata metadata = full();
  metadata.signing_certificates_der = {"bytes"};
  metadata.remarks = {"odd"};
  const auto read = config::read_summary(config::write_summary(metadata));
  REQUIRE(read);
  check_same(*read, metadata);
  CHECK(read->is_summary);
  CHECK(read->signing_certificates_der.empty());
  CHECK(read->remarks.empty());
}

TEST_CASE("what metadata leaves out, its summary does, too") {
  const auto metadata = saml::parse_idp_metadata(
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {forge::make_authority()}),
      Time{});
  REQUIRE(metadata);
  REQUIRE(metadata->certificates.size() == 1);
  CHECK_FALSE(metadata->is_summary);
  const auto read = config::read_summary(config::write_summary(*metadata));
  REQUIRE(read);
  check_same(*read, *metadata);
}

TEST_CASE("a certificate may say anything") {
  IdpMetadata metadata = full();
  metadata.certificates[0].subject = "CN=\xff\xfe";
  const auto read = config::read_summary(config::write_summary(metadata));
  REQUIRE(read);
  CHECK(read->certificates[0].subject == "CN=\ufffd\ufffd");
}

TEST_CASE("what is no summary is an error that says so") {
  for (const char* json :
       {"", "[]", "3", "{", "{}", R"({"certificates": 3})",
        R"({"certificates": [{"fingerprint": "AA"}]})", R"({"entity_id": 3, "certificates": []})",
        R"({"certificates": [], "valid_until": "soon"})",
        R"({"certificates": [], "artifact_urls": [{"index": "x"}]})"}) {
    CAPTURE(json);
    const auto read = config::read_summary(json);
    REQUIRE_FALSE(read);
    CHECK_THAT(read.failure().detail, Catch::Contains("cannot be read"));
  }
}
