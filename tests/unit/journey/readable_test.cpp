#include "journey/frame/readable.h"

#include <catch2/catch.hpp>

using namespace anteroom::journey;

TEST_CASE("times are read by people without their letters") {
  CHECK(readable_time("2026-05-04T09:12:33Z") == "2026-05-04 09:12 UTC");
  for (const char* other : {"", "2026-05-04", "2026-05-04T09:12:33+01", "2026-05-04 09:12 UTC"}) {
    CHECK(readable_time(other) == other);
  }
}

TEST_CASE("a device is a browser on a system") {
  CHECK(
      device_of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0") == "Edge, Windows");
  CHECK(
      device_of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/126.0.0.0 Safari/537.36") == "Chrome, Windows");
  CHECK(device_of("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0") ==
        "Firefox, Linux");
  CHECK(
      device_of("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
                "Gecko) Version/17.5 Safari/605.1.15") == "Safari, macOS");
  CHECK(device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
                  "(KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1") ==
        "Chrome, iPhone");
  CHECK(device_of("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36") ==
        "Samsung Internet, Android");
  CHECK(device_of("curl/8.5.0") == "curl");
  CHECK(device_of("<b>").empty());
  CHECK(device_of("").empty());
}
