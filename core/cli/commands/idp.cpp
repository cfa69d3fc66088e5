#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "anteroom/company_rules.h"
#include "anteroom/metadata_fetch.h"
#include "anteroom/people.h"
#include "anteroom/saml.h"
#include "cli/commands/company_texts.h"
#include "cli/commands/console.h"
#include "host/files.h"
#include "services/metadata_copy.h"

namespace anteroom::cli {

namespace {

namespace fs = std::filesystem;

struct NewIdp {
  std::string name, display_name, preset = "generic", metadata, url, ca, button;
  std::vector<std::string> domains;
};

Json certificates_of(const IdentityProvider& idp) {
  Json list = Json::array();
  for (const IdpCertificate& one : idp.metadata.certificates) {
    list.push_back({{"subject", one.subject},
                    {"sha256", one.fingerprint},
                    {"not_after", date_of(one.not_after)}});
  }
  return list;
}

// JSON strings are YAML double-quoted scalars.
std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', true);
}

std::string yaml_of(const NewIdp& idp, bool signs_requests) {
  std::string text = "name: " + quoted(idp.name) + "\n";
  if (!idp.display_name.empty()) text += "display_name: " + quoted(idp.display_name) + "\n";
  text += "preset: " + quoted(idp.preset) + "\nmetadata: " + quoted(idp.name + ".xml") + "\n";
  if (!idp.url.empty()) text += "metadata_url: " + quoted(idp.url) + "\n";
  if (!idp.ca.empty()) text += "metadata_ca: " + quoted(fs::absolute(idp.ca).string()) + "\n";
  text += "domains:\n";
  for (const std::string& domain : idp.domains) text += "  - " + quoted(domain) + "\n";
  if (!idp.button.empty()) text += "button: " + quoted(idp.button) + "\n";
  if (signs_requests) text += "sign_requests: true  # its metadata wants it\n";
  return text;
}

fs::path directory_of(const Console& console, const Settings& settings) {
  if (settings.identity_providers_directory.empty()) {
    throw Abort{exit_refused,
                console.config_file +
                    " has no identity_providers_directory: add it, with a directory for one "
                    "file per customer"};
  }
  return settings.identity_providers_directory;
}

std::string metadata_of(const NewIdp& idp) {
  if (idp.url.empty() && idp.metadata.empty()) {
    throw Abort{exit_usage, "--metadata or --metadata-url is missing"};
  }
  if (idp.url.empty()) return read_file(idp.metadata);
  if (!idp.url.starts_with("https://")) {
    throw Abort{exit_refused, "'" + idp.url + "' is not an https URL"};
  }
  const auto answer = fetch_metadata({idp.url, idp.ca.empty() ? "" : read_file(idp.ca), "", ""});
  if (!answer) throw Abort{exit_refused, answer.failure().detail};
  return answer->xml;
}

/// What is worth knowing about a company's own file, or wrong with it.
std::vector<std::string> said_of(const fs::path& yaml, const LoadedSettings& loaded) {
  std::vector<std::string> said;
  for (const Problem& problem : loaded.problems) {
    const bool is_wrong = loaded.settings == nullptr && !problem.is_warning;
    const bool is_its_own = loaded.settings != nullptr && problem.file == yaml.string();
    if (is_wrong || is_its_own) said.push_back(to_string(problem));
  }
  return said;
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// How requests get there.
std::string way_of(const IdentityProvider& idp) {
  return std::string(idp.request_binding == RequestBinding::post ? "POST" : "Redirect") +
         (idp.sign_requests ? ", signed" : "");
}

void add(Console& console, const NewIdp& idp) {
  if (!is_company_name(idp.name)) {
    throw Abort{exit_refused,
                "'" + idp.name + "' is not a valid name: a-z, 0-9 and inner hyphens, at most 63"};
  }
  const Settings& before = console.settings();
  const fs::path directory = directory_of(console, before);
  const fs::path yaml = directory / (idp.name + ".yaml");
  const fs::path xml = directory / (idp.name + ".xml");
  if (fs::exists(yaml) || fs::exists(xml)) {
    throw Abort{exit_refused, "there is an identity provider file for " + idp.name +
                                  " already: " + yaml.string()};
  }
  const std::string metadata = metadata_of(idp);
  const auto now = std::chrono::system_clock::now();
  const auto parsed = saml::parse_idp_metadata(
      metadata, std::chrono::time_point_cast<std::chrono::microseconds>(now));
  if (!parsed) {
    throw Abort{exit_refused,
                (idp.url.empty() ? idp.metadata : idp.url) + ": " + parsed.failure().detail};
  }

  // The whole configuration decides: names, domains and entity IDs must be unique in it.
  std::error_code ignored;
  LoadedSettings loaded;
  const SignalsHeld held;
  try {
    replace_file(xml, metadata, {});
    const bool can_sign = before.service_provider.signing.has_value();
    replace_file(yaml, yaml_of(idp, can_sign && parsed->wants_signed_requests), {});
    loaded = load_settings(console.config_file, now);
  } catch (...) {
    fs::remove(yaml, ignored);
    fs::remove(xml, ignored);
    throw;
  }
  const std::vector<std::string> said = said_of(yaml, loaded);
  const auto after =
      loaded.settings == nullptr ? nullptr : std::make_unique<CompanyDirectory>(loaded.settings);
  const IdentityProvider* added = after == nullptr ? nullptr : after->by_name(idp.name);
  if (added == nullptr || !added->closed.empty()) {
    fs::remove(yaml, ignored);
    fs::remove(xml, ignored);
    throw Abort{exit_refused, lines_of(said) + "nothing was added"};
  }
  Json json = for_the_customer(loaded.settings->service_provider, added->name);
  json["added"] = idp.name;
  json["entity_id"] = parsed->entity_id;
  json["certificates"] = certificates_of(*added);
  json["requests"] = way_of(*added);
  json["warnings"] = said;
  console.say(lines_of(said) + "added " + idp.name + " (" + parsed->entity_id +
                  ")\nRequests go by " + way_of(*added) + "\n" + for_the_customer_text(json) +
                  (added->sign_requests ? "\n  Our metadata             " +
                                              loaded.settings->service_provider.origin.text +
                                              loaded.settings->service_provider.pages_prefix +
                                              "/metadata (it has the certificate of our requests)"
                                        : "") +
                  "\nTake it into service: nginx -t && nginx -s reload",
              json);
}

void list(Console& console) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const auto& company : console.companies().all()) {
    const IdentityProvider& idp = *company;
    rows.push_back({idp.name, joined_words(idp.domains), idp.preset, idp.metadata.entity_id});
    json.push_back({{"name", idp.name},
                    {"domains", idp.domains},
                    {"preset", idp.preset},
                    {"entity_id", idp.metadata.entity_id},
                    {"closed", idp.closed}});
  }
  console.table({"NAME", "DOMAINS", "PRESET", "ENTITY ID"}, rows, json);
}

