#include "request/request_context.h"

#include "request/arriving_body.h"
#include "request/pool_object.h"
#include "request/session_watch.h"

namespace anteroom::nginx {

RequestContext::RequestContext(ngx_http_request_t* r) : request_(r) {}

RequestContext::~RequestContext() {
  watched.reset();
  if (token_ != nullptr) token_->request = nullptr;
}

RequestContext* RequestContext::find(ngx_http_request_t* r) {
  void* context = ngx_http_get_module_ctx(r, ngx_http_auth_saml_module);
  if (context != nullptr) return static_cast<RequestContext*>(context);
  auto* found = find_in_pool<RequestContext>(r->pool);  // a subrequest shares the main one's pool
  if (found != nullptr) ngx_http_set_ctx(r, found, ngx_http_auth_saml_module);
  return found;
}

RequestContext* RequestContext::create(ngx_http_request_t* r) {
  auto* context = make_in_pool<RequestContext>(r->pool, r->main);
  if (context != nullptr) ngx_http_set_ctx(r, context, ngx_http_auth_saml_module);
  return context;
}

void resume(ngx_http_request_t* r, ngx_http_event_handler_pt handler) {
  r->write_event_handler = handler;
  ngx_event_t* event = r->connection->write;
  ngx_post_event(event, &ngx_posted_events);  // once, however often it is called
}

}  // namespace anteroom::nginx
