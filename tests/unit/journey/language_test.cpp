#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

TEST_CASE("pages speak the reader's language, refusals included") {
  World world;
  const Response asked = world.answer({.path = "/auth/sign-in", .accept_language = "es"});
  CHECK_THAT(asked.body, Contains("Iniciar sesión"));
  CHECK(header(asked, "Content-Language") == "es");
  CHECK(header(asked, "Vary") == "Accept-Encoding, Accept-Language");

  const Response unknown = world.answer({.method = "POST",
                                         .path = "/auth/sign-in",
                                         .body = "email=ann%40nowhere.test",
                                         .accept_language = "es"});
  CHECK_THAT(unknown.body, Contains("No conocemos nowhere.test como una empresa"));
  CHECK_THAT(world.answer({.path = "/auth/no-such-page", .accept_language = "es"}).body,
             Contains("No hay ninguna página en esta dirección."));
}

TEST_CASE("a button that YAML words is for every reader, a preset's own speaks their language") {
  World world;
  world.settings->identity_providers.at(1).button_of = "Microsoft";
  world.start();
  const auto page = [&](const std::string& domain) {
    return world
        .answer({.method = "POST",
                 .path = "/auth/sign-in",
                 .body = "email=ann%40" + domain,
                 .accept_language = "es"})
        .body;
  };
  CHECK_THAT(page("corp.test"), Contains(">Log In with corp</button>"));
  CHECK_THAT(page("other.test"), Contains(">Iniciar sesión con Microsoft</button>"));
}
