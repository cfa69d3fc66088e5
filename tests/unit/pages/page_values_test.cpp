#include "pages/page_values.h"

#include <catch2/catch.hpp>

using namespace anteroom;

TEST_CASE("entries of lists, and of lists in them, are made presentable too") {
  const pages::Catalogue texts("sign_in = Entrar en {place}");
  const pages::Values inner{{}, {}, {{"label", {"sign_in"_message, {{"place", "<here>"}}}}}};
  const pages::Values row{{{"email", "ann@corp.test"}, {"action", "javascript:alert(1)"}},
                          {{"is_open", true}},
                          {},
                          {{"badges", {inner}}}};
  const pages::Values shown = presentable({{}, {}, {}, {{"rows", {row, row}}}}, texts);
  REQUIRE(shown.lists.at("rows").size() == 2);
  for (const pages::Values& seen : shown.lists.at("rows")) {
    CHECK(seen.text.at("email_start") == "ann");
    CHECK(seen.text.at("email_end") == "@corp.test");
    CHECK(seen.text.at("action").empty());
    CHECK(seen.flags.at("is_open"));
    CHECK(seen.lists.at("badges").at(0).text.at("label") == "Entrar en <here>");
  }
}
