// What else stands in a request: the token and the page that is asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/result.h"
#include "anteroom/scim.h"
#include "scim/projection.h"

namespace anteroom::scim {

/// What tokens begin with, so that whoever finds one knows what it is.
inline constexpr std::string_view kTokenPrefix = "scim_";

/// The token of "Bearer TOKEN" (RFC 6750, 2.1): the prefix and 43 characters of base64url. Anything
/// else is not a token: nullopt.
std::optional<std::string_view> bearer_token(std::string_view authorization);

/// What a list is to hold (RFC 7644, 3.4.2): a filter that is not read yet, attributes, a page.
struct Asked {
  std::string filter;
  Projection projection;
  Page page;
};
/// Of a URL's query.
Result<Asked> read_query(std::string_view query);
/// Of the body of a POST to "/.search" (RFC 7644, 3.4.3).
Result<Asked> read_search(std::string_view body);

/// startIndex and count, as sent. Below their least they mean that, above kMaxCount that.
Result<Page> read_page(std::string_view start_index, std::string_view count);

/// Whether a request of this method has a body.
bool brings_body(std::string_view method);

/// True for application/scim+json and application/json.
bool is_json(std::string_view content_type);

}  // namespace anteroom::scim
