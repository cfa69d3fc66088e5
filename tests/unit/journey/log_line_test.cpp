#include "journey/frame/log_line.h"

#include <catch2/catch.hpp>

using anteroom::journey::LogLine;

TEST_CASE("plain values stand as they are, empty ones are left out") {
  CHECK(
      LogLine("refused").add("code", "audience").add("idp", "").add("path", "/a/b-c_d.e").text() ==
      "refused code=audience path=/a/b-c_d.e");
}

TEST_CASE("nobody can add a key, or a line, of their own") {
  CHECK(LogLine("denied").add("property", "x code=allow").text() ==
        "denied property=\"x code=allow\"");
  CHECK(LogLine("denied").add("property", "a\" b=\"c").text() ==
        "denied property=\"a\\\" b=\\\"c\"");
  CHECK(LogLine("denied").add("property", "a\\").text() == "denied property=\"a\\\\\"");
  CHECK(LogLine("denied").add("property", "a=b").text() == "denied property=\"a=b\"");
  CHECK(LogLine("denied").add("path", "/a\nrefused").text() == "denied path=/a?refused");
}

TEST_CASE("a value has an end") {
  CHECK(LogLine("denied").add("path", std::string(500, 'x'), 3).text() == "denied path=xxx");
}
