// Mail: what people are told outside their browser. Composing is pure; a Transport carries it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"

namespace anteroom::mail {

/// A row of the outbox, as it was written.
struct Letter {
  std::string id;  ///< UUID; decides the Message-ID
  std::string recipient;
  std::string template_name;
  std::string parameters;  ///< a JSON object; `language` chooses the texts
  Time written_at;
};

/// What a mail server is given (RFC 5321, 5322).
struct Message {
  std::string sender;     ///< canonical
  std::string recipient;  ///< canonical
  std::string bytes;      ///< CRLF, 7 bit, no line over 78 characters, dots not stuffed
};

namespace code {
// Why a letter can never be sent.
inline constexpr Code kRecipient{"mail_recipient"};  ///< no address that we write to
inline constexpr Code kTemplate{"mail_template"};    ///< there is no such template
/// No JSON object, or a link that our keys do not open.
inline constexpr Code kParameters{"mail_parameters"};
}  // namespace code

/// Letters in the installation's words. The same letter is the same bytes every time.
class Composer {
 public:
  /// `settings.mail` must be there. Throws std::runtime_error naming the template that cannot be
  /// used.
  explicit Composer(const Settings& settings);
  ~Composer();

  [[nodiscard]] Result<Message> compose(const Letter& letter) const;

  /// "access_approved.en.html", …: every file that mail.templates may hold, without ".mustache".
  static std::vector<std::string> template_names();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Checks a text that is to replace the template of this name. Empty if it can, else what is wrong
/// with it and in which line ("line 3: …").
std::string check_template(const std::string& name, const std::string& text);

/// The languages that there are texts in.
const std::vector<std::string>& languages();

enum class Sending {
  accepted,     ///< the server answers for it from now on
  refused,      ///< this message never will be (5xx to the recipient or the content)
  postponed,    ///< this message, for now (4xx, or the connection broke while it was sent)
  unreachable,  ///< no message gets through now: connection, TLS, sign-on, greeting
};

struct SendResult {
  Sending outcome = Sending::unreachable;
  std::string detail;  ///< what the server said, for operators; no credentials
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Blocks for as long as kSendTimeout.
  [[nodiscard]] virtual SendResult send(const Message& message) = 0;
  /// Ends the connection that is kept from one message to the next.
  virtual void hang_up() {}
};

/// Of one message, from connecting to the answer. Mail servers may take minutes to accept
/// (RFC 5321 4.5.3.2), and giving up too early means sending twice.
inline constexpr std::chrono::seconds kSendTimeout{240};

}  // namespace anteroom::mail
