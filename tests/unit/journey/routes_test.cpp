// The table of routes: what holds for each row whatever its step does.
#include "journey/routes.h"

#include <set>

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using journey::Host;
using journey::Method;
using journey::Place;
using journey::Sender;

namespace {

World::Ask ask_for(const World& world, const journey::Route& route) {
  const auto& sp = world.settings->service_provider;
  World::Ask ask;
  ask.method = route.method == Method::get ? "GET" : "POST";
  ask.path = route.place.kind == Place::Kind::acs ? sp.acs_path
             : route.place.kind == Place::Kind::slo
                 ? sp.slo_path
                 : sp.pages_prefix + std::string(route.place.path);
  if (route.place.kind == Place::Kind::below) ask.path += "x";
  return ask;
}

bool is_page(const journey::Route& route) {
  return route.place.kind == Place::Kind::page;
}

}  // namespace

TEST_CASE("a form of ours is taken from our own pages only, whichever it is") {
  World world;
  int forms = 0;
  for (const journey::Route& route : journey::routes()) {
    if (route.method != Method::post || !is_page(route)) continue;
    ++forms;
    INFO(route.place.path);
    World::Ask ask = ask_for(world, route);
    for (const char* site : {"cross-site", "same-site", "none"}) {
      ask.sec_fetch_site = site;
      CHECK(world.answer(ask).status == 403);
    }
    ask.sec_fetch_site = "";
    ask.origin = "https://evil.test";
    CHECK(world.answer(ask).status == 403);
    ask.origin = "";
    CHECK(world.answer(ask).status == 403);
    CHECK(world.log.has("foreign_form"));
  }
  CHECK(forms > 10);
}

TEST_CASE("what is not answered by this method says which are") {
  World world;
  for (const journey::Route& route : journey::routes()) {
    if (route.method == Method::any) continue;
    INFO(route.place.path);
    World::Ask ask = ask_for(world, route);
    ask.method = "DELETE";
    const Response response = world.answer(ask);
    CHECK(response.status == 405);
    CHECK_THAT(header(response, "Allow"),
               Catch::Matchers::Contains(route.method == Method::get ? "GET, HEAD" : "POST"));
  }
}

TEST_CASE("Manage and the directories are on the login host alone") {
  World world;
  for (const journey::Route& route : journey::routes()) {
    if (route.host == Host::every) continue;
    INFO(route.place.path);
    World::Ask ask = ask_for(world, route);
    ask.host = "app.test";
    ask.origin = "https://app.test";
    const Response response = world.answer(ask);
    if (route.host == Host::login_or_sent_there) {
      CHECK(response.status == 302);
      CHECK(header(response, "Location") == "https://login.test" + ask.path);
    } else {
      CHECK((response.status == 404 || response.status == 405 || response.status == 302));
    }
  }
}

TEST_CASE("no two rows answer the same request") {
  std::set<std::string> rows;
  for (const journey::Route& route : journey::routes()) {
    const std::string row = std::to_string(static_cast<int>(route.method)) + " " +
                            std::to_string(static_cast<int>(route.place.kind)) +
                            std::string(route.place.path);
    INFO(row);
    CHECK(rows.insert(row).second);
  }
}

TEST_CASE("a page that is opened is read without its body, a form with as much as it may have") {
  World world;
  for (const journey::Route& route : journey::routes()) {
    INFO(route.place.path);
    RequestHead head;
    const World::Ask ask = ask_for(world, route);
    head.method = ask.method;
    head.path = ask.path;
    head.headers.host = "login.test";
    const bool is_read = body_size(*world.settings, head) != BodySize::none;
    CHECK(is_read == (route.method == Method::post));
  }
}
