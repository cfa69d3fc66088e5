#include "journey/frame/respond.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "http/url.h"
#include "journey/frame/log_line.h"
#include "journey/frame/return_to.h"
#include "journey/frame/send_away.h"
#include "session/token.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kMaxLogged = 400;
constexpr int kRetryAfterSeconds = 5;
constexpr Code kAccessLevel{"access_level"};

void log_refusal(Context& context, const RequestHead& request, const Failure& failure,
                 std::string_view reference, int status, std::string_view idp) {
  context.ports.meter.refused(failure.code);
  LogLine line("refused");
  line.add("code", failure.code.name)
      .add("status", std::to_string(status))
      .add("reference", reference)
      .add("client", request.client_address)
      .add("path", request.path)
      .add("idp", idp)
      .add("detail", failure.detail, kMaxLogged);
  context.ports.log.write(status >= 500 ? LogLevel::error : LogLevel::warning, line.text());
}

Response error_page(const Context& context, const RequestHead& request,
                    const ErrorPage& explanation, const std::string& reference) {
  pages::Values values;
  values.messages["title"] = explanation.title;
  values.messages["message"] = explanation.message;
  values.messages["hint"] = explanation.hint;
  values.text["reference"] = reference;
  values.text["retry_url"] = explanation.retry_url;
  values.messages["retry_label"] = explanation.retry_label;
  values.flags["show_retry"] = !explanation.retry_url.empty();
  values.flags["is_maintenance"] = explanation.status == 503;
  return context.renderer->page(request.headers.accept_language, "error", explanation.status,
                                values);
}

// For a link on the page that this address led to, which may be as long as it was.
std::string same_page(const RequestHead& request) {
  constexpr std::size_t kMax = 2048 + 1 + 8192;
  const std::string whole = std::string(request.path) + "?" + std::string(request.query);
  return http::is_local_target(whole, kMax) && !request.query.empty() ? whole
                                                                      : local_target(request);
}

ErrorPage explanation_of(int status) {
  switch (status) {
    case 404:
      return {status, "not_found_title"_message, "not_found"_message};
    case 405:
      return {status, "failed_title"_message, "wrong_method"_message};
    case 413:
      return {status, "too_large_title"_message, "too_large"_message};
    case 421:
      return {status, "not_served_title"_message, "not_served"_message, "not_served_hint"_message};
    default:
      return {status, "failed_title"_message, "bad_request"_message, "bad_request_hint"_message};
  }
}

}  // namespace

Response redirect(int status, std::string location) {
  return {status, {{"Location", std::move(location)}, {"Cache-Control", "no-store"}}, ""};
}

Response json(int status, const std::vector<std::pair<std::string, std::string>>& members) {
  nlohmann::ordered_json object;
  for (const auto& [name, value] : members) object[name] = value;
  using Json = nlohmann::ordered_json;
  return json(status, object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Response json(int status, std::string document) {
  return {status,
          {{"Content-Type", "application/json"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          std::move(document) + "\n"};
}

Response explain_as(Context& context, const RequestHead& request, const Failure& failure,
                    const ErrorPage& explanation, std::string_view idp,
                    const std::string& reference) {
  log_refusal(context, request, failure, reference, explanation.status, idp);
  return error_page(context, request, explanation, reference);
}

Response explain(Context& context, const RequestHead& request, const Failure& failure,
                 const ErrorPage& explanation, std::string_view idp) {
  return explain_as(context, request, failure, explanation, idp,
                    session::new_reference(context.ports.random));
}

Response denied(Context& context, const RequestHead& request, const SessionFields& who,
                const Requirement& requirement, const std::string& reference,
                const store::PropertyNames& names) {
  const std::string property =
      requirement.has_property ? text::printable(requirement.property, 100) : "";
  context.ports.meter.refused(kAccessLevel);
  LogLine line("denied");
  line.add("code", kAccessLevel.name)
      .add("status", "403")
      .add("reference", reference)
      .add("client", request.client_address)
      .add("path", request.path)
      .add("user", who.user)
      .add("level", who.access_level)
      .add("needed", requirement.level.value_or(""), 50)
      .add("property", property);
  context.ports.log.write(LogLevel::info, line.text());
  if (!is_navigation(request)) {
    return json(403, {{"error", "forbidden"}, {"reference", reference}});
  }
  pages::Values values;
  values.text["email"] = who.email;
  values.text["name"] = who.name;
  values.text["needed_level"] = requirement.level.value_or("");
  name_property(values, property, names);
  values.text["your_level"] = who.access_level;
  values.text["your_properties"] = who.properties;
  values.lists["your_grants"] = named_grants(who.properties, names);
  values.text["reference"] = reference;
  values.text["back_url"] = "/";
  return context.renderer->page(request.headers.accept_language, "denied", 403, values,
                                form_targets(context.companies->by_name(who.idp)));
}

Task<store::PropertyNames> names_for_refusal(Context& context, std::vector<std::string> keys) {
  auto asking = store::property_names(context.ports.database, std::move(keys));
  Result<store::PropertyNames> names = co_await asking;
  if (!names) co_return store::PropertyNames{};
  co_return std::move(*names);
}

Response unavailable(Context& context, const RequestHead& request, const Failure& failure) {
  const std::string reference = session::new_reference(context.ports.random);
  log_refusal(context, request, failure, reference, 503, {});
  Response response =
      is_navigation(request)
          ? error_page(context, request,
                       {503, "unavailable_title"_message, "unavailable"_message,
                        "unavailable_hint"_message,
                        request.method == "GET" ? same_page(request) : context.path("/sign-in"),
                        "try_again"_message},
                       reference)
          : json(503, {{"error", "unavailable"}, {"reference", reference}});
  response.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return response;
}

std::string note_refusal(Context& context, const RequestHead& request, const Failure& failure,
                         int status, std::string_view idp) {
  std::string reference = session::new_reference(context.ports.random);
  log_refusal(context, request, failure, reference, status, idp);
  return reference;
}

Response refuse(Context& context, const RequestHead& request, int status, const Failure& failure) {
  const std::string reference = session::new_reference(context.ports.random);
  log_refusal(context, request, failure, reference, status, {});
  if (is_navigation(request))
    return error_page(context, request, explanation_of(status), reference);
  return json(status, {{"error", std::string(failure.code.name)}, {"reference", reference}});
}

}  // namespace anteroom::journey
