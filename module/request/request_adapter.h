// An nginx request as the core sees it.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/http.h"
#include "ngx.h"

namespace anteroom::nginx {

/// The authority that this request is for: the Host header, unless the request line named another
/// host (nginx then chose the server by that one).
std::string_view host_of(const ngx_http_request_t* r);

/// True where the request line (HTTP/2: the authority) is for another host than the Host header.
bool names_two_hosts(const ngx_http_request_t* r);

/// The path as sent, without the query.
std::string_view path_of(const ngx_http_request_t* r);

/// Views into the request's memory; `cookies` as headers.cookie.
RequestHead head_of(ngx_http_request_t* r, std::string_view cookies);

/// All Cookie fields in one. The result, or `storage` behind it, owns what is seen.
std::string_view cookies_of(ngx_http_request_t* r, std::string& storage);

/// Calls `visit(ngx_table_elt_t&)` for each header field.
template <class Visit>
void for_each_header(ngx_list_t& headers, Visit visit) {
  for (ngx_list_part_t* part = &headers.part; part != nullptr; part = part->next) {
    auto* fields = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) visit(fields[i]);
  }
}

}  // namespace anteroom::nginx
