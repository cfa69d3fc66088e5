#include "request/gate_phase.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "loop/guarded.h"
#include "process.h"
#include "request/identity_headers.h"
#include "request/request_adapter.h"
#include "request/request_context.h"
#include "request/response_adapter.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

using metrics::Counter;

// Finalizes the request: it may be gone afterwards.
ngx_int_t answer(ngx_http_request_t* r, RequestContext* context, const char* outcome,
                 const Response& response) {
  if (context != nullptr) context->outcome = outcome;
  return end_with(r, response);
}

RequestHead head_of_gated(ngx_http_request_t* r, const RequestContext& context,
                          std::string& storage) {
  return head_of(r, context.cookies ? *context.cookies : cookies_of(r, storage));
}

// What the location asks for; false if a value cannot be made.
bool read_requirement(ngx_http_request_t* r, const LocationConfiguration& location,
                      Requirement& requirement) {
  ngx_str_t text{};
  if (location.level != nullptr) {
    if (ngx_http_complex_value(r, location.level, &text) != NGX_OK) return false;
    requirement.level = view(text);  // of an empty variable: a level that nobody has
  }
  if (location.property != nullptr) {
    if (ngx_http_complex_value(r, location.property, &text) != NGX_OK) return false;
    requirement.property = view(text);
    requirement.has_property = true;
  }
  requirement.max_age = std::chrono::seconds(location.max_age);
  requirement.authn_context = view(location.authn_context);
  return true;
}

void keep(RequestContext& context, Result<std::string> result) {
  context.look_up = RequestContext::LookUp::done;
  if (!result) {
    context.failure = std::make_unique<Failure>(result.failure());
    return;
  }
  context.record = std::move(*result);
  context.view = SessionView::parse(context.record);
  if (!context.view && !context.record.empty()) {
    context.failure =
        std::make_unique<Failure>(Failure{code::kInternal, "a session record cannot be read"});
  }
}

// Memory first. NGX_AGAIN: the request goes on by itself once the database has answered.
ngx_int_t find_session(ngx_http_request_t* r, RequestContext& context, Process& process) {
  if (context.look_up == RequestContext::LookUp::done) return NGX_OK;
  if (context.look_up == RequestContext::LookUp::waiting) return NGX_AGAIN;
  if (!context.session_token) return NGX_OK;
  context.session = hash_token(*context.session_token);
  if (!context.session) {
    keep(context, Failure{code::kInternal, "hashing a session token failed"});
    return NGX_OK;
  }
  if (process.sessions().recall(*context.session, context.record, context.view)) {
    context.look_up = RequestContext::LookUp::done;
    return NGX_OK;
  }
  process.sessions().look_up(*context.session, *context.session_token, SessionUse::counts,
                             [token = context.token()](Result<std::string> result) {
                               const auto alive = token.lock();
                               if (alive == nullptr || alive->request == nullptr) return;
                               RequestContext* found = RequestContext::find(alive->request);
                               const bool has_waited =
                                   found->look_up == RequestContext::LookUp::waiting;
                               keep(*found, std::move(result));
                               if (has_waited) resume(alive->request, ngx_http_core_run_phases);
                             });
  if (context.look_up == RequestContext::LookUp::done) return NGX_OK;
  context.look_up = RequestContext::LookUp::waiting;
  return wait(r) == NGX_OK ? NGX_AGAIN : NGX_ERROR;
}

Counter counter_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow:
      return Counter::gate_allow;
    case Outcome::sign_on:
      return Counter::gate_sign_on;
    case Outcome::waiting_room:
      return Counter::gate_waiting_room;
    case Outcome::forbidden:
      return Counter::gate_forbidden;
    case Outcome::step_up:
      break;
  }
  return Counter::gate_step_up;
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow:
      return "allow";
    case Outcome::sign_on:
      return "sign_on";
    case Outcome::waiting_room:
      return "waiting_room";
    case Outcome::forbidden:
      return "forbidden";
    case Outcome::step_up:
      return "step_up";
  }
  return "-";
}

// For the app's pages: seconds until the session ends, and until it does so for not being used.
ngx_int_t tell_expiry(ngx_http_request_t* r, RequestContext& context, Time now) {
  if (location_configuration(r).has_expiry_headers != 1 || context.has_expiry_headers ||
      r != r->main) {
    return NGX_OK;
  }
  context.has_expiry_headers = true;
  const SessionTimes& times = context.view->times();
  const auto add = [&](const char* name, Time then) {
    const auto left = std::chrono::floor<std::chrono::seconds>(then - now).count();
    return add_header(r, name, std::to_string(std::max<long long>(0, left)));
  };
  if (add("X-Auth-Expires-In", times.ends_at) != NGX_OK) return NGX_ERROR;
  return add("X-Auth-Idle-In", times.idle_until);
}

