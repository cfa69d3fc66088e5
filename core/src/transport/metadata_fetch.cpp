#include "anteroom/metadata_fetch.h"

#include <algorithm>
#include <array>

#include "transport/curl.h"

namespace anteroom {

namespace {

using transport::Handle;
using transport::Headers;
using transport::set;

constexpr transport::Limits kLimits{5000, 20000};
constexpr std::size_t kMaxAnswer = 4u << 20;
constexpr std::size_t kMaxValidator = 1024;

Failure failed(const MetadataCall& call, const std::string& why) {
  return {code::kMetadataFetch, call.url + ": " + why};
}

// What a server calls its copy is sent back to it as it came: one line of moderate length.
std::string header(CURL* handle, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return "";
  std::string value(found->value);
  const bool is_fit =
      value.size() <= kMaxValidator &&
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_fit ? value : "";
}

bool add_headers(Headers& headers, const MetadataCall& call) {
  return transport::add_header(headers, "Accept: application/samlmetadata+xml, text/xml;q=0.9") &&
         (call.etag.empty() || transport::add_header(headers, "If-None-Match: " + call.etag)) &&
         (call.last_modified.empty() ||
          transport::add_header(headers, "If-Modified-Since: " + call.last_modified));
}

Result<MetadataAnswer> judge(CURL* handle, const MetadataCall& call, std::string body) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  MetadataAnswer answer{false, "", header(handle, "etag"), header(handle, "last-modified")};
  if (status == 304 && (!call.etag.empty() || !call.last_modified.empty())) {
    answer.is_unchanged = true;
    return answer;
  }
  const char* target = nullptr;
  curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target);
  if (target != nullptr) {
    return failed(call, "it leads to " + std::string(target) +
                            "; no redirect is followed, write the address that answers itself");
  }
  if (status != 200) return failed(call, "status " + std::to_string(status));
  answer.xml = std::move(body);
  return answer;
}

}  // namespace

Result<MetadataAnswer> fetch_metadata(const MetadataCall& call) {
  const Handle handle(curl_easy_init());
  Headers headers;
  std::string body;
  std::array<char, CURL_ERROR_SIZE> error{};
  bool all_set = handle != nullptr && add_headers(headers, call);
  if (all_set) {
    transport::set_boundaries(handle.get(), call.url, "https", call.ca_pem, kLimits, error.data(),
                              all_set);
    set(handle.get(), CURLOPT_HTTPHEADER, headers.get(), all_set);
    set(handle.get(), CURLOPT_USERAGENT, "anteroom", all_set);
    set(handle.get(), CURLOPT_WRITEFUNCTION, transport::take<kMaxAnswer>, all_set);
    set(handle.get(), CURLOPT_WRITEDATA, static_cast<void*>(&body), all_set);
  }
  if (!all_set) return failed(call, "libcurl could not be prepared");
  const CURLcode result = curl_easy_perform(handle.get());
  if (result == CURLE_WRITE_ERROR) return failed(call, "it is longer than 4 MiB");
  if (result != CURLE_OK) {
    return failed(call, error[0] != '\0' ? error.data() : curl_easy_strerror(result));
  }
  return judge(handle.get(), call, std::move(body));
}

}  // namespace anteroom
