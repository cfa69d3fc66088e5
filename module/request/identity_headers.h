// What the app is told about who asks, and what it must not hear from a client.
#pragma once

#include <array>

#include "anteroom/session.h"
#include "ngx.h"

namespace anteroom::nginx {

/// The identity headers as a part of a request's list.
inline constexpr std::size_t kIdentityHeaderCount = 6;
struct IdentityFields {
  ngx_list_part_t part;
  std::array<ngx_table_elt_t, kIdentityHeaderCount> fields;
};

/// Removes every X-Auth-… identity header from the request, in any spelling that a backend may take
/// for one, but for those in `credited`, which add_identity() added; and our cookies from its
/// Cookie fields if there are any. NGX_ERROR without memory.
ngx_int_t remove_ours(ngx_http_request_t* r, bool has_our_cookies, const IdentityFields* credited);

/// Adds the identity headers once. `added` and the texts of `who` must live as long as the request.
void add_identity(ngx_http_request_t* r, const SessionFields& who, IdentityFields& added);

}  // namespace anteroom::nginx
