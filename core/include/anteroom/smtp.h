// The mail Transport on libcurl, for hosts that may block.
#pragma once

#include <memory>

#include "anteroom/mail.h"
#include "anteroom/settings.h"

namespace anteroom {

/// Certificates and host names are verified, TLS is 1.2 or later; with `starttls` nothing is said
/// before it. One connection, kept until hang_up(). Not for use by several threads.
class SmtpTransport final : public mail::Transport {
 public:
  /// Before other threads exist. Throws std::runtime_error if libcurl cannot be set up.
  explicit SmtpTransport(MailSettings settings);
  ~SmtpTransport() override;

  [[nodiscard]] mail::SendResult send(const mail::Message& message) override;
  void hang_up() override;

 private:
  class Session;
  MailSettings settings_;
  std::unique_ptr<Session> session_;
};

}  // namespace anteroom