ngx_int_t let_through(ngx_http_request_t* r, RequestContext& context, Process& process,
                      const Origin& origin, const Requirement& requirement) {
  context.outcome = name_of(Outcome::allow);
  if (r->internal == 0) context.is_sent_path_passed = true;
  if (!context.has_identity_headers) {
    add_identity(r, context.view->fields(), context.identity_fields);
    context.has_identity_headers = true;
  }
  if (tell_expiry(r, context, process.now()) != NGX_OK) return NGX_ERROR;
  if (context.origin != nullptr) context.earlier_requirements.push_back(context.requirement);
  context.origin = &origin;
  context.requirement = requirement;
  process.open_requests().enter(context);
  return NGX_DECLINED;
}

ngx_int_t unavailable(ngx_http_request_t* r, RequestContext& context, Process& process,
                      const Failure& failure) {
  std::string storage;
  process.meter().count(Counter::gate_unavailable);
  return answer(r, &context, "unavailable",
                process.site().unavailable(head_of_gated(r, context, storage), failure));
}

// As find_session(). A page that is refused calls properties by their names.
ngx_int_t find_names(RequestContext& context, Process& process, const Requirement& requirement) {
  using LookUp = RequestContext::LookUp;
  if (context.naming != LookUp::none) return context.naming == LookUp::done ? NGX_OK : NGX_AGAIN;
  const auto keep_names = [token = context.token()](store::PropertyNames names) {
    const auto alive = token.lock();
    if (alive == nullptr || alive->request == nullptr) return;
    RequestContext* found = RequestContext::find(alive->request);
    const bool has_waited = found->naming == LookUp::waiting;
    found->naming = LookUp::done;
    found->names = std::move(names);
    if (has_waited) resume(alive->request, ngx_http_core_run_phases);
  };
  spawn<store::PropertyNames>(
      process.site().names_for_refusal(*context.view, requirement),
      [keep_names](store::PropertyNames names) {
        guarded("naming properties", [&] { keep_names(std::move(names)); });
      },
      [keep_names] { guarded("naming properties", [&] { keep_names({}); }); });
  if (context.naming == LookUp::done) return NGX_OK;
  context.naming = LookUp::waiting;
  return wait(context.request()) == NGX_OK ? NGX_AGAIN : NGX_ERROR;
}

ngx_int_t decide_on(ngx_http_request_t* r, RequestContext& context, Process& process) {
  const Origin* origin = process.site().origin_of(host_of(r));
  const SessionView* session = context.view ? &*context.view : nullptr;
  Requirement requirement;
  if (!read_requirement(r, location_configuration(r), requirement)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Outcome outcome = origin == nullptr ? Outcome::sign_on
                                            : decide(process.settings(), session, requirement,
                                                     origin->text, process.now());
  std::string storage;
  if (outcome == Outcome::forbidden && is_navigation(head_of_gated(r, context, storage))) {
    const ngx_int_t named = find_names(context, process, requirement);
    if (named != NGX_OK) return named;
  }
  process.meter().count(origin == nullptr ? Counter::gate_unknown_host : counter_of(outcome));
  context.is_identified = outcome != Outcome::sign_on;
  if (outcome == Outcome::allow) return let_through(r, context, process, *origin, requirement);
  // For an unknown host this is a refusal that tells the operator which origin to add.
  return answer(r, &context, name_of(outcome),
                process.site().turn_away(outcome, head_of_gated(r, context, storage),
                                         context.is_identified ? session : nullptr, requirement,
                                         context.names));
}

ngx_int_t gate(ngx_http_request_t* r) {
  if (location_configuration(r).is_on != 1) return NGX_DECLINED;
  Process* process = Process::current();
  RequestContext* context = RequestContext::find(r);
  if (process == nullptr) return answer(r, context, "unavailable", out_of_order());
  if (context == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  const ngx_int_t found = find_session(r, *context, *process);
  if (found != NGX_OK) return found == NGX_AGAIN ? NGX_AGAIN : NGX_HTTP_INTERNAL_SERVER_ERROR;
  if (context->failure) return unavailable(r, *context, *process, *context->failure);
  return decide_on(r, *context, *process);
}

}  // namespace

ngx_int_t gate_handler(ngx_http_request_t* r) noexcept {
  return guarded<ngx_int_t>("the gate", NGX_HTTP_SERVICE_UNAVAILABLE, [r] { return gate(r); });
}

}  // namespace anteroom::nginx
