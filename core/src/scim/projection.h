// Which attributes of a resource are asked for (RFC 7644, 3.9).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scim/write.h"

namespace anteroom::scim {

class Projection {
 public:
  /// All of them.
  Projection() = default;
  /// The values of "attributes" and "excludedAttributes", lists with commas. What is not an
  /// attribute of ours leads to nothing; what stands in brackets is not looked at.
  Projection(std::string_view wanted, std::string_view excluded);

  /// Whether an attribute (lower case) is named in "attributes"; whether it is in the answer, where
  /// it is there by default.
  [[nodiscard]] bool asks_for(std::string_view attribute) const;
  [[nodiscard]] bool shows(std::string_view attribute) const;
  [[nodiscard]] bool is_restricted() const { return is_restricted_; }

  /// "schemas" and "id" are always there.
  [[nodiscard]] OrderedJson of(OrderedJson resource) const;

 private:
  struct Name {
    std::string attribute, sub;  // lower case
  };
  static std::vector<Name> names_of(std::string_view list);
  static bool has(const std::vector<Name>& names, std::string_view attribute, std::string_view sub);
  void keep_wanted_parts(OrderedJson& value, const std::string& attribute) const;
  void drop_excluded_parts(OrderedJson& value, const std::string& attribute) const;

  bool is_restricted_ = false;  // to wanted_
  std::vector<Name> wanted_, excluded_;
};

}  // namespace anteroom::scim
