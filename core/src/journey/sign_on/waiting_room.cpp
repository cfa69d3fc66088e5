#include "anteroom/requests.h"
#include "http/form.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/steps.h"
#include "session/token.h"
#include "text/instant.h"

namespace anteroom::journey {

namespace {

constexpr std::chrono::hours kAskAgainAfter{24};  // as ask_approvers() has it

// Where whoever waits goes once let in. Always a page of this host: other hosts have their own
// room.
std::string destination(const Exchange& exchange, const std::string& handle) {
  const auto wanted = return_to_or_landing(exchange.context, handle);
  return wanted.origin == exchange.origin.text ? wanted.target : wanted.origin + wanted.target;
}

std::string handle_of(const Exchange& exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  return query ? return_handle(query->get("r")) : "";
}

std::string sign_in_url(const Exchange& exchange, const std::string& handle) {
  return exchange.context.path("/sign-in") + return_query(handle);
}

// What has become of a request, and whom to ask for one.
void add_state(pages::Values& values, const store::WaitingState& state, Time now) {
  using Kind = store::WaitingState::Kind;
  values.flags["is_open"] = state.kind == Kind::open;
  values.flags["is_declined"] = state.kind == Kind::declined;
  if (state.kind != Kind::no_request) {
    values.text["requested_by"] = state.requested_by;
    values.text["property"] = state.property_name;
    values.text["since"] = readable_time(state.since);
    values.text["reason"] = state.reason;
  }
  if (state.kind == Kind::open) return;
  values.flags["has_approvers"] = !state.approvers.empty();
  for (const std::string& name : state.approvers) {
    values.lists["approvers"].push_back({{{"approver", name}}});
  }
  const auto asked_at = text::parse_instant(state.asked_at);
  const bool is_asked = asked_at && now < *asked_at + kAskAgainAfter;
  if (is_asked) values.text["asked_at"] = readable_time(state.asked_at);
  values.flags["may_ask"] = !state.approvers.empty() && !is_asked;
}

}  // namespace

Task<Response> show_waiting_room(Exchange exchange) {
  const std::string handle = handle_of(exchange);
  Context& context = exchange.context;
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  const SessionView* view = session.view();
  if (view == nullptr) co_return redirect(303, sign_in_url(exchange, handle));
  if (view->is_provisioned()) co_return redirect(303, destination(exchange, handle));

  const IdentityProvider* idp = exchange.companies->by_name(view->fields().idp);
  pages::Values values;
  values.text["email"] = view->fields().email;
  values.text["name"] = view->fields().name;
  values.text["company"] = idp == nullptr ? std::string(view->fields().idp) : idp->display_name;
  values.text["status_url"] = context.path("/waiting/status") + return_query(handle);
  values.text["stream_url"] = context.path("/waiting/events");
  values.text["heartbeat"] = std::to_string(context.settings.pages.stream_heartbeat.count());
  values.text["refresh_url"] = context.path("/waiting") + return_query(handle);
  values.text["ask_url"] = context.path("/waiting/ask") + return_query(handle);
  values.text["reference"] = view->fields().reference;
  values.text["news"] = view->fields().news;
  auto asking = store::waiting_state(context.ports.database, std::string(view->fields().user),
                                     std::string(view->fields().idp), context.settings.access);
  const Result<store::WaitingState> state = co_await asking;
  if (state) {
    add_state(values, *state, exchange.now());
  } else {
    // The room is there for people even when not all can be told.
    context.ports.log.write(LogLevel::warning, "waiting state: " + state.failure().detail);
  }
  co_return context.renderer->page(exchange.head().headers.accept_language, "waiting", 200, values,
                                   form_targets(idp));
}

Task<Response> ask_for_access(Exchange exchange) {
  const std::string handle = handle_of(exchange);
  Context& context = exchange.context;
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  const SessionView* view = session.view();
  if (view != nullptr && !view->is_provisioned()) {
    store::Actor actor{std::string(view->fields().user), std::string(view->fields().email),
                       std::string(exchange.head().client_address)};
    auto asking = store::ask_approvers(context.ports.database, std::move(actor),
                                       std::string(view->fields().idp), context.settings.access);
    co_await or_unavailable(exchange, std::move(asking));
  }
  // The page says what has been done, or where else to go.
  co_return redirect(303, context.path("/waiting") + return_query(handle));
}

Task<Response> waiting_status(Exchange exchange) {
  const std::string handle = handle_of(exchange);
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  const SessionView* view = session.view();
  if (view == nullptr) {
    co_return json(200, {{"state", "signed_out"}, {"location", sign_in_url(exchange, handle)}});
  }
  if (!view->is_provisioned()) {
    co_return json(200, {{"state", "waiting"}, {"news", std::string(view->fields().news)}});
  }
  co_return json(200, {{"state", "ready"}, {"location", destination(exchange, handle)}});
}

Task<Response> waiting_events(Exchange exchange) {
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  const SessionView* view = session.view();
  // Nothing to wait for: a browser that is told so does not connect again.
  if (view == nullptr || view->is_provisioned()) {
    co_return Response{204, {{"Cache-Control", "no-store"}}, "", {}};
  }
  FollowedSession follow{session.hash(), std::string(view->fields().user),
                         "event: changed\ndata:\n\n", "event: alive\ndata:\n\n",
                         exchange.context.settings.pages.stream_heartbeat};
  co_return Response{200,
                     {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}},
                     "retry: 3000\n\n",
                     std::move(follow)};
}

}  // namespace anteroom::journey
