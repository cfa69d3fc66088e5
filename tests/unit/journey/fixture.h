#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <map>
#include <memory>
#include <string>

#include "anteroom/site.h"
#include "anteroom/store.h"
#include "crypto/encoding.h"
#include "host/blocking_ports.h"
#include "support/fakes.h"
#include "support/forge.h"

namespace anteroom::test {

/// Answers statements by name; counts them.
class FakeDatabase : public Database {
 public:
  std::map<std::string, std::function<Result<Rows>(const Params&)>> answers;
  /// Statements that are answered when the test does it: whom to tell.
  std::map<std::string, std::vector<std::function<void(Result<Rows>)>>*> later;
  std::map<std::string, int> calls;
  std::map<std::string, Params> last;

  void execute(const Statement& statement, Params params,
               std::function<void(Result<Rows>)> done) override {
    ++calls[statement.name];
    last[statement.name] = params;
    if (const auto waits = later.find(statement.name); waits != later.end()) {
      waits->second->push_back(std::move(done));
      return;
    }
    const auto found = answers.find(statement.name);
    done(found == answers.end()
             ? Result<Rows>(Failure{code::kDatabaseUnavailable, "no such answer"})
             : found->second(params));
  }
  void give(const std::string& name, std::vector<Cell> row) {
    answers[name] = [row](const Params&) { return Rows{{row}}; };
  }
};

class FakeMemory : public SessionMemory {
 public:
  int forgotten = 0;
  void forget(const TokenHash&) override { ++forgotten; }
};

/// The first word of a page that may be a token or a sealed value: as long, and at random; empty if
/// there is none. The place to return to (`r`) is sealed and opens nothing.
inline std::string sealed_in(std::string_view page) {
  constexpr std::string_view kWord =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr std::size_t kTokenLength = 43;
  for (std::size_t start = 0; start < page.size();) {
    const std::size_t end = std::min(page.find_first_not_of(kWord, start), page.size());
    const std::string_view before = page.substr(0, start);
    const std::string_view word = page.substr(start, end - start);
    const bool is_place = before.ends_with("name=\"r\" value=\"") || before.ends_with("?r=");
    const auto has = [word](int (*is)(int)) { return std::any_of(word.begin(), word.end(), is); };
    const bool is_random = has(std::isupper) && has(std::islower) && has(std::isdigit);
    if (word.size() >= kTokenLength && is_random && !is_place) return std::string(word);
    start = end + 1;
  }
  return "";
}

/// Answers with what it is given; keeps the last call.
class FakeBackChannel : public BackChannel {
 public:
  std::function<Result<std::string>(const BackChannelCall&)> answer;
  int calls = 0;
  Result<std::string> post(const BackChannelCall& call) override {
    ++calls;
    return answer ? answer(call) : Result<std::string>(Failure{code::kBackChannel, "nobody"});
  }
};

/// Everything counted, as lines.
class FakeMeter : public Meter {
 public:
  std::vector<std::string> counted;
  std::vector<std::string> refusals;
  int verifications = 0;
  std::optional<std::chrono::milliseconds> offset;

  void started(std::string_view idp) override { add("started", idp, ""); }
  void returned(std::string_view idp) override { add("returned", idp, ""); }
  void ended(std::string_view idp, Stage stage, Code code) override {
    constexpr const char* kStages[] = {"start", "response", "session"};
    add(kStages[static_cast<std::size_t>(stage)], idp, code.name);
  }
  void refused(Code code) override { refusals.emplace_back(code.name); }
  void verified(std::chrono::microseconds) override { ++verifications; }
  void clock_seen(std::string_view, std::chrono::milliseconds seen) override { offset = seen; }

 private:
  void add(const std::string& what, std::string_view idp, std::string_view code) {
    counted.push_back(what + " " + std::string(idp) + " " + std::string(code));
  }
};

inline const forge::Authority& journey_authority() {
  static const forge::Authority kAuthority = forge::make_authority();
  return kAuthority;
}

/// A site with a login host and one app host, two companies, and everything faked that is outside.
struct World {
  std::shared_ptr<Settings> settings = std::make_shared<Settings>();
  FakeDatabase database;
  FakeClock clock{forge::Options{}.now};
  FakeRandom random;
  FakeLog log;
  InlineWorker worker;
  FakeMemory memory;
  FakeBackChannel back_channel;
  FakeMeter meter;
  std::unique_ptr<Site> site;
  std::string record;                   ///< the session that any token has; empty: none
  std::vector<SessionUse> uses;         ///< of the look-ups so far
  std::chrono::seconds sign_on_age{0};  ///< of that session

  World() {
    database.answers["scim_token_keys"] = [](const Params&) {
      const auto hash = hash_token("scim_" + std::string(43, 'A'));
      const std::string hex = crypto::to_hex(std::string(hash->begin(), hash->end()));
      return Rows{{{"corp", hex}, {"other", hex}}};
    };
    auto& sp = settings->service_provider;
    sp.entity_id = "https://sp.test";
    sp.origin = {"https://login.test", "login.test"};
    sp.acs_path = "/saml2/idpresponse";
    sp.acs_url = "https://login.test/saml2/idpresponse";
    sp.slo_path = "/saml2/logout";
    sp.slo_url = "https://login.test/saml2/logout";
    sp.pages_prefix = "/auth";
    sp.landing_url = "https://login.test/home";
    sp.apps = {sp.origin, {"https://app.test", "app.test"}};
    settings->sessions.cookie_keys = {Secret(std::string(32, 'k'))};
    settings->access.levels = {"viewer", "manager"};
    settings->identity_providers = {idp("corp", "https://idp.test/"),
                                    idp("other", "https://other-idp.test/")};
    database.give("audit", {});
    database.answers["property_names"] = [](const Params&) { return Rows{}; };
    start();
  }

