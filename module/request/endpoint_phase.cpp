#include "request/endpoint_phase.h"

#include "anteroom/bodies.h"
#include "anteroom/network.h"
#include "loop/guarded.h"
#include "process.h"
#include "request/arriving_body.h"
#include "request/event_stream.h"
#include "request/request_adapter.h"
#include "request/request_context.h"
#include "request/response_adapter.h"
#include "request/stripping.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

// nullopt if it is not in memory, which prepare_endpoints() rules out.
std::optional<std::string> body_of(const ngx_http_request_t* r) {
  std::string body;
  if (r->request_body == nullptr) return body;
  for (const ngx_chain_t* link = r->request_body->bufs; link != nullptr; link = link->next) {
    const ngx_buf_t* buffer = link->buf;
    if (buffer->in_file != 0) return std::nullopt;
    body.append(reinterpret_cast<const char*>(buffer->pos),
                static_cast<std::size_t>(buffer->last - buffer->pos));
  }
  return body;
}

void send_answer(ngx_http_request_t* r) noexcept {
  const ngx_int_t sent = guarded<ngx_int_t>("sending an answer", NGX_ERROR, [r]() -> ngx_int_t {
    RequestContext* context = RequestContext::find(r);
    if (context == nullptr || !context->response) return NGX_ERROR;
    const Response response = std::move(*context->response);
    context->response.reset();
    if (response.follow) {
      open_stream(r, response);
      return NGX_DONE;
    }
    ngx_http_finalize_request(r, send(r, response));
    return NGX_DONE;
  });
  if (sent != NGX_DONE) ngx_http_finalize_request(r, sent);
}

// Where the answer is ready; the request may have gone.
void answer_later(const std::weak_ptr<RequestToken>& token, Response response) {
  const auto alive = token.lock();
  if (alive == nullptr || alive->request == nullptr) return;
  RequestContext::find(alive->request)->response = std::make_unique<Response>(std::move(response));
  resume(alive->request, send_answer);
}

Failure too_large(const RequestHead& head) {
  return {Code{"body_too_large"}, std::string(head.path)};
}

void start_journey(ngx_http_request_t* r) {
  RequestContext& context = *RequestContext::find(r);
  Site& site = Process::current()->site();
  std::string storage;
  const RequestHead head = head_of(r, cookies_of(r, storage));
  auto body = body_of(r);
  if (!body || body->size() > max_bytes(body_size(Process::current()->settings(), head))) {
    answer_later(context.token(), site.refuse(head, 413, too_large(head)));
    return;
  }
  Request request(head, std::move(*body));
  std::function<void(Response)> done = [token = context.token()](Response response) {
    guarded("answering", [&] { answer_later(token, std::move(response)); });
  };
  std::function<void()> failed = [token = context.token()] {
    log_exception("the journey", "an exception");
    guarded("answering", [&] { answer_later(token, out_of_order()); });
  };
  spawn(site.handle(std::move(request)), std::move(done), std::move(failed));
}

void body_is_here(ngx_http_request_t* r) noexcept {
  if (wait(r) != NGX_OK) {
    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    return;
  }
  guarded("an endpoint", [r] {
    RequestContext& context = *RequestContext::find(r);
    if (context.body != nullptr) {
      context.body->deadline.stop();
      context.body->is_here = true;
    }
    try {
      start_journey(r);
    } catch (...) {
      answer_later(context.token(), out_of_order());
      throw;
    }
  });
}

// Of somebody who sends a little now and then: nginx's own limit is between two of its readings.
void body_is_late(const std::weak_ptr<RequestToken>& token) {
  const auto alive = token.lock();
  if (alive == nullptr || alive->request == nullptr) return;
  ngx_connection_t* connection = alive->request->connection;
  connection->timedout = 1;
  ngx_http_finalize_request(alive->request, NGX_HTTP_REQUEST_TIME_OUT);
  ngx_http_run_posted_requests(connection);
}

// Soon: whoever wants its room is being served at this moment.
void give_up_body(const std::weak_ptr<RequestToken>& token) {
  const auto alive = token.lock();
  if (alive == nullptr || alive->request == nullptr) return;
  const RequestContext* context = RequestContext::find(alive->request);
  if (context == nullptr || context->body == nullptr || context->body->is_here) return;
  context->body->deadline.start(std::chrono::milliseconds(1));
}

// Without having read a body.
ngx_int_t answer_unread(ngx_http_request_t* r, const Response& response) {
  r->keepalive = 0;
  return end_with(r, response);
}

BodyBudget::Who sender(const RequestHead& head, Process& process) {
  const auto token = session_token(head.headers.cookie);
  const auto hash = token ? hash_token(*token) : std::nullopt;
  std::string record;
  std::optional<SessionView> session;
  const bool is_live = hash && process.sessions().recall(*hash, record, session) && session;
  return is_live ? BodyBudget::Who::signed_in : BodyBudget::Who::stranger;
}

