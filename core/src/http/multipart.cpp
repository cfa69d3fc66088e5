#include "http/multipart.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::http {

namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 5.1.1
constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxHeaders = 2048;
constexpr std::string_view kLineEnd = "\r\n";

// Takes `expected` off the front.
bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// What stands before `end`, which is taken off with it.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return before;
}

// The value of `name` among "; name=value; name="value"". Browsers write quotation marks within as
// %22, so that the next one ends it.
std::optional<std::string_view> parameter(std::string_view parameters, std::string_view wanted) {
  while (!parameters.empty()) {
    parameters = text::trimmed(parameters);
    if (!take(parameters, ";")) return std::nullopt;
    parameters = text::trimmed(parameters);
    const auto name = take_until(parameters, "=");
    if (!name) return std::nullopt;
    std::optional<std::string_view> value;
    if (take(parameters, "\"")) {
      value = take_until(parameters, "\"");
      if (!value) return std::nullopt;
    } else {
      value = parameters.substr(0, parameters.find(';'));
      parameters.remove_prefix(value->size());
      value = text::trimmed(*value);
    }
    if (text::equals_ignoring_case(*name, wanted)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> boundary_of(std::string_view content_type) {
  constexpr std::string_view kType = "multipart/form-data";
  if (content_type.size() < kType.size() ||
      !text::equals_ignoring_case(content_type.substr(0, kType.size()), kType)) {
    return std::nullopt;
  }
  const auto boundary = parameter(content_type.substr(kType.size()), "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return std::nullopt;
  return boundary;
}

// The field's name from the headers of a part.
std::optional<std::string_view> name_in(std::string_view headers) {
  constexpr std::string_view kDisposition = "content-disposition:";
  while (!headers.empty()) {
    const std::string_view line = headers.substr(0, headers.find(kLineEnd));
    headers.remove_prefix(std::min(line.size() + kLineEnd.size(), headers.size()));
    if (line.size() < kDisposition.size() ||
        !text::equals_ignoring_case(line.substr(0, kDisposition.size()), kDisposition)) {
      continue;
    }
    std::string_view value = text::trimmed(line.substr(kDisposition.size()));
    return take(value, "form-data") ? parameter(value, "name") : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MultipartForm> MultipartForm::parse(std::string_view content_type,
                                                  std::string_view body) {
  const auto boundary = boundary_of(content_type);
  if (!boundary) return std::nullopt;
  const std::string delimiter = "\r\n--" + std::string(*boundary);
  if (!take(body, std::string_view(delimiter).substr(kLineEnd.size()))) return std::nullopt;
  MultipartForm form;
  while (take(body, kLineEnd)) {
    const auto headers = take_until(body, "\r\n\r\n");
    if (!headers || headers->size() > kMaxHeaders) return std::nullopt;
    const auto name = name_in(*headers);
    const auto content = take_until(body, delimiter);
    const auto is_same = [&](const Field& field) { return field.name == *name; };
    if (!name || !content || form.fields_.size() == kMaxFields ||
        std::any_of(form.fields_.begin(), form.fields_.end(), is_same)) {
      return std::nullopt;
    }
    form.fields_.push_back({*name, *content});
  }
  return body == "--" || body == "--\r\n" ? std::optional(std::move(form)) : std::nullopt;
}

std::string_view MultipartForm::get(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == fields_.end() ? std::string_view{} : found->content;
}

}  // namespace anteroom::http
