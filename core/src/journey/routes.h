// The table of all that this site answers itself, and what is settled before a step runs: method,
// host, who sent it, how much body, who may come in.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "anteroom/bodies.h"
#include "journey/frame/context.h"
#include "journey/manage/manage.h"
#include "journey/scim/scim.h"

namespace anteroom::journey {

enum class Method {
  get,  ///< and HEAD
  post,
  any,  ///< the step looks at it
};

struct Place {
  enum class Kind {
    page,   ///< the path below the prefix
    below,  ///< all that begins with it
    acs,    ///< service_provider.acs_path
    slo,    ///< service_provider.slo_path
  };
  Kind kind;
  std::string_view path;
};
constexpr Place page(std::string_view path) {
  return {Place::Kind::page, path};
}
constexpr Place below(std::string_view path) {
  return {Place::Kind::below, path};
}
inline constexpr Place kAcs{Place::Kind::acs, {}};
inline constexpr Place kSlo{Place::Kind::slo, {}};

/// Where it is served. Manage gives access: what runs on an app's origin must not reach it.
enum class Host {
  every,
  login,
  login_or_sent_there,  ///< GET elsewhere is redirected to the login host
};

/// Who may have sent it, as far as the browser says (form_origin.h).
enum class Sender { anybody, our_own_page };

/// How much body it may bring. Who has nothing that could be lost brings less.
enum class Body {
  none,
  form,
  list,       ///< BodySize::large for a browser that brings a session's or a set-up link's cookie
  saml,       ///< BodySize::large
  directory,  ///< BodySize::large with a bearer token and a method that has one, else none
};

/// For everybody: the step itself looks at who asks, if at all.
struct Open {
  Task<Response> (*step)(Exchange exchange);
};
/// For who has a right in Manage.
struct Manage {
  ManageRight right;
  std::string (*back)(const Exchange& exchange);
  Response (*keep)(const Exchange& exchange, Response refusal);
  Task<Response> (*step)(Exchange exchange, ManageUser user);
};
/// For a company's directory, by its bearer token.
struct Directory {
  Task<Response> (*step)(ScimExchange exchange);
};
using Door = std::variant<Open, Manage, Directory>;

/// No column has a default: whoever adds a row says all of it.
struct Route {  // NOLINT(clang-analyzer-optin.performance.Padding): as a row is read
  constexpr Route(Method method_, Place place_, Host host_, Sender sender_, Body body_, Door door_)
      : method(method_), place(place_), host(host_), sender(sender_), body(body_), door(door_) {}

  Method method;
  Place place;
  Host host;
  Sender sender;
  Body body;
  Door door;
};

struct Routes {
  const Route* first;
  const Route* last;
  [[nodiscard]] const Route* begin() const { return first; }
  [[nodiscard]] const Route* end() const { return last; }
};
Routes routes();

/// Whether its step may look for a company that somebody names: a new worker that has not read the
/// Whether the answer depends on which companies there are.
[[nodiscard]] bool needs_companies(const Route& route, const RequestHead& head);
/// database's yet lets such a request wait for that.
bool looks_for_company(const Route& route, const RequestHead& head);

/// What the table says of a request.
struct Match {
  const Route* route = nullptr;
  bool is_elsewhere = false;  ///< it is served on the login host: to be redirected there
  std::string allow = {};  ///< without a route: methods that are answered here (RFC 9110, 10.2.1)
};
Match match(const ServiceProviderSettings& sp, const RequestHead& request, bool is_login_host);

/// Of a request that the table has this row for.
BodySize body_size_of(const Route& route, const RequestHead& request);

/// Runs the row's step if the request is let in.
Task<Response> enter(const Route& route, Exchange exchange);

}  // namespace anteroom::journey
