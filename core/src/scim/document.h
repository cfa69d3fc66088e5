// JSON as directories send it: bounded, and read without case (RFC 7643, 2.1).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "anteroom/result.h"

namespace anteroom::scim {

using Json = nlohmann::json;

/// Bodies are at most this long: some 3,000 members of a group.
inline constexpr std::size_t kMaxDocument = 256u << 10;
/// What a body may hold of anything: twice what the largest group does.
inline constexpr std::size_t kMaxValues = 16'384;
inline constexpr std::size_t kMaxNames = 256;  ///< members of one object
inline constexpr std::size_t kMaxDepth = 8;
inline constexpr std::size_t kMaxString = 64u << 10;   ///< bytes
inline constexpr std::size_t kMaxAttributeName = 256;  ///< bytes

/// What reading a body took: values, names, and comparisons of names. Fuzzing holds it against the
/// body's length.
struct Effort {
  std::size_t steps = 0;
};

/// An object within those bounds, no member of it there twice. One pass.
Result<Json> parse_document(std::string_view text, Effort& effort);
Result<Json> parse_document(std::string_view text);

/// nullptr if it is absent.
const Json* member(const Json& object, std::string_view name);

/// True if the member "schemas" holds `urn`.
bool has_schema(const Json& object, std::string_view urn);

/// A text of at most `max` bytes without control characters and without what turns the reading
/// direction around; null reads as empty. `name` is for the complaint.
Result<std::string> read_text(const Json& value, std::string_view name, std::size_t max);

/// true and false, also as texts in either case, which is how Entra ID writes them.
Result<bool> read_boolean(const Json& value, std::string_view name);

}  // namespace anteroom::scim
