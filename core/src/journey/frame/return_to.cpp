#include "journey/frame/return_to.h"

#include <algorithm>

#include "http/url.h"

namespace anteroom::journey {

std::string local_target(const RequestHead& request) {
  std::string target(request.path);
  if (!request.query.empty()) target += "?" + std::string(request.query);
  if (http::is_local_target(target)) return target;
  return http::is_local_target(request.path) ? std::string(request.path) : "/";
}

session::ReturnTo return_to_or_landing(const Context& context, std::string_view sealed) {
  if (!sealed.empty()) {
    auto wanted = session::open_return_to(context.sealer, sealed, context.now());
    if (wanted && http::is_local_target(wanted->target)) {
      const auto& apps = context.settings.service_provider.apps;
      const bool is_served = std::any_of(
          apps.begin(), apps.end(), [&](const Origin& app) { return app.text == wanted->origin; });
      if (is_served) return *wanted;
    }
  }
  const auto landing = http::parse_url(context.settings.service_provider.landing_url);
  if (!landing) return {context.login_origin().text, "/", "", {}, ""};
  const std::string query = landing->query.empty() ? "" : "?" + landing->query;
  return {landing->origin().text, landing->path + query, "", {}, ""};
}

std::string return_handle(std::string_view given) {
  constexpr std::size_t kMax = 4096;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bool is_plausible =
      given.size() <= kMax && given.find_first_not_of(kAlphabet) == std::string_view::npos;
  return is_plausible ? std::string(given) : std::string();
}

std::string return_query(std::string_view handle) {
  return handle.empty() ? "" : "?r=" + std::string(handle);
}

}  // namespace anteroom::journey
