#include <catch2/catch.hpp>

#include "anteroom/domain_proofs.h"

using namespace anteroom;

TEST_CASE("a challenge is found whatever consoles make of it, and nothing else is") {
  const std::string challenge = "anteroom-domain=abc";
  for (const char* text :
       {"anteroom-domain=abc", " anteroom-domain=abc\n", "\"anteroom-domain=abc\"",
        "\"\"anteroom-domain=abc\"\"", "\" anteroom-domain=abc \""}) {
    CAPTURE(text);
    CHECK(has_challenge({"v=spf1", text}, challenge));
  }
  for (const char* text :
       {"", "\"", "\"\"", "anteroom-domain=ab", "anteroom-domain=abcd", "ANTEROOM-DOMAIN=ABC",
        "x anteroom-domain=abc", "\"anteroom-domain=abc"}) {
    CAPTURE(text);
    CHECK_FALSE(has_challenge({text}, challenge));
  }
  CHECK_FALSE(has_challenge({}, challenge));
}
