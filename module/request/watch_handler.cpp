#include "request/watch_handler.h"

#include "anteroom/metrics.h"
#include "configuration.h"
#include "loop/guarded.h"
#include "process.h"
#include "request/response_adapter.h"

namespace anteroom::nginx {

namespace {

bool is_loopback(const sockaddr& address) {
  switch (address.sa_family) {
    case AF_UNIX:
      return true;
    case AF_INET: {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
      return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    case AF_INET6: {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
      return IN6_IS_ADDR_LOOPBACK(&v6) != 0 ||
             (IN6_IS_ADDR_V4MAPPED(&v6) != 0 && v6.s6_addr[12] == 127);
    }
    default:
      return false;
  }
}

bool has_header(const ngx_http_request_t* r, std::string_view lower_case_name) {
  for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* fields = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      const std::string_view name(reinterpret_cast<const char*>(fields[i].lowcase_key),
                                  fields[i].key.len);
      if (name == lower_case_name) return true;
    }
  }
  return false;
}

// What a proxy on this machine passes on comes from elsewhere.
bool is_from_here(const ngx_http_request_t* r) {
  return is_loopback(*r->connection->sockaddr) && r->connection->proxy_protocol == nullptr &&
         !has_header(r, "x-forwarded-for") && !has_header(r, "forwarded") &&
         !has_header(r, "x-real-ip");
}

Response metrics_now(Process& process) {
  metrics::Snapshot snapshot = process.meter().snapshot(process.now());
  snapshot.expiries = process.expiries();
  return {200,
          {{"Content-Type", metrics::kContentType}, {"Cache-Control", "no-store"}},
          metrics::render(snapshot)};
}

ngx_int_t answer(ngx_http_request_t* r) {
  const LocationConfiguration& location = location_configuration(r);
  if (!location.is_watched_from_anywhere && !is_from_here(r)) return NGX_HTTP_FORBIDDEN;
  if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
  Process* process = Process::current();
  switch (location.watched) {
    case Watched::live:
      return refuse(r, metrics::live());
    case Watched::ready:
      return refuse(
          r, metrics::ready(process == nullptr ? metrics::Condition{} : process->condition()));
    case Watched::metrics:
      return refuse(r, process == nullptr ? out_of_order() : metrics_now(*process));
    case Watched::nothing:
      break;
  }
  return NGX_HTTP_NOT_FOUND;
}

}  // namespace

ngx_int_t watch_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("watching", NGX_HTTP_SERVICE_UNAVAILABLE, [r] { return answer(r); });
}

}  // namespace anteroom::nginx
