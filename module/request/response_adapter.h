// A Response of the core as nginx sends it.
#pragma once

#include <string_view>

#include "anteroom/http.h"
#include "ngx.h"

namespace anteroom::nginx {

/// A header of the answer that is being made; both texts are copied. NGX_ERROR: no memory.
ngx_int_t add_header(ngx_http_request_t* r, std::string_view name, std::string_view value);

/// Sends status, headers and body (none to a HEAD request). The result is for
/// ngx_http_finalize_request(). The request's own body must have been read or discarded.
ngx_int_t send(ngx_http_request_t* r, const Response& response);

/// As send(), but more may follow: no length, and the end is not marked. The body is not empty.
ngx_int_t send_open(ngx_http_request_t* r, const Response& response);

/// send(), with what is left of the request's body thrown away first.
ngx_int_t refuse(ngx_http_request_t* r, const Response& response);

/// refuse(), and the request ends: it may be gone afterwards. NGX_DONE.
ngx_int_t end_with(ngx_http_request_t* r, const Response& response);

/// The refusal of a worker that has no site to ask.
Response out_of_order();

/// From here on the request waits for us: notices a client that leaves. Else NGX_ERROR.
ngx_int_t wait(ngx_http_request_t* r);

}  // namespace anteroom::nginx
