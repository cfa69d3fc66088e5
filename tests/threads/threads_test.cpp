// What runs in the thread pool, on many threads at once and on the objects that they share there.
// Built with ThreadSanitizer by `scripts/test threads`.
#include <atomic>
#include <latch>
#include <thread>

#include "anteroom/back_channel.h"
#include "companies/verifier_cache.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 60;

// Runs `work` (which says whether all went well) everywhere at the same instant; the number of
// failures.
int failures(const std::function<bool(int thread, int round)>& work) {
  std::latch start(kThreads);
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      start.arrive_and_wait();
      for (int round = 0; round < kRounds; ++round) {
        if (!work(thread, round)) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return failed;
}

KeyPair key_pair(const forge::Authority& authority) {
  KeyPair pair;
  pair.private_key_pem = Secret(authority.private_key_pem);
  pair.certificate_pem = authority.certificate_pem;
  return pair;
}

}  // namespace

TEST_CASE("one verifier judges good, forged, encrypted and broken Responses side by side") {
  Trust trust;
  const forge::Authority own = forge::make_authority();
  trust.sp.decryption = {key_pair(own)};
  const saml::ResponseVerifier verifier(trust.sp, trust.idp);
  forge::Options encrypted;
  encrypted.encrypt_assertion = std::make_shared<forge::Encryption>();
  encrypted.encrypt_assertion->recipient = own;
  const std::vector<std::pair<std::string, std::string>> messages = {
      {forge::make_response(authority(), {}), "accepted"},
      {forge::make_response(authority(), encrypted), "accepted"},
      {forge::make_response(other_authority(), {}), "signature"},
      {forge::make_response(authority(), tampered("ann@corp.test", "eve@corp.test")), "signature"},
      {"<a/>", "not_a_response"},
      {"junk", "malformed_xml"}};
  std::vector<std::string> expected;
  for (const auto& [xml, ignored] : messages) {
    expected.push_back(outcome(verifier.verify(forge::to_base64(xml), trust.params)));
  }
  REQUIRE(expected[0] == "accepted");
  REQUIRE(expected[1] == "accepted");
  REQUIRE(std::count(expected.begin(), expected.end(), "accepted") == 2);
  CHECK(failures([&](int thread, int round) {
          const std::size_t i = static_cast<std::size_t>(thread + round) % messages.size();
          return outcome(verifier.verify(forge::to_base64(messages[i].first), trust.params)) ==
                 expected[i];
        }) == 0);
}

TEST_CASE("verifiers of many companies are made and used side by side") {
  Trust trust;
  companies::VerifierCache cache(saml::OwnKeys(trust.sp), 3);
  std::vector<std::shared_ptr<const IdentityProvider>> all;
  for (int i = 0; i < 5; ++i) {  // more than are kept
    IdentityProvider idp = trust.idp;
    idp.name = "corp-" + std::to_string(i);
    all.push_back(std::make_shared<const IdentityProvider>(std::move(idp)));
  }
  const std::string message = forge::to_base64(forge::make_response(authority(), {}));
  CHECK(failures([&](int thread, int round) {
          const auto verifier =
              cache.open(all[static_cast<std::size_t>(thread + round) % all.size()], "");
          return verifier &&
                 outcome((*verifier)->responses().verify(message, trust.params)) == "accepted";
        }) == 0);
}

TEST_CASE("requests are signed side by side") {
  Trust trust;
  trust.sp.signing = key_pair(authority());
  trust.idp.sign_requests = true;
  const auto build = [&] {
    const auto built =
        saml::build_authn_request(trust.sp, trust.idp, {"id1", forge::Options{}.now, "", "state"});
    return built ? built->url : "";
  };
  const std::string expected = build();  // PKCS #1 v1.5 is deterministic
  REQUIRE(expected.find("&Signature=") != std::string::npos);
  CHECK(failures([&](int, int) { return build() == expected; }) == 0);
}

TEST_CASE("the back channel is asked side by side") {
  HttpsBackChannel channel;
  CHECK(failures([&](int, int round) {
          if (round >= 5) return true;
          const auto answer = channel.post({"http://127.0.0.1:9/soap", "<x/>", ""});
          return !answer;
        }) == 0);
}
