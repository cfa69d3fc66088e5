#include "scim/request.h"

#include <algorithm>
#include <charconv>

#include "http/form.h"
#include "http/header_list.h"
#include "scim/codes.h"
#include "scim/document.h"
#include "scim/path.h"
#include "text/ascii.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kRandomCharacters = 43;

constexpr std::string_view kSearchUrn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

// Empty if it is absent.
Result<std::string> text_or_number(const Json& document, const char* name) {
  const Json* value = member(document, name);
  if (value == nullptr) return std::string();
  if (value->is_number_integer()) return value->dump();
  return read_text(*value, name, kMaxPath);
}

// A list of texts, with commas; or such a text.
Result<std::string> joined(const Json& document, const char* name) {
  const Json* value = member(document, name);
  if (value == nullptr || !value->is_array()) return text_or_number(document, name);
  std::string out;
  for (const Json& item : *value) {
    const auto text = read_text(item, name, kMaxPath);
    if (!text) return text.failure();
    out += (out.empty() ? "" : ",") + *text;
  }
  return out;
}

// nullopt if it is not an integer; one too large for an int counts as the largest.
std::optional<int> integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{}) return value;
  return text.starts_with('-') ? -1 : 1'000'000'000;
}

}  // namespace

std::string endpoint_of(const ServiceProviderSettings& sp, const std::string& idp) {
  return sp.origin.text + sp.pages_prefix + "/scim/v2/" + idp;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (!text::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const std::string_view token = authorization.substr(kScheme.size());
  if (token.size() != kTokenPrefix.size() + kRandomCharacters || !token.starts_with(kTokenPrefix) ||
      token.find_first_not_of(kAlphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  return token;
}

Result<Asked> read_query(std::string_view query) {
  const auto form = http::Form::parse(query);
  if (!form) return Failure{code::kScimInvalidValue, "The query cannot be read."};
  const auto page = read_page(form->get("startIndex"), form->get("count"));
  if (!page) return page.failure();
  return Asked{std::string(form->get("filter")),
               Projection(form->get("attributes"), form->get("excludedAttributes")), *page};
}

Result<Asked> read_search(std::string_view body) {
  const auto document = parse_document(body);
  if (!document) return document.failure();
  if (!has_schema(*document, kSearchUrn)) {
    return Failure{code::kScimInvalidSyntax, "schemas must name " + std::string(kSearchUrn) + "."};
  }
  const auto filter = text_or_number(*document, "filter");
  const auto start = text_or_number(*document, "startIndex");
  const auto count = text_or_number(*document, "count");
  const auto wanted = joined(*document, "attributes");
  const auto excluded = joined(*document, "excludedAttributes");
  for (const auto* read : {&filter, &start, &count, &wanted, &excluded}) {
    if (!*read) return read->failure();
  }
  const auto page = read_page(*start, *count);
  if (!page) return page.failure();
  return Asked{*filter, Projection(*wanted, *excluded), *page};
}

Result<Page> read_page(std::string_view start_index, std::string_view count) {
  Page page;
  if (!start_index.empty()) {
    const auto start = integer(start_index);
    if (!start) return Failure{code::kScimInvalidValue, "startIndex must be a number."};
    page.start = std::max(1, *start);
  }
  if (!count.empty()) {
    const auto wanted = integer(count);
    if (!wanted) return Failure{code::kScimInvalidValue, "count must be a number."};
    page.count = std::clamp(*wanted, 0, kMaxCount);
  }
  return page;
}

bool brings_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_json(std::string_view content_type) {
  return http::list_has(content_type, "application/scim+json") ||
         http::list_has(content_type, "application/json");
}

}  // namespace anteroom::scim
