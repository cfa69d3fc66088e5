// Everything operations configure, checked. Const once loaded; one per configuration generation.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom {

/// A value that must not be logged: it has no stream operator and says its name instead of itself.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// scheme://host[:port], lower case, default port left out. Built by the one URL parser
/// (core/src/http).
struct Origin {
  std::string text;       ///< "https://app.example.com:8443"
  std::string authority;  ///< "app.example.com:8443", what a Host header holds
};

/// Where a key of our own is in its life. `next` (FILE.next): made, accepted, not used yet.
/// `previous` (FILE.previous): accepted still, not used any more.
enum class KeyStage : std::uint8_t { current, next, previous };

struct KeyPair {
  Secret private_key_pem;
  std::string certificate_pem;
  KeyStage stage = KeyStage::current;
  std::string key_file = {};
  std::string certificate_file = {};
};

struct KeyFile {
  std::string file;
  KeyStage stage = KeyStage::current;
};

struct ServiceProviderSettings {
  std::string entity_id;     ///< any non-empty string; may be a URN
  Origin origin;             ///< of base_url: the login host
  std::string acs_path;      ///< "/saml2/idpresponse"
  std::string acs_url;       ///< origin + acs_path
  std::string slo_path;      ///< "/saml2/logout"
  std::string slo_url;       ///< origin + slo_path
  std::string pages_prefix;  ///< "/auth": all other pages live below it
  std::string landing_url;   ///< where one lands without having asked for a page (absolute)
  std::vector<Origin> apps;  ///< every origin served, the login host's among them
  std::optional<KeyPair> signing;
  std::vector<KeyPair> other_signing;  ///< not used, but named in our metadata
  bool sign_metadata = false;
  std::vector<KeyPair> decryption;  ///< all are tried; IdPs learn of the first only

  /// True for the paths (undecoded) that we answer ourselves, on every host of ours: acs_path,
  /// slo_path, pages_prefix and all below it.
  [[nodiscard]] bool owns(std::string_view path) const {
    return path == acs_path || path == slo_path || is_below_prefix(path);
  }
  /// Likewise for pages_prefix and all below it.
  [[nodiscard]] bool is_below_prefix(std::string_view path) const {
    return path.starts_with(pages_prefix) &&
           (path.size() == pages_prefix.size() || path[pages_prefix.size()] == '/');
  }
};

enum class RequestBinding { redirect, post };
enum class ResponseBinding { post, artifact };
enum class LogoutBinding { off, redirect, post };
enum class ExpiredCertificate { warn, reject };

/// A signing certificate of an IdP, as far as people ask about it.
struct IdpCertificate {
  std::string fingerprint;  ///< SHA-256, upper-case hex with colons
  std::string subject;
  Time not_after;

  bool operator==(const IdpCertificate&) const = default;
};

/// What an IdP's metadata says that we use (saml-metadata 2.4.3). There is a key and a sign-on
/// address in what was read.
struct IdpMetadata {
  std::string entity_id;
  std::string sso_redirect_url;           ///< empty if the IdP has none
  std::string sso_post_url;               ///< empty if the IdP has none
  std::string slo_redirect_url;           ///< empty if the IdP has none
  std::string slo_redirect_response_url;  ///< where responses go instead; empty: the same
  std::string slo_post_url;               ///< empty if the IdP has none
  std::string slo_post_response_url;
  std::map<int, std::string> artifact_urls;  ///< ArtifactResolutionService by index
  std::vector<std::string>
      signing_certificates_der;              ///< those of usable keys, in document order, DER bytes
  std::vector<IdpCertificate> certificates;  ///< what each of them says, in the same order
  /// A company in the database, before anybody signs on there: all of this but the DER bytes.
  /// Nothing can be verified with it.
  bool is_summary = false;
  /// validUntil, the earliest where there are several: nothing is accepted afterwards.
  std::optional<Time> valid_until;
  bool wants_signed_requests = false;        ///< WantAuthnRequestsSigned
  std::vector<std::string> name_id_formats;  ///< NameIDFormat; none: it does not say
  /// What in it is odd or left out, and why, for operators; at most 20.
  std::vector<std::string> remarks;
};

/// Where an IdP's metadata comes from.
struct MetadataSource {
  std::string idp;              ///< its name
  std::string file;             ///< what is read when loading; with a URL: the last good copy
  std::string url;              ///< https; empty: the file stays as it is
  std::string ca_pem;           ///< trusted for the URL; empty: the system's
  std::string certificate_der;  ///< whose key must have signed it; empty: it need not be signed
  std::chrono::seconds refresh_every{std::chrono::hours(6)};
};

