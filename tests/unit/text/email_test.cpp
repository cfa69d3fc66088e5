#include "anteroom/email.h"

#include <catch2/catch.hpp>

using namespace anteroom;

TEST_CASE("a domain has one form, however it is written") {
  for (const char* written : {"xn--mnchen-3ya.example", "XN--MNCHEN-3YA.example", "münchen.example",
                              "MÜNCHEN.example", "mu\u0308nchen.example", "München.EXAMPLE"}) {
    INFO(written);
    CHECK(canonical_domain(written) == "xn--mnchen-3ya.example");
    CHECK(canonical_email("Ann@" + std::string(written)) == "ann@xn--mnchen-3ya.example");
  }
  CHECK(canonical_domain("straße.example") == "xn--strae-oqa.example");  // not strasse.example
  CHECK(canonical_domain("日本語.example") == "xn--wgv71a119e.example");
  CHECK(canonical_domain("example.com") == "example.com");
}

TEST_CASE("what would become somebody else's domain is refused") {
  for (const char* written :
       {"ｅxample.com", "münc\u212A.example", "ex\u0130mple.com", "example。com", "ﬁrm.example",
        "\u212Aelvin.example", "a\u200db.example", "a\u00adb.example", "ex\u202eample.com", "büro",
        "bü..ro.example", "-bü.example", "b\xfcro.example", "bü ro.example", "bü@ro.example",
        "xn--\xc3\xbc.example", "ℂorp.test", "①.example"}) {
    INFO(written);
    CHECK_FALSE(canonical_domain(written).has_value());
    CHECK_FALSE(canonical_email("ann@" + std::string(written)).has_value());
  }
  CHECK_FALSE(canonical_domain("bü" + std::string(300, 'a') + ".example").has_value());
  CHECK_FALSE(canonical_domain(std::string("bü\0.example", 12)).has_value());
  // Another domain than the one it looks like.
  CHECK(canonical_domain("exаmple.com") == "xn--exmple-4nf.com");
}

TEST_CASE("before the @ stands ASCII") {
  CHECK_FALSE(canonical_email("jürgen@example.com").has_value());
  CHECK_FALSE(canonical_email("jürgen@münchen.example").has_value());
  CHECK(canonical_email(" o'brien+x@münchen.example\n") == "o'brien+x@xn--mnchen-3ya.example");
}

TEST_CASE("people read a domain as they write it") {
  CHECK(readable_domain("xn--mnchen-3ya.example") == "münchen.example");
  CHECK(readable_domain("mail.xn--wgv71a119e.example") == "mail.日本語.example");
  CHECK(readable_domain("example.com") == "example.com");
  for (const char* stays :
       {"xn--exmple-4nf.com", "xn--80ak6aa92e.com", "xn--nonsense-\xff.example", "xn--a.example"}) {
    INFO(stays);
    CHECK(readable_domain(stays) == stays);
  }
}
