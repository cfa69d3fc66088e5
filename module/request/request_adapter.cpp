#include "request/request_adapter.h"

#include <algorithm>
#include <array>

#include "request/text.h"

namespace anteroom::nginx {

namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a == b ||
          ngx_strncasecmp(reinterpret_cast<u_char*>(const_cast<char*>(a.data())),
                          reinterpret_cast<u_char*>(const_cast<char*>(b.data())), a.size()) == 0);
}

struct Wanted {
  std::string_view name;  ///< lower case
  std::string_view RequestHeaders::*member;
};

constexpr std::array<Wanted, 11> kWanted{{
    {"accept", &RequestHeaders::accept},
    {"accept-language", &RequestHeaders::accept_language},
    {"content-type", &RequestHeaders::content_type},
    {"origin", &RequestHeaders::origin},
    {"sec-fetch-site", &RequestHeaders::sec_fetch_site},
    {"sec-fetch-mode", &RequestHeaders::sec_fetch_mode},
    {"sec-fetch-dest", &RequestHeaders::sec_fetch_dest},
    {"sec-purpose", &RequestHeaders::sec_purpose},
    {"x-requested-with", &RequestHeaders::x_requested_with},
    {"upgrade", &RequestHeaders::upgrade},
    {"authorization", &RequestHeaders::authorization},
}};

std::string_view name_of(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return authority;
  }
  return authority.substr(0, colon);
}

}  // namespace

bool names_two_hosts(const ngx_http_request_t* r) {
  if (r->headers_in.host == nullptr) return false;
  std::string_view name = name_of(view(r->headers_in.host->value));
  if (name.ends_with('.')) name.remove_suffix(1);  // nginx leaves a final dot out as well
  const std::string_view server = view(r->headers_in.server);
  return name != server && !equals_ignoring_case(name, server);
}

std::string_view host_of(const ngx_http_request_t* r) {
  return r->headers_in.host == nullptr || names_two_hosts(r) ? view(r->headers_in.server)
                                                             : view(r->headers_in.host->value);
}

std::string_view path_of(const ngx_http_request_t* r) {
  const std::string_view target = view(r->unparsed_uri);
  return target.substr(0, target.find('?'));
}

RequestHead head_of(ngx_http_request_t* r, std::string_view cookies) {
  RequestHead head;
  head.method = view(r->method_name);
  head.path = path_of(r);
  const std::string_view target = view(r->unparsed_uri);
  if (head.path.size() < target.size()) head.query = target.substr(head.path.size() + 1);
  head.client_address = view(r->connection->addr_text);
  head.headers.host = host_of(r);
  head.headers.cookie = cookies;
  if (r->headers_in.user_agent != nullptr) {
    head.headers.user_agent = view(r->headers_in.user_agent->value);
  }
  for_each_header(r->headers_in.headers, [&head](const ngx_table_elt_t& field) {
    const std::string_view name(reinterpret_cast<const char*>(field.lowcase_key), field.key.len);
    for (const Wanted& wanted : kWanted) {
      if (name == wanted.name) head.headers.*wanted.member = view(field.value);
    }
  });
  return head;
}

std::string_view cookies_of(ngx_http_request_t* r, std::string& storage) {
  std::string_view only;
  int count = 0;
  for_each_header(r->headers_in.headers, [&](const ngx_table_elt_t& field) {
    if (std::string_view(reinterpret_cast<const char*>(field.lowcase_key), field.key.len) !=
        "cookie") {
      return;
    }
    if (++count == 2) storage = only;
    only = view(field.value);
    if (count > 1) (storage += "; ") += only;
  });
  return count <= 1 ? only : std::string_view(storage);
}

}  // namespace anteroom::nginx
