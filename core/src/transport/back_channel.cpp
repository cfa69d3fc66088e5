#include "anteroom/back_channel.h"

#include <array>
#include <stdexcept>

#include "transport/curl.h"

namespace anteroom {

namespace {

constexpr transport::Limits kLimits{2000, 5000};
constexpr std::size_t kMaxAnswer = 512u << 10;
constexpr int kMostToOne = 4;
constexpr int kMostInAll = 16;

using transport::Handle;
using transport::Headers;
using transport::set;

// saml-bindings 3.2.3.1 names the action.
Headers soap_headers() {
  Headers list;
  for (const char* line : {"Content-Type: text/xml; charset=utf-8",
                           "SOAPAction: \"http://www.oasis-open.org/committees/security\"",
                           "Accept: text/xml", "Expect:"}) {
    if (!transport::add_header(list, line)) return nullptr;
  }
  return list;
}

// True if every option was taken: one that is not would leave a default that we do not want.
bool prepare(CURL* handle, const BackChannelCall& call, curl_slist* headers, std::string& answer,
             char* error) {
  bool all_set = true;
  const bool is_tls = call.url.starts_with("https:");
  transport::set_boundaries(handle, call.url, is_tls ? "https" : "http", call.ca_pem, kLimits,
                            error, all_set);
  set(handle, CURLOPT_HTTPHEADER, headers, all_set);
  set(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()), all_set);
  set(handle, CURLOPT_POSTFIELDS, call.body.data(), all_set);
  set(handle, CURLOPT_WRITEFUNCTION, transport::take<kMaxAnswer>, all_set);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&answer), all_set);
  return all_set;
}

Result<std::string> post_now(const BackChannelCall& call) {
  const Handle handle(curl_easy_init());
  const Headers headers = soap_headers();
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  if (handle == nullptr || headers == nullptr ||
      !prepare(handle.get(), call, headers.get(), answer, error.data())) {
    return Failure{code::kBackChannel, "libcurl could not be prepared"};
  }
  const CURLcode result = curl_easy_perform(handle.get());
  if (result == CURLE_WRITE_ERROR) {
    return Failure{code::kBackChannel, call.url + ": the answer is longer than 512 KiB"};
  }
  if (result != CURLE_OK) {
    const std::string why = error[0] != '\0' ? error.data() : curl_easy_strerror(result);
    return Failure{code::kBackChannel, call.url + ": " + why};
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return Failure{code::kBackChannel, call.url + ": status " + std::to_string(status)};
  }
  return answer;
}

}  // namespace

/// One call's share of what may be under way at once.
class HttpsBackChannel::Place {
 public:
  Place(HttpsBackChannel& channel, const std::string& url) : channel_(channel), url_(url) {
    const std::lock_guard lock(channel_.mutex_);
    int& here = channel_.under_way_[url_];
    if (here >= kMostToOne || channel_.all_ >= kMostInAll) return;
    ++here;
    ++channel_.all_;
    is_taken_ = true;
  }
  ~Place() {
    if (!is_taken_) return;
    const std::lock_guard lock(channel_.mutex_);
    --channel_.under_way_[url_];
    --channel_.all_;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] bool is_taken() const { return is_taken_; }

 private:
  HttpsBackChannel& channel_;
  const std::string& url_;
  bool is_taken_ = false;
};

HttpsBackChannel::HttpsBackChannel() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("libcurl could not be set up");
  }
}

Result<std::string> HttpsBackChannel::post(const BackChannelCall& call) {
  const Place place(*this, call.url);
  if (!place.is_taken()) {
    return Failure{code::kOverloaded, "too many calls to " + call.url + " are under way"};
  }
  return post_now(call);
}

}  // namespace anteroom