std::string time_of(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto of_day = seconds - std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::hh_mm_ss clock{of_day};
  char text[16];
  (void)std::snprintf(text, sizeof text, " %02d:%02d UTC", static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()));
  return date_of(time) + text;
}

Json source_of(const IdentityProvider& idp) {
  const MetadataSource& source = idp.metadata_source;
  if (source.url.empty()) return {{"file", source.file}, {"url", nullptr}};
  const services::MetadataState state = services::read_metadata_state(source);
  return {{"file", source.file},
          {"url", source.url},
          {"good_at", state.good_at == Time{} ? "" : time_of(state.good_at)},
          {"error", state.error}};
}

std::string source_text(const Json& source) {
  std::string text = "metadata:   " + source["file"].get<std::string>() + "\n";
  if (source["url"].is_null()) return text + "            pinned: stays as it is\n";
  const std::string good = source["good_at"];
  const std::string error = source["error"];
  text += "            " + source["url"].get<std::string>() + "\n            " +
          (good.empty() ? "not refreshed yet" : "as it was there on " + good) + "\n";
  return error.empty() ? text : text + "            last attempt: " + error + "\n";
}

void show(Console& console, const std::string& name) {
  const Settings& settings = console.settings();
  const IdentityProvider* idp = &console.company(name);
  const Json certificates = certificates_of(*idp);
  std::string text = "name:       " + idp->name + "\nshown as:   " + idp->display_name +
                     "\nbutton:     " + idp->button +
                     "\ndomains:    " + joined_words(idp->domains) +
                     "\npreset:     " + idp->preset + "\nentity ID:  " + idp->metadata.entity_id +
                     "\nsign-on at: " + idp->sign_on_url() + " (" + way_of(*idp) + ")\n";
  if (!idp->closed.empty()) text = "CLOSED:     " + idp->closed + "\n" + text;
  for (const Json& c : certificates) {
    text += "key:        " + c["subject"].get<std::string>() + ", until " +
            c["not_after"].get<std::string>() + "\n            " + c["sha256"].get<std::string>() +
            "\n";
  }
  for (const std::string& remark : idp->metadata.remarks) text += "remark:     " + remark + "\n";
  const Json source = source_of(*idp);
  text += source_text(source);
  Json json = for_the_customer(settings.service_provider, idp->name);
  json["metadata"] = source;
  json["name"] = idp->name;
  json["display_name"] = idp->display_name;
  json["button"] = idp->button;
  json["domains"] = idp->domains;
  json["preset"] = idp->preset;
  json["entity_id"] = idp->metadata.entity_id;
  json["sso_url"] = idp->sign_on_url();
  json["requests"] = way_of(*idp);
  json["closed"] = idp->closed;
  json["remarks"] = idp->metadata.remarks;
  json["certificates"] = certificates;
  console.say(text + for_the_customer_text(json), json);
}

}  // namespace

