// multipart/form-data (RFC 7578), as browsers send it and no other way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anteroom::http {

class MultipartForm {
 public:
  /// nullopt: another type, a malformed body, more than 64 fields, or a field given twice. Views
  /// into `body`.
  static std::optional<MultipartForm> parse(std::string_view content_type, std::string_view body);

  /// A field's value or a file's content; empty if absent.
  [[nodiscard]] std::string_view get(std::string_view name) const;

 private:
  struct Field {
    std::string_view name;
    std::string_view content;
  };
  std::vector<Field> fields_;
};

}  // namespace anteroom::http