/// Single logout with one IdP (saml-profiles 4.4).
struct SingleLogout {
  LogoutBinding binding = LogoutBinding::off;  ///< for our messages; its own come by either
  std::string request_url;
  std::string response_url;
  bool answer = true;  ///< send a LogoutResponse to its LogoutRequests
  /// Issuers of logout messages besides the entity ID.
  std::vector<std::string> issuers;
};

/// What membership in a group of the company's directory gives (SCIM).
struct GroupAccess {
  std::string group;  ///< its display name, compared without case
  std::string level;
  std::vector<std::string> properties;  ///< keys; "*": all
};

/// What a value gives that the company asserts of somebody who signs on.
struct ValueAccess {
  std::string value;  ///< compared as it is, byte by byte
  std::string level;
  std::vector<std::string> properties;  ///< keys; "*": all
};

/// Access by what the company asserts.
struct AssertedAccess {
  std::string attribute;            ///< in whose values it is asserted
  std::vector<ValueAccess> values;  ///< empty: there is no table
};

struct IdentityProvider {
  std::string name;         ///< [a-z0-9][a-z0-9-]*: stable, kept in user records
  int metadata_number = 0;  ///< which version of its metadata; 0: it is not the database's
  std::string display_name;
  std::string preset;                ///< "entra", "adfs", "okta", "google", "keycloak", "generic"
  std::vector<std::string> domains;  ///< lower case ASCII
  std::string button;                ///< in English, unless YAML says it
  std::string button_of;  ///< what a reader of another language logs in with; empty: YAML says it
  IdpMetadata metadata;
  MetadataSource metadata_source;
  RequestBinding request_binding = RequestBinding::redirect;
  ResponseBinding response_binding = ResponseBinding::post;  ///< what we ask for
  std::string back_channel_ca_pem;  ///< trusted for its ArtifactResolutionService; empty: system
  bool sign_requests = false;
  bool send_login_hint = true;
  bool force_authn = false;    ///< ForceAuthn at every sign-on
  bool passive_first = false;  ///< a silent attempt (IsPassive) before the sign-on page
  std::vector<std::string> authn_contexts;  ///< class references, one of which is demanded
  std::string name_id_format;               ///< NameIDPolicy/@Format; empty: no NameIDPolicy
  bool allow_unsolicited = false;
  bool allow_sha1 = false;
  bool allow_rsa_pkcs1 = false;  ///< key transport by PKCS#1 v1.5
  SingleLogout logout;
  ExpiredCertificate expired_certificate = ExpiredCertificate::warn;
  /// Attribute names tried in order; the special name "NameID" stands for the assertion's NameID.
  std::vector<std::string> email_attributes;
  std::vector<std::string>
      name_attributes;  ///< display name; joined with a space where two are parts
  /// All must be present; their values joined with '/' are the person's stable identifier at this
  /// IdP. Empty: the IdP offers none, and the email itself is the identifier.
  std::vector<std::string> subject_attributes;
  std::vector<GroupAccess> scim_groups;
  AssertedAccess asserted;
  [[nodiscard]] const std::string& sign_on_url() const {
    return request_binding == RequestBinding::redirect ? metadata.sso_redirect_url
                                                       : metadata.sso_post_url;
  }
  /// Why nobody signs on there, for operators; empty: somebody does. What a company says of itself
  /// closes that company, and nothing else.
  std::string closed;
};

/// How long what is over is kept in the database.
struct Retention {
  std::chrono::seconds audit{0};                                  ///< 0: for ever
  std::chrono::seconds requests{0};                               ///< once decided; 0: for ever
  std::chrono::seconds transcripts{std::chrono::hours(24 * 30)};  ///< 0: none are kept
};

struct DatabaseSettings {
  std::string
      connection;     ///< libpq connection string or URI, without a password where one can avoid it
  Secret password;    ///< from password_file; empty: as libpq finds it
  int pool_size = 4;  ///< connections per worker process
  int queue_size = 256;  ///< statements waiting per worker process
  std::chrono::milliseconds statement_timeout{3000};
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::seconds grace{300};  ///< how long known sessions go on while the database is away
  Retention keep;
};

