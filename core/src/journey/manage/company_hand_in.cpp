// Links for a company's administrator, and what they handed in.
#include <utility>

#include "anteroom/company_links.h"
#include "anteroom/email.h"
#include "journey/frame/respond.h"
#include "journey/manage/companies.h"
#include "journey/manage/steps.h"
#include "session/set_up_link.h"

namespace anteroom::journey {

namespace {

using store::CompanyChange;

constexpr std::size_t kMaxTo = 400;

// Nothing, or an address.
std::optional<std::string> recipient_in(const std::string& entered) {
  return entered.empty() ? std::optional(std::string()) : canonical_email(entered);
}

Task<Response> make_link(Exchange& exchange, const ManageUser& viewer, std::string name,
                         std::string to, TriedCompany tried) {
  Context& context = exchange.context;
  auto made =
      session::make_link(context.mints.links, context.sealer, context.ports.random, exchange.now());
  if (!made) co_return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
  const bool is_sent = !to.empty();
  store::NewLink link{name, made->hash, std::move(to), is_sent ? made->sealed : ""};
  auto making = store::make_link(context.ports.database, viewer.actor, context.settings.access,
                                 std::move(link));
  const CompanyChange change = co_await or_unavailable(exchange, std::move(making));
  if (change != CompanyChange::done) {
    refuse_change(tried, "failure", change);
  } else if (is_sent) {
    co_return company_changed(exchange, name, "link-sent");
  } else {
    tried.messages["notice"] = "company_link_made"_message;
    tried.made_link = session::set_up_address(context.settings.service_provider, made->token);
  }
  auto showing = company_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace

Task<Response> change_company_link(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  const std::string then = field_of(form, "then", kMaxCompanyName);
  if (then != "make" && then != "end") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "neither"});
  }
  TriedCompany tried;
  tried.link_to = field_of(form, "to", kMaxTo);
  const auto to = recipient_in(tried.link_to);
  if (then == "end") {  // that can wait for nothing
    auto ending = store::end_link(context.ports.database, viewer.actor, context.settings.access,
                                  name, version_in(field_of(form, "number", kMaxCompanyName)));
    const CompanyChange ended = co_await or_unavailable(exchange, std::move(ending));
    if (is_so(ended)) co_return company_changed(exchange, name, "link-ended");
    refuse_change(tried, "failure", ended);
  } else if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (!to) {
    tried.refuse("to_error", {"company_bad_contact"_message, {{"contact", tried.link_to}}});
  } else {
    auto making = make_link(exchange, viewer, name, *to, std::move(tried));
    Response response = co_await making;
    co_return response;
  }
  auto showing = company_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> close_hand_in(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  TriedCompany tried;
  if (!is_late(exchange, viewer, tried)) {
    auto closing =
        store::close_hand_in(context.ports.database, viewer.actor, context.settings.access, name);
    const CompanyChange closed = co_await or_unavailable(exchange, std::move(closing));
    if (is_so(closed)) co_return company_changed(exchange, name, "closed");
    refuse_change(tried, "failure", closed);
  }
  auto showing = company_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
