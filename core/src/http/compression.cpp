#include "anteroom/http.h"

namespace anteroom {

namespace {

// Told by the browser alone, and a redirect by another site stays that site's. Browsers that say
// nothing (Safari before 16.4) get pages as they are.
bool is_asked_for_here(const RequestHeaders& headers) {
  return headers.sec_fetch_site == "same-origin" || headers.sec_fetch_site == "none";
}

}  // namespace

bool may_compress(const Response& response, const RequestHeaders& headers) {
  return response.compression == Compression::always ||
         (response.compression == Compression::on_our_pages && is_asked_for_here(headers));
}

}  // namespace anteroom
