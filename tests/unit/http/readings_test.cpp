#include "anteroom/readings.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace anteroom;

namespace {

bool has(const std::vector<std::string>& readings, const std::string& reading) {
  return std::find(readings.begin(), readings.end(), reading) != readings.end();
}

struct Example {
  const char* path;
  const char* reading;  // what some server makes of it
};

}  // namespace

TEST_CASE("ordinary paths have one reading") {
  const char* path =
      GENERATE("/", "/work", "/a/b/c.html", "/a/b/", "/caf%C3%A9/men%C3%BC", "/with%20space",
               "/a+b", "/a..b/c.", "/~ann/a:b@c", "/orders/7,8", "/a=b&c", "/\xc3\xa9", "/%7Eann");
  CAPTURE(path);
  CHECK(has_one_reading(path));
  CHECK(readings_of(path)->size() == 1);
}

TEST_CASE("a hidden folder is looked at and has one reading") {
  CHECK_FALSE(has_one_reading("/.well-known/acme"));
  CHECK(*readings_of("/.well-known/acme") == std::vector<std::string>{"/.well-known/acme"});
}

TEST_CASE("what servers make of a path is among its readings") {
  const Example example = GENERATE(
      Example{"/public/../manager/x", "/manager/x"}, Example{"/public/./x", "/public/x"},
      Example{"/public/..", "/"}, Example{"/public/.", "/public/"}, Example{"/../x", "/x"},
      Example{"/public/%2e%2e/manager", "/manager"}, Example{"/public/.%2E/manager", "/manager"},
      Example{"/public/..%2fmanager", "/manager"}, Example{"/public%2fx", "/public/x"},
      Example{"/public%2fx", "/public%2Fx"}, Example{"/public/..;/manager/x", "/manager/x"},
      Example{"/public/..;a=b;c/manager/x", "/manager/x"}, Example{"/manager;/x", "/manager/x"},
      Example{"/manager/x;jsessionid=1", "/manager/x"}, Example{"/;/manager/x", "/manager/x"},
      Example{"/public/..%3b/manager", "/manager"},
      Example{"/public/%2e%2e%3b/manager", "/manager"}, Example{"/public\\..\\manager", "/manager"},
      Example{"/public%5c..%5cmanager", "/manager"}, Example{"/public/..%5cmanager", "/manager"},
      Example{"//manager/x", "/manager/x"}, Example{"//public/manager/x", "/manager/x"},
      Example{"/\\public/manager/x", "/manager/x"}, Example{"/public//../manager", "/manager"},
      Example{"/public//../manager", "/public/manager"},
      Example{"/public/%252e%252e/manager", "/manager"},
      Example{"/public/..%252fmanager", "/manager"}, Example{"/manager/x%00.html", "/manager/x"},
      Example{"/manager/x%2500.html", "/manager/x"}, Example{"/manager#/../public/x", "/manager"},
      Example{"/public#/../manager", "/manager"}, Example{"/manager%3fx", "/manager"},
      Example{"/manager%23x", "/manager"}, Example{"/public/%c0%ae%c0%ae/manager", "/manager"},
      Example{"/public%c0%afx", "/public/x"}, Example{"/%6danager/x", "/manager/x"},
      Example{"/%256danager/..;/x", "/x"});
  CAPTURE(example.path, example.reading);
  CHECK_FALSE(std::string(example.path) == example.reading);
  CHECK(has(readings_of(example.path).value(), example.reading));
  CHECK((has_one_reading(example.path) == (readings_of(example.path)->size() == 1)));
}

TEST_CASE("a long path of odd signs has too many before it costs much") {
  for (const char* sign : {"//", "/\\", "/;", "/%2e"}) {
    std::string path;
    while (path.size() < 8000) path += sign;
    const auto readings = readings_of(path);
    CHECK((!readings || readings->size() * path.size() <= kMostBytes));
  }
  CHECK_FALSE(readings_of(std::string(4000, '/') + "\\;%2f%5c"));
  CHECK(readings_of("/proxy/" + std::string(3000, 'a') + "%2Fb%2Fc;d=1")->size() > 2);
}

TEST_CASE("a script's name in front is taken off by some") {
  CHECK(has(readings_of("/index.php/manager/x").value(), "/manager/x"));
  CHECK_FALSE(has_one_reading("/index.php/manager/x"));
  CHECK(has_one_reading("/index.php"));
}

TEST_CASE("what leads up is known by every spelling") {
  for (const char* path : {"/a/../b", "/a/..;/b", "/a/%2e%2e/b", "/a/%252e%252e/b", "/a/..%5cb",
                           "/..", "/a/.%2e/", "/a/%c0%ae%c0%ae/b"}) {
    const auto readings = readings_of(path).value();
    INFO(path);
    CHECK(std::any_of(readings.begin(), readings.end(), leads_up));
    CHECK(may_lead_up(path));
  }
  for (const char* path : {"/a/..b", "/a../b", "/a/.../b", "/a;x/b", "/%41"}) {
    const auto readings = readings_of(path).value();
    INFO(path);
    CHECK(std::none_of(readings.begin(), readings.end(), leads_up));
  }
  CHECK_FALSE(may_lead_up("/a;x=1/b%2Fc//d"));
}

TEST_CASE("a path made to have many readings has too many") {
  CHECK_FALSE(readings_of("/a%25252525252525252525252525252525252525252525252525252525252f"));
  CHECK_FALSE(readings_of("/a;x/..;y//%2e%2e/%252e%252e/b\\..\\c%5cd/%c0%ae/e#f%00g"));
}

TEST_CASE("escapes are decoded once") {
  CHECK(decoded_once("a%2Fb%252fc%zz%4") == "a/b%2fc%zz%4");
}
