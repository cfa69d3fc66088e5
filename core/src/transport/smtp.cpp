#include "anteroom/smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace anteroom {

namespace {

using mail::Message;
using mail::Sending;
using mail::SendResult;

constexpr long kConnectMilliseconds = 30'000;  // to the end of the sign-on: some greet late

struct Cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Cleanup>;
using Recipients = std::unique_ptr<curl_slist, Cleanup>;

// What has been said so far about one message.
struct Dialogue {
  std::string_view unsent;
  bool is_about_message = false;    ///< MAIL FROM was said
  bool is_about_recipient = false;  ///< RCPT TO was said
  std::string complaint;            ///< the last 4xx or 5xx line
};

bool is_complaint(std::string_view line) {
  return line.size() >= 3 && (line[0] == '4' || line[0] == '5') && line[1] >= '0' &&
         line[1] <= '5' && line[2] >= '0' && line[2] <= '9';
}

void hear(Dialogue& dialogue, curl_infotype type, std::string_view line) {
  if (type == CURLINFO_HEADER_OUT) {
    dialogue.is_about_message = dialogue.is_about_message || line.starts_with("MAIL FROM:");
    dialogue.is_about_recipient = dialogue.is_about_recipient || line.starts_with("RCPT TO:");
  } else if (type == CURLINFO_HEADER_IN && is_complaint(line)) {
    dialogue.complaint = line.substr(0, std::min<std::size_t>(line.find_first_of("\r\n"), 300));
  }
}

// Sees the sign-on too: nothing of what we say is kept.
int overhear(CURL*, curl_infotype type, char* data, std::size_t size, void* target) noexcept {
  try {
    hear(*static_cast<Dialogue*>(target), type, {data, size});
  } catch (...) {
    return 0;
  }
  return 0;
}

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* source) noexcept {
  auto& unsent = static_cast<Dialogue*>(source)->unsent;
  const std::size_t bytes = std::min(size * count, unsent.size());
  std::memcpy(buffer, unsent.data(), bytes);
  unsent.remove_prefix(bytes);
  return bytes;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value, bool& all_set) {
  all_set = curl_easy_setopt(handle, option, value) == CURLE_OK && all_set;
}

void set_server(CURL* handle, const MailSettings& settings, bool& all_set) {
  const bool is_tls = settings.smtp_url.starts_with("smtps:");
  set(handle, CURLOPT_URL, settings.smtp_url.c_str(), all_set);
  set(handle, CURLOPT_PROTOCOLS_STR, is_tls ? "smtps" : "smtp", all_set);
  set(handle, CURLOPT_PROXY, "", all_set);
  set(handle, CURLOPT_USE_SSL,
      static_cast<long>(is_tls || settings.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE), all_set);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2), all_set);
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L, all_set);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L, all_set);
  if (!settings.ca_pem.empty()) {
    curl_blob authorities{const_cast<char*>(settings.ca_pem.data()), settings.ca_pem.size(),
                          CURL_BLOB_COPY};
    set(handle, CURLOPT_CAINFO_BLOB, &authorities, all_set);
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr), all_set);
  }
  if (settings.user.empty()) return;
  set(handle, CURLOPT_USERNAME, settings.user.c_str(), all_set);
  set(handle, CURLOPT_PASSWORD, settings.password.reveal().c_str(), all_set);
}

// True if every option was taken: one that is not would leave a default that we do not want.
bool prepare(CURL* handle, const MailSettings& settings, const Message& message,
             curl_slist* recipients, Dialogue& dialogue, char* error) {
  bool all_set = true;
  curl_easy_reset(handle);  // keeps the connection
  set_server(handle, settings, all_set);
  set(handle, CURLOPT_ERRORBUFFER, error, all_set);
  set(handle, CURLOPT_NOSIGNAL, 1L, all_set);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds, all_set);
  set(handle, CURLOPT_TIMEOUT, static_cast<long>(mail::kSendTimeout.count()), all_set);
  set(handle, CURLOPT_MAIL_FROM, message.sender.c_str(), all_set);
  set(handle, CURLOPT_MAIL_RCPT, recipients, all_set);
  set(handle, CURLOPT_UPLOAD, 1L, all_set);
  set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.bytes.size()), all_set);
  set(handle, CURLOPT_READFUNCTION, give, all_set);
  set(handle, CURLOPT_READDATA, &dialogue, all_set);
  set(handle, CURLOPT_VERBOSE, 1L, all_set);
  set(handle, CURLOPT_DEBUGFUNCTION, overhear, all_set);
  set(handle, CURLOPT_DEBUGDATA, &dialogue, all_set);
  return all_set;
}

// A complaint before RCPT TO is about us (our address, our sign-on), not about the message: it is
// tried again, so that a mistake in the configuration loses nothing.
SendResult judge(CURLcode result, const Dialogue& dialogue, const char* error) {
  if (result == CURLE_OK) return {Sending::accepted, ""};
  const bool is_answered = result == CURLE_SEND_ERROR || result == CURLE_WEIRD_SERVER_REPLY;
  const bool is_told = is_answered && !dialogue.complaint.empty();
  const std::string why = is_told            ? dialogue.complaint
                          : error[0] != '\0' ? error
                                             : curl_easy_strerror(result);
  if (!dialogue.is_about_message) return {Sending::unreachable, why};
  const bool is_final = is_told && dialogue.is_about_recipient && dialogue.complaint[0] == '5';
  return {is_final ? Sending::refused : Sending::postponed, why};
}

}  // namespace

class SmtpTransport::Session {
 public:
  SendResult send(const MailSettings& settings, const Message& message) {
    if (handle_ == nullptr) handle_.reset(curl_easy_init());
    const Recipients recipients(curl_slist_append(nullptr, message.recipient.c_str()));
    Dialogue dialogue;
    dialogue.unsent = message.bytes;
    std::array<char, CURL_ERROR_SIZE> error{};
    if (handle_ == nullptr || recipients == nullptr ||
        !prepare(handle_.get(), settings, message, recipients.get(), dialogue, error.data())) {
      return {Sending::unreachable, "libcurl could not be prepared"};
    }
    const CURLcode result = curl_easy_perform(handle_.get());
    curl_easy_reset(handle_.get());  // what it points to ends here
    return judge(result, dialogue, error.data());
  }

 private:
  Handle handle_;
};

SmtpTransport::SmtpTransport(MailSettings settings)
    : settings_(std::move(settings)), session_(std::make_unique<Session>()) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("libcurl could not be set up");
  }
}

SmtpTransport::~SmtpTransport() = default;

SendResult SmtpTransport::send(const Message& message) {
  return session_->send(settings_, message);
}

void SmtpTransport::hang_up() {
  session_ = std::make_unique<Session>();
}

}  // namespace anteroom
