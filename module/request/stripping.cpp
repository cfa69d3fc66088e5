#include "request/stripping.h"

#include "loop/guarded.h"
#include "request/identity_headers.h"
#include "request/request_adapter.h"
#include "request/request_context.h"

namespace anteroom::nginx {

namespace {

ngx_int_t take_credentials(ngx_http_request_t* r, RequestContext& context) {
  const std::string_view cookies = cookies_of(r, context.joined_cookies);
  const OurCookies ours = our_cookies(cookies);
  if (ours.is_any) context.cookies = cookies;
  context.session_token = ours.session_token;
  return remove_ours(r, ours.is_any, nullptr);
}

// Its headers are a copy of the main request's, made before or after those were stripped.
ngx_int_t strip_subrequest(ngx_http_request_t* r, const RequestContext* context) {
  std::string storage;
  const bool has_our_cookies = our_cookies(cookies_of(r, storage)).is_any;
  return remove_ours(r, has_our_cookies, context == nullptr ? nullptr : &context->identity_fields);
}

ngx_int_t result_of(ngx_int_t removed) {
  return removed == NGX_OK ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace

ngx_int_t strip(ngx_http_request_t* r) {
  RequestContext* context = RequestContext::find(r);
  if (r != r->main) return result_of(strip_subrequest(r, context));
  if (context != nullptr && context->is_stripped) return NGX_DECLINED;
  if (context == nullptr) context = RequestContext::create(r);
  if (context == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  const ngx_int_t removed = take_credentials(r, *context);
  context->is_stripped = removed == NGX_OK;
  return result_of(removed);
}

ngx_int_t stripping_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("stripping", NGX_HTTP_INTERNAL_SERVER_ERROR, [r] { return strip(r); });
}

}  // namespace anteroom::nginx
