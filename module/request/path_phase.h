// The app gets the path that was decided on, or the request is refused.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

/// Before nginx chooses a location: where a server's rules differ from location to location, a path
/// that servers read in ways with different rules goes on in nginx's own normal form, or is refused
/// with 400 where that has such readings too. A request line that names another host than the Host
/// header is refused (RFC 9112, 3.2.2).
ngx_int_t path_handler(ngx_http_request_t* r) noexcept;

/// Before anything answers: the same for a path that a rewrite has made, and for requests that an
/// early error has brought past the gate to a named location.
ngx_int_t last_path_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
