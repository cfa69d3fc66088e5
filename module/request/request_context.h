// What the module knows of one request, from its first phase to its log line, over all internal
// redirects.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/gate.h"
#include "anteroom/http.h"
#include "anteroom/properties.h"
#include "anteroom/result.h"
#include "ngx.h"
#include "request/identity_headers.h"
#include "request/open_requests.h"

namespace anteroom::nginx {

/// Held by whatever answers later. Null once the request is gone: then there is nothing to do.
struct RequestToken {
  ngx_http_request_t* request = nullptr;
};

struct ArrivingBody;
class WatchedRequest;

class RequestContext {
 public:
  explicit RequestContext(ngx_http_request_t* r);
  ~RequestContext();
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  /// nullptr before the request's first phase, and without auth_saml_config.
  static RequestContext* find(ngx_http_request_t* r);
  static RequestContext* create(ngx_http_request_t* r);

  [[nodiscard]] ngx_http_request_t* request() const { return request_; }
  [[nodiscard]] std::weak_ptr<RequestToken> token() {
    if (token_ == nullptr) token_ = std::make_shared<RequestToken>(RequestToken{request_});
    return token_;
  }

  // Who asks. Taken off the request before anything can pass it on.
  /// The Cookie header as sent, if ours were removed from it; in the request's memory.
  std::optional<std::string_view> cookies;
  std::string joined_cookies;                     ///< its bytes where there were several fields
  std::optional<std::string_view> session_token;  ///< of it; hashed where a gate asks for it
  bool is_stripped = false;  ///< nothing of it is left in the main request's headers

  // What is known of them.
  enum class LookUp { none, waiting, done };
  LookUp look_up = LookUp::none;
  std::optional<TokenHash> session;  ///< the token's, where there is one
  std::string record;                ///< empty: no such live session
  std::unique_ptr<Failure> failure;  ///< of the look-up
  std::optional<SessionView> view;   ///< reads `record`
  LookUp naming = LookUp::none;      ///< of `names`
  store::PropertyNames names;        ///< for the page that says what is missing

  // What was decided last.
  const char* outcome = "-";
  bool is_identified = false;         ///< `view` is a live session of this host
  bool has_identity_headers = false;  ///< the gate has let it through
  bool has_expiry_headers = false;    ///< its answer says how long the session lasts
  IdentityFields identity_fields;     ///< set with has_identity_headers

  /// Where r->uri was when its readings were last looked at.
  const u_char* checked_path = nullptr;
  bool is_sent_path_passed = false;  ///< the gate has let it through where it was sent to

  /// What let it through: all of it must hold for as long as the request lasts.
  const Origin* origin = nullptr;
  Requirement requirement;
  std::vector<Requirement> earlier_requirements;  ///< before internal redirects
  Turn turn;                                      ///< to be watched

  /// What one of our endpoints is sent.
  std::unique_ptr<ArrivingBody> body;

  /// The answer of one of our endpoints, on its way.
  std::unique_ptr<Response> response;

  /// Set if it has stayed open for a while. Goes first: it refers to all else.
  std::unique_ptr<WatchedRequest> watched;

 private:
  ngx_http_request_t* request_;
  std::shared_ptr<RequestToken> token_;  ///< made for the first who answers later
};

/// Has nginx call `handler` for the request, soon, from its own event.
void resume(ngx_http_request_t* r, ngx_http_event_handler_pt handler);

}  // namespace anteroom::nginx
