#include <catch2/catch.hpp>

#include "anteroom/http.h"

using namespace anteroom;

namespace {

bool may(Compression compression, std::string_view sec_fetch_site) {
  Response response;
  response.compression = compression;
  RequestHeaders headers;
  headers.sec_fetch_site = sec_fetch_site;
  return may_compress(response, headers);
}

}  // namespace

TEST_CASE("an answer is not compressed unless somebody has said that it may be") {
  CHECK(Response{}.compression == Compression::never);
  for (const char* site : {"same-origin", "none", "same-site", "cross-site", ""}) {
    INFO(site);
    CHECK_FALSE(may(Compression::never, site));
    CHECK(may(Compression::always, site));
  }
}

TEST_CASE("a page is compressed for our own pages and for whoever typed its address") {
  CHECK(may(Compression::on_our_pages, "same-origin"));
  CHECK(may(Compression::on_our_pages, "none"));
}

TEST_CASE("a page that another site may have asked for is not compressed") {
  for (const char* site : {"same-site", "cross-site", "", "Same-Origin", "same-origin, none"}) {
    INFO(site);
    CHECK_FALSE(may(Compression::on_our_pages, site));
  }
}
