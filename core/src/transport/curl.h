// What every call out has in common: nothing is trusted that was not asked for.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace anteroom::transport {

struct Cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Cleanup>;
using Headers = std::unique_ptr<curl_slist, Cleanup>;

template <class Value>
void set(CURL* handle, CURLoption option, Value value, bool& all_set) {
  all_set = curl_easy_setopt(handle, option, value) == CURLE_OK && all_set;
}

/// False if memory is short; then `list` is as it was.
inline bool add_header(Headers& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

/// CURLOPT_WRITEFUNCTION for a std::string of at most `most` bytes: libcurl gives up on more.
template <std::size_t most>
std::size_t take(const char* data, std::size_t size, std::size_t count, void* target) noexcept {
  auto& answer = *static_cast<std::string*>(target);
  const std::size_t bytes = size * count;
  if (answer.size() + bytes > most) return 0;
  try {
    answer.append(data, bytes);
  } catch (...) {
    return 0;
  }
  return bytes;
}

struct Limits {
  long connect_milliseconds;
  long total_milliseconds;
};

/// One protocol, TLS 1.2 or later with a verified certificate, no redirect, no proxy, no signals.
/// `ca_pem`: the only authorities trusted; empty: the system's. `error`: CURL_ERROR_SIZE bytes.
inline void set_boundaries(CURL* handle, const std::string& url, const char* protocol,
                           const std::string& ca_pem, Limits limits, char* error, bool& all_set) {
  set(handle, CURLOPT_ERRORBUFFER, error, all_set);
  set(handle, CURLOPT_NOSIGNAL, 1L, all_set);
  set(handle, CURLOPT_URL, url.c_str(), all_set);
  set(handle, CURLOPT_PROTOCOLS_STR, protocol, all_set);
  set(handle, CURLOPT_PROXY, "", all_set);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L, all_set);
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1), all_set);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2), all_set);
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L, all_set);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L, all_set);
  if (!ca_pem.empty()) {
    curl_blob authorities{const_cast<char*>(ca_pem.data()), ca_pem.size(), CURL_BLOB_COPY};
    set(handle, CURLOPT_CAINFO_BLOB, &authorities, all_set);
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr), all_set);
  }
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect_milliseconds, all_set);
  set(handle, CURLOPT_TIMEOUT_MS, limits.total_milliseconds, all_set);
}

}  // namespace anteroom::transport
