#include "request/response_adapter.h"

#include "request/pool_object.h"
#include "request/request_adapter.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

bool is_content_type(const std::string& name) {
  return name.size() == 12 &&
         ngx_strcasecmp(reinterpret_cast<u_char*>(const_cast<char*>(name.c_str())),
                        reinterpret_cast<u_char*>(const_cast<char*>("content-type"))) == 0;
}

// The media type alone counts for gzip_types and the like.
ngx_int_t set_content_type(ngx_http_request_t* r, std::string_view type) {
  r->headers_out.content_type = copy(r->pool, type);
  r->headers_out.content_type_len = type.substr(0, type.find(';')).size();
  r->headers_out.content_type_lowcase = nullptr;
  return r->headers_out.content_type.data == nullptr ? NGX_ERROR : NGX_OK;
}

ngx_int_t set_headers(ngx_http_request_t* r, const Response& response) {
  for (const auto& [name, value] : response.headers) {
    const ngx_int_t added =
        is_content_type(name) ? set_content_type(r, value) : add_header(r, name, value);
    if (added != NGX_OK) return added;
  }
  return NGX_OK;
}

// nginx's own filter and those of other modules see a client that takes no coding.
void refuse_compression(ngx_http_request_t* r) {
#if (NGX_HTTP_GZIP)
  r->headers_in.accept_encoding = nullptr;
  r->gzip_tested = 1;
  r->gzip_ok = 0;
#endif
}

enum class Last { yes, no };

ngx_buf_t* copied(ngx_pool_t* pool, const std::string& body) {
  ngx_buf_t* buffer = ngx_create_temp_buf(pool, body.size());
  if (buffer != nullptr) buffer->last = ngx_cpymem(buffer->pos, body.data(), body.size());
  return buffer;
}

// Stays where it is until the request is over.
ngx_buf_t* shared(ngx_pool_t* pool, const std::shared_ptr<const std::string>& body) {
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(pool));
  if (buffer == nullptr || make_in_pool<std::shared_ptr<const std::string>>(pool, body) == nullptr)
    return nullptr;
  buffer->start = buffer->pos = reinterpret_cast<u_char*>(const_cast<char*>(body->data()));
  buffer->end = buffer->last = buffer->pos + body->size();
  buffer->memory = 1;
  return buffer;
}

ngx_int_t send_body(ngx_http_request_t* r, const Response& response, Last last) {
  ngx_buf_t* buffer =
      response.shared_body ? shared(r->pool, response.shared_body) : copied(r->pool, response.body);
  if (buffer == nullptr) return NGX_ERROR;
  buffer->last_buf = last == Last::yes ? 1 : 0;
  buffer->last_in_chain = 1;
  buffer->flush = last == Last::yes ? 0 : 1;
  ngx_chain_t out{buffer, nullptr};
  return ngx_http_output_filter(r, &out);
}

ngx_int_t send_all(ngx_http_request_t* r, const Response& response, Last last) {
  r->err_status = 0;  // an error_page may have led here: the answer is ours nevertheless
  r->disable_not_modified = 1;
  r->headers_out.status = static_cast<ngx_uint_t>(response.status);
  r->headers_out.content_length_n =
      last == Last::yes ? static_cast<off_t>(response.content().size()) : -1;
  ngx_http_clear_last_modified(r);
  if (set_headers(r, response) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  if (!may_compress(response, head_of(r, {}).headers)) refuse_compression(r);
  if (response.content().empty()) r->header_only = 1;
  const ngx_int_t sent = ngx_http_send_header(r);
  if (sent == NGX_ERROR || sent > NGX_OK || r->header_only != 0) return sent;
  return send_body(r, response, last);
}

}  // namespace

ngx_int_t add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  auto* field = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
  if (field == nullptr) return NGX_ERROR;
  *field = ngx_table_elt_t{};
  field->key = copy(r->pool, name);
  field->value = copy(r->pool, value);
  if (field->key.data == nullptr || field->value.data == nullptr) return NGX_ERROR;
  field->hash = 1;
  return NGX_OK;
}

ngx_int_t send(ngx_http_request_t* r, const Response& response) {
  return send_all(r, response, Last::yes);
}

ngx_int_t send_open(ngx_http_request_t* r, const Response& response) {
  return send_all(r, response, Last::no);
}

ngx_int_t refuse(ngx_http_request_t* r, const Response& response) {
  const ngx_int_t discarded = ngx_http_discard_request_body(r);
  return discarded == NGX_OK ? send(r, response) : discarded;
}

ngx_int_t end_with(ngx_http_request_t* r, const Response& response) {
  ngx_http_finalize_request(r, refuse(r, response));
  return NGX_DONE;
}

Response out_of_order() {
  return Response{503,
                  {{"Content-Type", "text/plain; charset=utf-8"},
                   {"Cache-Control", "no-store"},
                   {"Retry-After", "5"}},
                  "This service is out of order for the moment. Please try again shortly.\n"};
}

ngx_int_t wait(ngx_http_request_t* r) {
  r->read_event_handler = ngx_http_test_reading;
  r->write_event_handler = ngx_http_request_empty_handler;
  ngx_event_t* event = r->connection->read;
  if (event->ready != 0) {
    ngx_post_event(event, &ngx_posted_events);
    return NGX_OK;
  }
  return ngx_handle_read_event(event, 0);
}

}  // namespace anteroom::nginx
