#include <array>

#include "anteroom/http.h"

namespace anteroom {

Request::Request(const RequestHead& head, std::string body) : head_(head), body_(std::move(body)) {
  RequestHeaders& h = head_.headers;
  const std::array<std::string_view*, 18> views{
      &head_.method,     &head_.path,     &head_.query,        &head_.client_address,
      &h.host,           &h.cookie,       &h.accept,           &h.accept_language,
      &h.content_type,   &h.origin,       &h.sec_fetch_site,   &h.sec_fetch_mode,
      &h.sec_fetch_dest, &h.sec_purpose,  &h.x_requested_with, &h.upgrade,
      &h.user_agent,     &h.authorization};
  std::size_t total = 0;
  for (const auto* view : views) total += view->size();
  storage_.reserve(total);  // no reallocation below: the views point into it
  for (auto* view : views) {
    const char* start = storage_.data() + storage_.size();
    storage_.insert(storage_.end(), view->begin(), view->end());
    *view = std::string_view(start, view->size());
  }
}

}  // namespace anteroom