struct SessionSettings {
  std::chrono::seconds lifetime{std::chrono::hours(12)};
  std::chrono::seconds idle_timeout{std::chrono::hours(2)};
  std::chrono::seconds sign_on_timeout{std::chrono::minutes(15)};  ///< life of a login state
  std::chrono::seconds cache_ttl{60};                              ///< with the listener up
  std::size_t cache_bytes = 32u << 20;                             ///< shared memory of one node
  /// 32-byte AES-256 keys; the first seals, all open.
  std::vector<Secret> cookie_keys;
  std::vector<KeyFile> cookie_key_files;  ///< of each of them
};

struct AccessSettings {
  std::vector<std::string> levels;  ///< lowest first, unique, [a-z][a-z0-9_-]*
  std::string request_new_users;    ///< level that may file a New User request
  std::string process_requests;     ///< level that may decide on one
  std::string connect_companies;    ///< level that may, at all properties, connect companies
  /// companies.two_people: going live, and a live company's other metadata, domains and address of
  /// metadata, wait until another person confirms them.
  bool two_connect_companies = false;
};

struct PageSettings {
  std::string product_name = "Anteroom";
  std::string logo;                ///< bytes of an image, empty: none
  std::string logo_type;           ///< its media type
  std::string accent = "#1b5e9b";  ///< CSS colour, #rrggbb
  std::string support_email;
  std::string support_phone;
  std::string support_url;
  std::string privacy_url;
  /// How often an open Waiting Room is sent a sign of life.
  std::chrono::seconds stream_heartbeat{55};
  std::string templates_directory;  ///< empty: none overridden
  /// Template name to its text, read from templates_directory at load time.
  std::map<std::string, std::string> templates;
};

/// How people are told what happens outside their browser.
struct MailSettings {
  std::string from_address;  ///< canonical
  std::string from_name;
  std::string smtp_url;  ///< "smtp://mail.example.com:587", "smtps://…"
  bool starttls = true;  ///< smtp: TLS or nothing
  std::string user;      ///< empty: no authentication
  Secret password;
  std::string ca_pem;               ///< the only authorities to trust; empty: the system's
  std::string language = "en";      ///< where a letter names none
  std::string templates_directory;  ///< empty: none overridden
  /// "access_approved.en.html" to its text, read from templates_directory at load time.
  std::map<std::string, std::string> templates;
  std::vector<std::string> notify;  ///< canonical addresses that get the digest
  std::vector<std::string> warn;    ///< canonical addresses that are told of what ends soon
  std::chrono::seconds digest_every{std::chrono::hours(1)};
  std::chrono::seconds remind_after{std::chrono::hours(72)};
  std::chrono::seconds max_age{std::chrono::hours(72)};  ///< then a letter is given up
};

/// Of companies in the database.
struct CompanySettings {
  /// Resolvers that are asked whether domains are proven: "192.0.2.1:5353"; none: the system's.
  std::vector<std::string> dns_servers;
  /// A draft goes live when its administrator hands it in with every domain proven.
  bool self_service = false;
  /// A directory of the workers' own, where a node keeps what it knows of them; empty: nowhere.
  std::string kept_in;
};

struct Settings {
  ServiceProviderSettings service_provider;
  /// To be asked by way of a CompanyDirectory.
  std::vector<IdentityProvider> identity_providers;
  std::string identity_providers_directory;  ///< absolute; empty: none
  bool skip_email_page = false;              ///< with exactly one identity provider
  CompanySettings companies;
  DatabaseSettings database;
  SessionSettings sessions;
  AccessSettings access;
  PageSettings pages;
  std::optional<MailSettings> mail;  ///< none: nothing is delivered
  std::chrono::seconds clock_skew{120};
};

/// One thing wrong with a configuration. `line` and `column` count from 1; 0: not tied to a place.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  bool is_warning = false;
};

struct LoadedSettings {
  std::shared_ptr<const Settings> settings;  ///< null if any problem is an error
  std::vector<Problem> problems;             ///< all of them, in order of file and place
  /// Those with a URL, also where something else is broken: what is fetched may be what mends it.
  std::vector<MetadataSource> metadata_sources;
};

/// Reads and checks `file` and all that it names. Opens no socket. Never throws.
[[nodiscard]] LoadedSettings load_settings(const std::string& file,
                                           std::chrono::system_clock::time_point now);

/// "anteroom.yaml:12:3: error: …"
[[nodiscard]] std::string to_string(const Problem& problem);

}  // namespace anteroom