  void start(const std::shared_ptr<const KeptCompanies>& kept = nullptr, bool is_keeper = false) {
    // Reading all templates takes most of a test's time; what they depend on is the same for all.
    static const auto kPages = std::make_shared<const pages::Renderer>(*settings);
    FirstCompanies first = first_companies(settings, kept);
    first.is_keeper = is_keeper;
    site = std::make_unique<Site>(
        settings, first, kPages,
        Ports{database, worker, clock, random, log, memory, back_channel, meter},
        [this](const TokenHash&, std::string_view, SessionUse use,
               std::function<void(Result<std::string>)> done) {
          uses.push_back(use);
          done(record);
        });
  }

  static IdentityProvider idp(const std::string& name, const std::string& entity_id) {
    IdentityProvider idp;
    idp.name = name;
    idp.display_name = name;
    idp.preset = "generic";
    idp.domains = {name + ".test"};
    idp.button = "Log In with " + name;
    idp.email_attributes = {"mail"};
    idp.metadata.entity_id = entity_id;
    idp.metadata.sso_redirect_url = "https://" + name + "-idp.test/sso";
    idp.metadata.sso_post_url = idp.metadata.sso_redirect_url;
    idp.metadata.signing_certificates_der = {journey_authority().certificate_der};
    return idp;
  }

  /// As a worker knows a company of the database before anybody signs on there. Before start().
  void make_summary(IdentityProvider& idp) {
    const std::string xml = forge::make_metadata(
        idp.metadata.entity_id, idp.metadata.sso_redirect_url, {journey_authority()});
    idp.metadata.is_summary = true;
    idp.metadata.signing_certificates_der.clear();
    idp.metadata_number = 3;
    database.answers["metadata_of_company"] = [xml](const Params& params) {
      return params[1] == "3" ? Rows{{{xml}}} : Rows{};
    };
  }

  /// It ends in two hours, a grant in one, and it was used a minute ago.
  [[nodiscard]] SessionTimes times() const {
    const Time now = clock.now();
    return {now + std::chrono::hours(1), now - sign_on_age, now + std::chrono::hours(2),
            now + settings->sessions.idle_timeout - std::chrono::minutes(1)};
  }

  void sign_in_as(UserStatus status, const std::string& level,
                  const std::string& origin = "https://login.test", const std::string& news = "",
                  const std::string& user = "user") {
    const std::string properties = level.empty() ? "" : "*=" + level;
    const SessionFields own{"ref",  user,  "ann@corp.test", "Ann", "corp",
                            origin, level, properties,      "",    news};
    record = std::string(SessionRecord(status, times(), own).bytes());
  }

  /// A session with these grants.
  [[nodiscard]] std::string record_with(const std::string& level, const std::string& grants) const {
    const SessionFields own{"ref", "user", "ann@corp.test", "Ann", "corp", "https://login.test",
                            level, grants};
    const Time now = clock.now();
    return std::string(
        SessionRecord(UserStatus::active, {now + std::chrono::hours(1), now}, own).bytes());
  }

  struct Ask {
    std::string method = "GET";
    std::string host = "login.test";
    std::string path = "/";
    std::string query = "";
    std::string body = "";
    std::string cookie = "";
    std::string origin = "https://login.test";
    std::string content_type = "application/x-www-form-urlencoded";
    std::string accept = "text/html";
    std::string sec_fetch_site = "";
    std::string accept_language = "";
  };
  static Request request(const Ask& ask) {
    RequestHead head;
    head.method = ask.method;
    head.path = ask.path;
    head.query = ask.query;
    head.client_address = "192.0.2.1";
    head.headers.host = ask.host;
    head.headers.cookie = ask.cookie;
    head.headers.accept = ask.accept;
    head.headers.accept_language = ask.accept_language;
    head.headers.content_type = ask.content_type;
    head.headers.sec_fetch_site = ask.sec_fetch_site;
    if (ask.method == "POST") head.headers.origin = ask.origin;
    return {head, ask.body};
  }
  Response answer(const Ask& ask) {
    Response response = wait(site->handle(request(ask)));
    if (response.compression != Compression::never) CHECK(sealed_in(response.content()) == "");
    return response;
  }
};

inline std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}
inline std::vector<std::string> headers(const Response& response, const std::string& name) {
  std::vector<std::string> all;
  for (const auto& [key, value] : response.headers) {
    if (key == name) all.push_back(value);
  }
  return all;
}
/// "name=value" of a Set-Cookie.
inline std::string pair_of(const std::string& set_cookie) {
  return set_cookie.substr(0, set_cookie.find(';'));
}

inline constexpr const char* kSessionCookieHeader =
    "__Host-anteroom=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

}  // namespace anteroom::test
