#include "request/path_phase.h"

#include <algorithm>

#include "anteroom/readings.h"
#include "loop/guarded.h"
#include "process.h"
#include "request/access_rules.h"
#include "request/deciders.h"
#include "request/request_adapter.h"
#include "request/request_context.h"
#include "request/response_adapter.h"
#include "request/spellings.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

const ngx_http_core_srv_conf_t& server_of(ngx_http_request_t* r) {
  return *static_cast<ngx_http_core_srv_conf_t*>(
      ngx_http_get_module_srv_conf(r, ngx_http_core_module));
}

bool is_as_sent(ngx_http_request_t* r, const ngx_http_core_loc_conf_t* location) {
  return rules_of(server_of(r), location).is_path_as_sent == 1;
}

// The request may be gone afterwards.
ngx_int_t answer(ngx_http_request_t* r, int status, const Failure& failure) {
  if (RequestContext* context = RequestContext::find(r)) context->outcome = "ambiguous";
  r->keepalive = 0;
  Process* process = Process::current();
  if (process == nullptr) return end_with(r, out_of_order());
  std::string storage;
  const RequestHead head = head_of(r, cookies_of(r, storage));
  return end_with(r, process->site().refuse(head, status, failure));
}

ngx_int_t refuse_path(ngx_http_request_t* r, const std::string& reading) {
  return answer(r, NGX_HTTP_BAD_REQUEST,
                {Code{"ambiguous_path"}, "an app may read this path as " + reading +
                                             ", for which other rules hold than for " +
                                             std::string(view(r->uri))});
}

ngx_int_t refuse_host(ngx_http_request_t* r) {
  const std::string named(view(r->headers_in.server));
  const auto& apps = main_configuration(r).settings->service_provider.apps;
  const bool is_known = std::any_of(apps.begin(), apps.end(), [&](const Origin& origin) {
    return origin.authority == named || origin.authority.starts_with(named + ":");
  });
  return answer(r, is_known ? NGX_HTTP_BAD_REQUEST : 421,
                {Code{"ambiguous_host"}, "the request line is for " + named + ", Host for " +
                                             std::string(view(r->headers_in.host->value))});
}

// Percent-encoded as nginx sends it.
std::string normal_form(const ngx_http_request_t* r) {
  const std::size_t more = 2 * ngx_escape_uri(nullptr, r->uri.data, r->uri.len, NGX_ESCAPE_URI);
  std::string form(r->uri.len + more, '\0');
  ngx_escape_uri(reinterpret_cast<u_char*>(form.data()), r->uri.data, r->uri.len, NGX_ESCAPE_URI);
  return form;
}

// $request_uri and what is sent to the app from here on.
ngx_int_t send_in_normal_form(ngx_http_request_t* r, std::string form) {
  if (r->args.len > 0) (form += '?') += view(r->args);
  r->unparsed_uri = copy(r->pool, form);
  return r->unparsed_uri.data == nullptr ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_DECLINED;
}

// Most paths have no other spelling, and cost no more than to find that out.
ngx_int_t check_spelling(ngx_http_request_t* r, const ngx_http_core_srv_conf_t& server,
                         std::string_view decided) {
  const Spellings* spellings = server_configuration(r).spellings;
  if (spellings == nullptr) return NGX_DECLINED;
  std::vector<std::string> others = other_spellings(*spellings, decided);
  if (others.empty()) return NGX_DECLINED;
  const Place place = find_place(server, decided);
  if (is_as_sent(r, place.location)) return NGX_DECLINED;
  const auto other = stricter_among(server, std::move(others), decided, place);
  return other ? refuse_path(r, *other) : NGX_DECLINED;
}

