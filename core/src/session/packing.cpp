#include "session/packing.h"

namespace anteroom::session {

std::optional<std::string> pack(std::initializer_list<std::string_view> fields) {
  std::string out;
  for (const std::string_view field : fields) {
    if (field.size() > 0xffff) return std::nullopt;
    out += static_cast<char>(field.size() >> 8);
    out += static_cast<char>(field.size() & 0xff);
    out += field;
  }
  return out;
}

std::optional<std::vector<std::string>> unpack(std::string_view packed, std::size_t count) {
  std::vector<std::string> fields;
  while (!packed.empty()) {
    if (packed.size() < 2 || fields.size() == count) return std::nullopt;
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(packed[0]))
                                   << 8 |
                               static_cast<unsigned char>(packed[1]);
    if (packed.size() - 2 < length) return std::nullopt;
    fields.emplace_back(packed.substr(2, length));
    packed.remove_prefix(2 + length);
  }
  if (fields.size() != count) return std::nullopt;
  return fields;
}

}  // namespace anteroom::session
