#include "services/metadata_copy.h"

#include <nlohmann/json.hpp>

#include "anteroom/metadata_fetch.h"
#include "anteroom/saml.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "host/files.h"
#include "services/metadata_rules.h"

namespace anteroom::services {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using std::chrono::seconds;

std::int64_t to_number(Time time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

Time to_time(const Json& json, const char* key) {
  return Time(seconds(json.value(key, std::int64_t{0})));
}

std::string sha256_of(std::string_view bytes) {
  const auto digest = crypto::digest(crypto::Hash::sha256, bytes);
  return digest ? crypto::to_hex(*digest) : "";
}

std::string bytes_of(const std::string& file) {
  return fs::exists(file) ? read_file(file) : "";
}

// A copy that has expired still says whose it is.
std::optional<IdpMetadata> parsed_copy(const MetadataSource& source, const std::string& copy) {
  if (copy.empty()) return std::nullopt;
  auto parsed = saml::parse_idp_metadata(copy, Time{}, source.certificate_der);
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

Result<IdpMetadata> judged(const MetadataSource& source, const std::string& xml,
                           const std::optional<IdpMetadata>& current, Time now) {
  auto next = saml::parse_idp_metadata(xml, now, source.certificate_der);
  if (!next) return next.failure();
  if (Status fine = saml::check_successor(current.value_or(*next), *next, now,
                                          !source.certificate_der.empty());
      !fine) {
    return fine.failure();
  }
  return next;
}

// Compares, judges, replaces. `state` is what becomes of it.
Refreshed take(const MetadataSource& source, const MetadataAnswer& answer, const std::string& copy,
               MetadataState& state, Time now) {
  if (answer.is_unchanged || answer.xml == copy) {
    // A server that says "not modified" need not repeat what it calls the copy.
    if (!answer.etag.empty()) state.etag = answer.etag;
    if (!answer.last_modified.empty()) state.last_modified = answer.last_modified;
    state.sha256 = sha256_of(copy);
    const auto still = saml::parse_idp_metadata(copy, now, source.certificate_der);
    if (!still) return {Refreshed::Outcome::failed, still.failure().detail};
    return {Refreshed::Outcome::unchanged, ""};
  }
  const auto current = parsed_copy(source, copy);
  const auto next = judged(source, answer.xml, current, now);
  if (!next) return {Refreshed::Outcome::failed, next.failure().detail};
  // Before the copy: whoever is stopped between the two still has it announced.
  state.is_pending = true;
  write_metadata_state(source, state);
  replace_file(source.file, answer.xml, {});
  state.etag = answer.etag;
  state.last_modified = answer.last_modified;
  state.sha256 = sha256_of(answer.xml);
  return {Refreshed::Outcome::changed, difference(current, *next)};
}

Refreshed attempt(const MetadataSource& source, MetadataState& state, Time now) {
  const std::string copy = bytes_of(source.file);
  // Validators belong to one URL and one copy: not to one that somebody put there by hand.
  const bool is_known = state.url == source.url && !copy.empty() && state.sha256 == sha256_of(copy);
  if (!is_known) state.etag = state.last_modified = "";
  state.url = source.url;
  const auto answer = fetch_metadata({source.url, source.ca_pem, state.etag, state.last_modified});
  if (!answer) return {Refreshed::Outcome::failed, answer.failure().detail};
  return take(source, *answer, copy, state, now);
}

}  // namespace

MetadataState read_metadata_state(const MetadataSource& source) {
  MetadataState state;
  const std::string file = source.file + ".state";
  std::error_code error;
  if (!fs::exists(file, error)) return state;
  const Json json = Json::parse(read_file(file), nullptr, false);
  try {
    state.url = json.at("url");
    state.etag = json.value("etag", "");
    state.last_modified = json.value("last_modified", "");
    state.sha256 = json.value("sha256", "");
    state.checked_at = to_time(json, "checked_at");
    state.good_at = to_time(json, "good_at");
    state.next_at = to_time(json, "next_at");
    state.failures = json.value("failures", 0);
    state.error = json.value("error", "");
    state.is_pending = json.value("pending", false);
  } catch (const Json::exception&) {
    return {};
  }
  return state;
}

void write_metadata_state(const MetadataSource& source, const MetadataState& state) {
  const Json json{{"url", state.url},
                  {"etag", state.etag},
                  {"last_modified", state.last_modified},
                  {"sha256", state.sha256},
                  {"checked_at", to_number(state.checked_at)},
                  {"good_at", to_number(state.good_at)},
                  {"next_at", to_number(state.next_at)},
                  {"failures", state.failures},
                  {"error", state.error},
                  {"pending", state.is_pending}};
  try {
    replace_file(source.file + ".state",
                 json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", {});
  } catch (const FileError&) {  // NOLINT(bugprone-empty-catch): best effort
  }
}

std::optional<Time> last_heard_of(const MetadataSource& source, const MetadataState& state) {
  if (state.url == source.url && state.good_at != Time{}) return state.good_at;
  return written_at(source.file);
}

Refreshed refresh_metadata(const MetadataSource& source, Time now, double spread) {
  MetadataState state = read_metadata_state(source);
  Refreshed done;
  try {
    done = attempt(source, state, now);
  } catch (const FileError& error) {
    done = {Refreshed::Outcome::failed, error.what()};
  }
  const bool is_good = done.outcome != Refreshed::Outcome::failed;
  state.checked_at = now;
  if (is_good) state.good_at = now;
  state.failures = is_good ? 0 : state.failures + 1;
  state.error = is_good ? "" : done.detail;
  std::optional<IdpMetadata> metadata;
  if (is_good) metadata = parsed_copy(source, bytes_of(source.file));
  state.next_at =
      now + pause_before_next(source.refresh_every, state.failures,
                              metadata ? metadata->valid_until : std::nullopt, now, spread);
  write_metadata_state(source, state);
  return done;
}

}  // namespace anteroom::services