// The answer comes from body_is_here(), now or later.
ngx_int_t read_body(ngx_http_request_t* r, RequestContext& context, Process& process,
                    BodySize size) {
  std::string storage;
  const RequestHead head = head_of(r, cookies_of(r, storage));
  const off_t announced = r->headers_in.content_length_n;
  if (announced > static_cast<off_t>(max_bytes(size))) {
    return answer_unread(r, process.site().refuse(head, 413, too_large(head)));
  }
  // nginx makes room for all of it when the first byte is here, and for the most if it can't know.
  const std::size_t bytes = announced < 0 ? max_bytes(size) : static_cast<std::size_t>(announced);
  auto share = process.bodies().take(bytes, network_of(head.client_address), sender(head, process),
                                     [token = context.token()] { give_up_body(token); });
  if (share == nullptr) {
    return answer_unread(r, process.site().unavailable(
                                head, {code::kOverloaded,
                                       "too many bodies are arriving: in this worker (32 MiB, of "
                                       "strangers 16 MiB) or from this address (4 MiB)"}));
  }
  context.body = std::make_unique<ArrivingBody>(std::move(share),
                                                [token = context.token()] { body_is_late(token); });
  const auto* core =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  context.body->deadline.start(std::chrono::milliseconds(core->client_body_timeout));
  const ngx_int_t read = ngx_http_read_client_request_body(r, body_is_here);
  return read >= NGX_HTTP_SPECIAL_RESPONSE ? read : NGX_OK;
}

ngx_int_t read_nothing(ngx_http_request_t* r) {
  const ngx_int_t discarded = ngx_http_discard_request_body(r);
  if (discarded != NGX_OK) return discarded;
  ++r->main->count;
  body_is_here(r);
  return NGX_OK;
}

ngx_int_t answer_endpoint(ngx_http_request_t* r, RequestContext& context) {
  Process* process = Process::current();
  if (process == nullptr) return end_with(r, out_of_order());
  std::string storage;
  const BodySize size = body_size(process->settings(), head_of(r, cookies_of(r, storage)));
  const ServerConfiguration& server = server_configuration(r);
  r->loc_conf = size == BodySize::large ? server.large_locations : server.form_locations;
  const ngx_int_t done =
      size == BodySize::none ? read_nothing(r) : read_body(r, context, *process, size);
  // Gives back the count that reading took.
  if (done == NGX_OK) ngx_http_finalize_request(r, NGX_DONE);
  return done == NGX_OK ? NGX_DONE : done;
}

// An internal redirect is not one: nobody asked us for it. Where the worker has no site, nothing of
// ours can be answered, but the app must not get it either.
bool is_endpoint(ngx_http_request_t* r) {
  return r == r->main && r->internal == 0 && server_configuration(r).is_active &&
         main_configuration(r).settings->service_provider.owns(path_of(r));
}

ngx_int_t handle(ngx_http_request_t* r) {
  if (!is_endpoint(r)) return strip(r);
  RequestContext* context = RequestContext::create(r);
  return context == nullptr ? NGX_HTTP_INTERNAL_SERVER_ERROR : answer_endpoint(r, *context);
}

// A copy of the server's, for endpoints with such a body; nullptr without memory.
void** locations_for(ngx_conf_t* cf, void* const* locations, BodySize size) {
  auto* ours = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_palloc(cf->pool, sizeof(ngx_http_core_loc_conf_t)));
  auto** all = static_cast<void**>(ngx_palloc(cf->pool, sizeof(void*) * ngx_http_max_module));
  if (ours == nullptr || all == nullptr) return nullptr;
  *ours = *static_cast<ngx_http_core_loc_conf_t*>(locations[ngx_http_core_module.ctx_index]);
  ours->client_max_body_size = static_cast<off_t>(max_bytes(size));
  ours->client_body_buffer_size = max_bytes(size) + 1;
  ours->client_body_in_file_only = 0;
  ours->error_pages = nullptr;
  ngx_memcpy(all, locations, sizeof(void*) * ngx_http_max_module);
  all[ngx_http_core_module.ctx_index] = ours;
  return all;
}

}  // namespace

ngx_int_t prepare_endpoints(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server) noexcept {
  ServerConfiguration& ours = server_configuration(server);
  ours.form_locations = locations_for(cf, server.ctx->loc_conf, BodySize::form);
  ours.large_locations = locations_for(cf, server.ctx->loc_conf, BodySize::large);
  return ours.form_locations == nullptr || ours.large_locations == nullptr ? NGX_ERROR : NGX_OK;
}

ngx_int_t endpoint_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("an endpoint", NGX_HTTP_SERVICE_UNAVAILABLE, [r] { return handle(r); });
}

}  // namespace anteroom::nginx
