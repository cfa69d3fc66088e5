#include "scim/write.h"

namespace anteroom::scim {

void add_text(OrderedJson& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

OrderedJson meta_of(const char* type, const std::string& location, const std::string& created,
                    const std::string& changed) {
  OrderedJson meta{{"resourceType", type}};
  add_text(meta, "created", created);
  add_text(meta, "lastModified", changed);
  meta["location"] = location;
  return meta;
}

OrderedJson list_of(int total, int start, OrderedJson resources) {
  const std::size_t count = resources.size();
  return {{"schemas", {"urn:ietf:params:scim:api:messages:2.0:ListResponse"}},
          {"totalResults", total},
          {"startIndex", start},
          {"itemsPerPage", count},
          {"Resources", std::move(resources)}};
}

std::string write_list(int total, int start, OrderedJson resources) {
  return text_of(list_of(total, start, std::move(resources)));
}

std::string text_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace anteroom::scim