void add_idp(CLI::App& app, Console& console) {
  auto* idp = app.add_subcommand("idp", "identity providers")->require_subcommand(1);
  idp->fallthrough();
  auto* add_command = idp->add_subcommand("add", "add a customer's identity provider");
  auto given = std::make_shared<NewIdp>();
  add_command->add_option("NAME", given->name, "a-z, 0-9 and hyphens; kept in user records")
      ->required();
  auto* file =
      add_command->add_option("--metadata", given->metadata, "federation metadata XML; stays so");
  auto* url = add_command->add_option("--metadata-url", given->url, "https; refreshed from there");
  url->excludes(file);
  add_command->add_option("--metadata-ca", given->ca, "PEM: whom alone to trust for the URL")
      ->needs(url);
  add_command->add_option("--domain", given->domains, "email domain; repeatable")->required();
  add_command->add_option("--display-name", given->display_name);
  add_command->add_option("--preset", given->preset)
      ->check(CLI::IsMember(kPresets))
      ->capture_default_str();
  add_command->add_option("--button", given->button, "the words on the button");
  add_command->callback([&console, given] { add(console, *given); });

  idp->add_subcommand("list", "list identity providers")->callback([&console] { list(console); });
  add_idp_refresh(*idp, console);
  add_idp_import(*idp, console);
  auto* end_command =
      idp->add_subcommand("end-sessions", "end every session begun with one, on all nodes");
  auto ended = std::make_shared<std::string>();
  end_command->add_option("NAME", *ended, "configured or not")->required();
  end_command->callback([&console, ended] {
    const int count = console.need(
        wait(store::end_company_sessions(console.database(), *ended, Console::actor())));
    console.say("ended " + std::to_string(count) + " sessions of " + *ended,
                {{"idp", *ended}, {"ended", count}});
  });

  auto* show_command = idp->add_subcommand("show", "show one, with what the customer must enter");
  auto name = std::make_shared<std::string>();
  show_command->add_option("NAME", *name)->required();
  show_command->callback([&console, name] { show(console, *name); });
}

}  // namespace anteroom::cli
