// Percent-encoding and application/x-www-form-urlencoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anteroom::http {

/// Everything but RFC 3986 unreserved characters becomes %XX (upper-case hex).
std::string percent_encode(std::string_view text);

/// nullopt on a malformed escape or a decoded NUL. `plus_is_space` for forms and queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// A decoded form or query: at most 64 fields. A field given twice makes the whole form invalid,
/// but for `repeated` (checkboxes of one name), which may be there 1,000 times.
class Form {
 public:
  static std::optional<Form> parse(std::string_view encoded, std::string_view repeated = {});

  /// Empty if absent.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// The values of `repeated`, in order.
  [[nodiscard]] const std::vector<std::string>& repeated() const { return repeated_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<std::string> repeated_;
};

}  // namespace anteroom::http
