#include <exception>

#include "anteroom/companies.h"
#include "anteroom/saml.h"
#include "config/files.h"
#include "config/metadata_summary.h"
#include "config/readers.h"
#include "config/row_keys.h"

namespace anteroom {

namespace {

using namespace config;

void refuse_key(Problems& problems, const std::string& place, YAML::Node& node,
                std::string_view name) {
  const std::string key(name);
  if (!node[key].IsDefined()) return;
  problems.error({place, -1, -1}, "'" + key + "' is not a setting of a company in the database");
  node.remove(key);
}

void refuse_files(Problems& problems, const std::string& place, YAML::Node& node) {
  for (const auto name : kCertificates) {
    const std::string key(name);
    if (!node[key].IsDefined()) continue;
    if (node[key].IsScalar() && node[key].Scalar().starts_with(kPemBegins)) continue;
    problems.error({place, -1, -1},
                   "'" + key +
                       "' of a company in the database must be the certificates in PEM "
                       "themselves, not the name of a file: nodes share none");
    node.remove(key);
  }
}

void close_company(IdentityProvider& company, const std::string& why) {
  if (company.closed.empty()) company.closed = why;
}

std::optional<Result<IdpMetadata>> metadata_of(const store::CompanyRow& row,
                                               const std::string& pinned_certificate_der) {
  if (!row.summary.empty()) return read_summary(row.summary);
  if (row.metadata.empty()) return std::nullopt;
  return saml::parse_idp_metadata(row.metadata, Time{}, pinned_certificate_der);
}

ReadIdp read_row(Problems& problems, const store::CompanyRow& row, const Settings& settings,
                 Time now) {
  const std::string place = "company " + row.name;
  YAML::Node node = parse_yaml(problems, place, row.settings);
  if (!node.IsMap()) node = YAML::Node(YAML::NodeType::Map);
  for (const auto key : kInPlacesOfTheirOwn) refuse_key(problems, place, node, key);
  refuse_files(problems, place, node);
  node["name"] = row.name;
  node["display_name"] = row.display_name;
  node["domains"] = row.domains;
  return read_identity_provider(
      Section(problems, place, "identity_providers", node, {place, -1, -1}),
      settings.service_provider, now,
      [&row](const std::string& pinned) { return metadata_of(row, pinned); });
}

std::string first_error(const Problems& problems) {
  for (const Problem& problem : problems.sorted()) {
    if (!problem.is_warning) return problem.message;
  }
  return "";
}

}  // namespace

ReadCompany read_company(const store::CompanyRow& row, const Settings& settings, Time now) {
  Problems problems;
  std::vector<ReadIdp> read(1);
  try {
    read[0] = read_row(problems, row, settings, now);
    check_levels(problems, read, settings.access);
  } catch (const std::exception& error) {
    problems.error({"company " + row.name, -1, -1}, std::string("cannot be read: ") + error.what());
  }
  ReadCompany company{std::move(read[0].idp), problems.sorted()};
  company.company.name = row.name;
  company.company.metadata_number = row.metadata_number;
  if (company.company.display_name.empty()) company.company.display_name = row.display_name;
  if (row.state != "live") close_company(company.company, std::string(kSuspended));
  if (row.state == "live" && row.metadata.empty() && row.summary.empty()) {
    close_company(company.company, "it has no metadata");
  }
  if (problems.has_error()) close_company(company.company, first_error(problems));
  return company;
}

std::shared_ptr<const IdentityProvider> as_nodes_know(const store::CompanyRow& row,
                                                      const Settings& settings, Time now) {
  if (row.state != "live" && row.state != "suspended") return nullptr;
  return std::make_shared<const IdentityProvider>(read_company(row, settings, now).company);
}

}  // namespace anteroom
