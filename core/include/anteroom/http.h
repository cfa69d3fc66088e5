// The HTTP messages that the core reads and writes, free of any server's types.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom {

/// The headers that the gate and the journey look at. Absent and empty are the same.
struct RequestHeaders {
  std::string_view host;    ///< as sent: host[:port], compared without case
  std::string_view cookie;  ///< all Cookie fields, joined with "; "
  std::string_view accept;
  std::string_view accept_language;
  std::string_view content_type;
  std::string_view origin;
  std::string_view sec_fetch_site;
  std::string_view sec_fetch_mode;
  std::string_view sec_fetch_dest;
  std::string_view sec_purpose;
  std::string_view x_requested_with;
  std::string_view upgrade;
  std::string_view user_agent;
  std::string_view authorization;  ///< a secret: never logged
};

/// What the gate looks at. Views into the host's memory: valid during the call, never kept.
struct RequestHead {
  std::string_view method;          ///< "GET", "POST", … as sent
  std::string_view path;            ///< as sent, still percent-encoded, without the query
  std::string_view query;           ///< as sent, without the '?'
  std::string_view client_address;  ///< numeric, after the host's own real-IP handling
  RequestHeaders headers;
};

/// An owned request for the journey, which outlives the event that brought it.
class Request {
 public:
  /// Copies every view of `head`.
  Request(const RequestHead& head, std::string body);
  Request(Request&&) = default;
  Request(const Request&) = delete;  // a copy's views would point into the original
  Request& operator=(const Request&) = delete;
  Request& operator=(Request&&) = default;
  ~Request() = default;

  [[nodiscard]] const RequestHead& head() const { return head_; }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  std::vector<char> storage_;  // a vector keeps its buffer when it moves: the views stay valid
  RequestHead head_;
  std::string body_;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// The session that an open answer is about, and what is sent when something may have changed.
struct FollowedSession {
  TokenHash session;
  std::string user;  ///< the user's UUID
  std::string_view changed_event;
  std::string_view alive_event;
  std::chrono::seconds alive_every;  ///< so that nobody on the way takes it for dead
};

/// Whether an answer may be compressed on its way. The size of a compressed one tells what a text
/// that somebody else chose has in common with the rest of it (BREACH).
enum class Compression {
  never,         ///< it holds a secret, or nobody has thought about it
  on_our_pages,  ///< where no other site had the browser ask for it
  always,        ///< everybody is sent the same
};

/// `headers` may hold a name several times (Set-Cookie). Content-Length is the host's. A body is
/// sent only where the method allows one.
struct Response {
  int status = 200;
  HeaderList headers;
  std::string body;
  /// Set: the answer stays open after `body` (which is not empty), and the host adds an event
  /// whenever what is known of the session changes.
  std::optional<FollowedSession> follow = {};
  /// In place of `body`: what everybody is sent alike, of which nobody needs a copy.
  std::shared_ptr<const std::string> shared_body = {};
  Compression compression = Compression::never;

  [[nodiscard]] const std::string& content() const { return shared_body ? *shared_body : body; }
};

/// True if the host may let `response` be compressed for a request with these headers.
bool may_compress(const Response& response, const RequestHeaders& headers);

}  // namespace anteroom
