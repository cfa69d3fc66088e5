#include "anteroom/company_import.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/files.h"
#include "config/row_keys.h"

namespace anteroom {

namespace {

using namespace config;
using Json = nlohmann::ordered_json;

template <std::size_t n>
bool is_among(const std::array<std::string_view, n>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// What was not quoted may be a truth value or a number.
Json scalar_of(const YAML::Node& node) {
  const bool is_quoted = node.Tag() == "!";
  bool truth = false;
  if (!is_quoted && YAML::convert<bool>::decode(node, truth)) return truth;
  long number = 0;
  if (!is_quoted && YAML::convert<long>::decode(node, number)) return number;
  return node.Scalar();
}

Json json_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar_of(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& element : node) list.push_back(json_of(element));
      return list;
    }
    case YAML::NodeType::Map: {
      Json map = Json::object();
      for (const auto& entry : node) map[entry.first.as<std::string>()] = json_of(entry.second);
      return map;
    }
    default:
      return nullptr;
  }
}

std::vector<std::string> texts_of(const YAML::Node& node) {
  std::vector<std::string> texts;
  if (node.IsScalar()) texts.push_back(node.Scalar());
  if (node.IsSequence()) {
    for (const YAML::Node& element : node) texts.push_back(element.as<std::string>());
  }
  return texts;
}

std::string text_of(const YAML::Node& node, const char* key, const std::string& otherwise) {
  const YAML::Node value = node[key];
  return value.IsDefined() && value.IsScalar() ? value.Scalar() : otherwise;
}

// Rows have the certificates themselves.
std::string certificates_of(const std::filesystem::path& directory, const YAML::Node& node) {
  std::string value = node.IsScalar() ? node.Scalar() : "";
  if (value.starts_with(kPemBegins)) return value;
  std::ifstream file(directory / value, std::ios::binary);
  std::string pem{std::istreambuf_iterator<char>(file), {}};
  return file && pem.find(kPemBegins) != std::string::npos ? pem.substr(pem.find(kPemBegins)) : "";
}

MovableCompany company_in(const std::string& file, const YAML::Node& node) {
  MovableCompany company;
  store::CompanyRow& row = company.row;
  row.state = "live";
  row.name = text_of(node, "name", "");
  row.display_name = text_of(node, "display_name", row.name);
  if (node["domains"].IsDefined()) row.domains = texts_of(node["domains"]);
  Json settings = Json::object();
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    if (is_among(kCertificates, name)) {
      settings[name] = certificates_of(std::filesystem::path(file).parent_path(), entry.second);
    } else if (!is_among(kInPlacesOfTheirOwn, name)) {
      settings[name] = json_of(entry.second);
    }
  }
  row.settings = settings.dump();
  company.metadata_file =
      (std::filesystem::path(file).parent_path() / text_of(node, "metadata", ""))
          .lexically_normal();
  return company;
}

}  // namespace

std::vector<MovableCompany> movable_companies(const std::string& file) {
  Problems problems;
  std::vector<MovableCompany> companies;
  const YAML::Node root = read_yaml(problems, file);
  for (const YAML::Node& node : root["identity_providers"]) {
    companies.push_back(company_in(file, node));
  }
  const std::string named = text_of(root, "identity_providers_directory", "");
  if (named.empty()) return companies;
  std::error_code error;
  const auto directory = std::filesystem::path(file).parent_path() / named;
  for (const std::string& one : yaml_files_in(directory, error)) {
    companies.push_back(company_in(one, read_yaml(problems, one)));
  }
  if (error) throw std::runtime_error(directory.string() + ": " + error.message());
  return companies;
}

}  // namespace anteroom
