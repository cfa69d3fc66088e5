#include <algorithm>
#include <set>

#include "config/files.h"
#include "config/readers.h"

namespace anteroom {

namespace {

using namespace config;
using namespace std::chrono_literals;

std::vector<ReadIdp> read_directory(Problems& problems, Section& root,
                                    const ServiceProviderSettings& sp, const std::string& directory,
                                    Time now) {
  std::vector<ReadIdp> idps;
  std::error_code error;
  const std::set<std::string> files = yaml_files_in(directory, error);
  if (error) {
    root.error("identity_providers_directory", directory + ": " + error.message());
    return idps;
  }
  for (const std::string& file : files) {
    const YAML::Node node = read_yaml(problems, file);
    if (!node.IsDefined()) continue;
    if (node.IsNull()) {
      problems.error({file, -1, -1}, "the file is empty");
      continue;
    }
    idps.push_back(read_identity_provider(
        Section(problems, file, "identity_providers", node, {file, -1, -1}), sp, now));
  }
  return idps;
}

std::vector<MetadataSource> sources_of(const std::vector<ReadIdp>& idps) {
  std::vector<MetadataSource> sources;
  for (const ReadIdp& read : idps) {
    const MetadataSource& source = read.idp.metadata_source;
    if (!source.url.empty() && !source.file.empty()) sources.push_back(source);
  }
  return sources;
}

std::shared_ptr<const Settings> read_settings(Problems& problems, const std::string& file, Time now,
                                              std::vector<MetadataSource>& sources) {
  const YAML::Node node = read_yaml(problems, file);
  if (!node.IsDefined()) return nullptr;
  if (node.IsNull()) {
    problems.error({file, -1, -1}, "the file is empty");
    return nullptr;
  }
  Section root(problems, file, "", node, {file, 0, 0});
  auto settings = std::make_shared<Settings>();
  settings->service_provider = read_service_provider(root.section("service_provider"), now);
  std::vector<ReadIdp> idps;
  for (Section& section : root.sections("identity_providers")) {
    idps.push_back(read_identity_provider(section, settings->service_provider, now));
  }
  if (const auto directory = root.text("identity_providers_directory");
      directory && !directory->empty()) {
    settings->identity_providers_directory = root.resolve(*directory);
    auto more = read_directory(problems, root, settings->service_provider,
                               settings->identity_providers_directory, now);
    std::move(more.begin(), more.end(), std::back_inserter(idps));
  }
  check_identity_providers(problems, idps);
  sources = sources_of(idps);
  for (ReadIdp& read : idps) settings->identity_providers.push_back(std::move(read.idp));
  settings->skip_email_page = root.boolean_or("skip_email_page", false);
  if (settings->skip_email_page && settings->identity_providers.size() != 1) {
    root.error("skip_email_page", "'skip_email_page' needs exactly one identity provider");
  }
  for (const IdentityProvider& idp : settings->identity_providers) {
    if (idp.passive_first && !settings->skip_email_page) {
      problems.warn(root.place(), "'passive_first' of '" + idp.name +
                                      "' has no effect without 'skip_email_page': who comes is "
                                      "not known before an email address is entered");
    }
  }
  if (idps.empty()) {
    problems.warn(
        root.place(),
        "there is no identity provider yet: nobody signs in but at companies in the database");
  }
  settings->database = read_database(root.section("database"));
  settings->sessions = read_sessions(root.section("sessions"));
  settings->access = read_access(root.section("access"), root.section("manage"));
  check_levels(problems, idps, settings->access);
  settings->companies = read_companies(root.section("companies"), settings->access);
  settings->pages = read_pages(root.section("pages"));
  if (root.has("mail")) {
    settings->mail = read_mail(root.section("mail"), settings->pages.product_name);
  }
  settings->clock_skew = std::chrono::duration_cast<std::chrono::seconds>(
      root.duration_or("clock_skew", 120s, 0s, 300s));
  return settings;
}

}  // namespace

LoadedSettings load_settings(const std::string& file, std::chrono::system_clock::time_point now) {
  Problems problems;
  LoadedSettings loaded;
  try {
    loaded.settings =
        read_settings(problems, file, std::chrono::time_point_cast<std::chrono::microseconds>(now),
                      loaded.metadata_sources);
  } catch (const std::exception& error) {
    problems.error({file, -1, -1}, std::string("cannot be read: ") + error.what());
  }
  if (problems.has_error()) loaded.settings = nullptr;
  loaded.problems = problems.sorted();
  return loaded;
}

}  // namespace anteroom