// What a decoded path must not bring into a header or a request line, where one is made of it.
bool has_line_ends(std::string_view path) {
  return path.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

ngx_int_t refuse_line_ends(ngx_http_request_t* r) {
  return answer(r, NGX_HTTP_BAD_REQUEST,
                {Code{"ambiguous_path"}, "the path has line ends in it, escaped"});
}

ngx_int_t check_arguments(ngx_http_request_t* r) {
  const Deciders* deciders = server_configuration(r).deciders;
  if (deciders == nullptr) return NGX_DECLINED;
  // nginx's own end at a '#', what is sent on does not.
  const std::string_view sent = view(r->unparsed_uri);
  std::string_view argument = doubtful_argument(*deciders, view(r->args));
  if (argument.empty() && sent.find('#') != sent.npos && !deciders->arguments.empty())
    argument = deciders->arguments.front();
  if (argument.empty()) return NGX_DECLINED;
  return answer(
      r, NGX_HTTP_BAD_REQUEST,
      {Code{"ambiguous_path"}, "an app may read another value of the argument " +
                                   std::string(argument) + " than the one that a rule depends on"});
}

ngx_int_t check_path(ngx_http_request_t* r) {
  const auto& server = server_of(r);
  const std::string_view decided = view(r->uri);
  const bool has_unknown_rules = server_configuration(r).has_unknown_rules;
  if (!has_unknown_rules && has_one_reading(path_of(r))) return check_spelling(r, server, decided);
  const Place place = find_place(server, decided);
  if (is_as_sent(r, place.location)) return NGX_DECLINED;
  // A map on $request_uri reads it as it was sent.
  if (has_unknown_rules) {
    if (std::string form = normal_form(r); form != path_of(r)) {
      const ngx_int_t sent = send_in_normal_form(r, std::move(form));
      if (sent != NGX_DECLINED) return sent;
    }
    if (has_one_reading(path_of(r))) return check_spelling(r, server, decided);
  }
  if (!other_reading(server, path_of(r), decided, place)) return NGX_DECLINED;
  std::string form = normal_form(r);
  if (const auto other = other_reading(server, form, decided, place)) {
    return refuse_path(r, *other);
  }
  return send_in_normal_form(r, std::move(form));
}

// Where there is one rule, only ways up lead to what another server gates otherwise.
ngx_int_t check_beside(ngx_http_request_t* r) {
  if (has_one_reading(path_of(r)) || !may_lead_up(path_of(r))) return NGX_DECLINED;
  return check_path(r);
}

ngx_int_t check(ngx_http_request_t* r) {
  if (r != r->main || r->internal != 0) return NGX_DECLINED;
  if (RequestContext* context = RequestContext::find(r)) context->checked_path = r->uri.data;
  if (has_line_ends(view(r->uri))) return refuse_line_ends(r);
  if (names_two_hosts(r)) return refuse_host(r);
  if (const ngx_int_t checked = check_arguments(r); checked != NGX_DECLINED) return checked;
  const ServerConfiguration& configuration = server_configuration(r);
  if (!configuration.has_several_rules && !configuration.stands_beside) return NGX_DECLINED;
  return configuration.has_several_rules ? check_path(r) : check_beside(r);
}

// What an error before all phases leaves out: no rule has been applied to the path yet.
ngx_int_t check_unchecked(ngx_http_request_t* r) {
  const Place place = find_place(server_of(r), view(r->uri));
  if (r->uri.len > 0 && rules_of(server_of(r), place.location).is_on != 1) return NGX_DECLINED;
  return answer(r, NGX_HTTP_BAD_REQUEST,
                {Code{"ungated_path"},
                 "an early error led past the gate to a named location: write auth_saml on there, "
                 "or let error_page name a file"});
}

// No phase has looked at the path: it goes on in nginx's normal form, whatever that leads to.
ngx_int_t normalize_unchecked(ngx_http_request_t* r) {
  if (has_one_reading(path_of(r))) return NGX_DECLINED;
  return send_in_normal_form(r, normal_form(r));
}

// An error before the gate, or a rewrite, has led it elsewhere, and the app would still be told
// where it was sent (REQUEST_URI): it is told where it is, if more is asked there.
ngx_int_t forget_where_it_was_sent(ngx_http_request_t* r, const RequestContext* context,
                                   const ngx_http_core_loc_conf_t* location) {
  if (r->internal == 0 || location->named != 0 ||
      (context != nullptr && context->is_sent_path_passed) || path_of(r) == view(r->uri)) {
    return NGX_DECLINED;
  }
  const auto& server = server_of(r);
  const Place place = find_place(server, view(r->uri));
  if (!other_reading(server, path_of(r), view(r->uri), place)) return NGX_DECLINED;
  return send_in_normal_form(r, normal_form(r));
}

ngx_int_t check_last(ngx_http_request_t* r) {
  if (r != r->main) return NGX_DECLINED;
  RequestContext* context = RequestContext::find(r);
  const bool is_checked = context != nullptr && context->checked_path == r->uri.data;
  if (!is_checked && has_line_ends(view(r->uri))) return refuse_line_ends(r);
  if (const ngx_int_t checked = check_arguments(r); checked != NGX_DECLINED) return checked;
  const ServerConfiguration& configuration = server_configuration(r);
  if (!configuration.has_several_rules && !configuration.stands_beside) return NGX_DECLINED;
  const auto* location =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  if (is_as_sent(r, location)) return NGX_DECLINED;
  // Without a handler nginx serves files of its own: a page about maintenance.
  if (configuration.has_several_rules && location->named != 0 && r->content_handler != nullptr &&
      location_configuration(r).is_on != 1 &&
      (context == nullptr || !context->has_identity_headers)) {
    const ngx_int_t checked = check_unchecked(r);
    if (checked != NGX_DECLINED) return checked;
  }
  const ngx_int_t forgotten = forget_where_it_was_sent(r, context, location);
  if (forgotten != NGX_DECLINED) return forgotten;
  if (is_checked) return NGX_DECLINED;
  if (context == nullptr || context->checked_path == nullptr) {
    const ngx_int_t sent = normalize_unchecked(r);
    if (sent != NGX_DECLINED) return sent;
  }
  if (context != nullptr) context->checked_path = r->uri.data;
  const std::string form = normal_form(r);
  const auto& server = server_of(r);
  if (has_one_reading(form)) return check_spelling(r, server, view(r->uri));
  const Place place = find_place(server, view(r->uri));
  if (const auto other = other_reading(server, form, view(r->uri), place)) {
    return refuse_path(r, *other);
  }
  return NGX_DECLINED;
}

}  // namespace

ngx_int_t path_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("looking at a path", NGX_HTTP_SERVICE_UNAVAILABLE,
                            [r] { return check(r); });
}

ngx_int_t last_path_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("looking at a path", NGX_HTTP_SERVICE_UNAVAILABLE,
                            [r] { return check_last(r); });
}

}  // namespace anteroom::nginx
