// Reference numbers as people type them.

#include <catch2/catch.hpp>

#include "session/token.h"

using anteroom::session::read_reference;

TEST_CASE("a reference number is read however it was typed") {
  for (const char* typed : {"7K2M-Q9XD", "7k2m-q9xd", "7K2MQ9XD", " 7K2M Q9XD "}) {
    CHECK(read_reference(typed) == "7K2M-Q9XD");
  }
  CHECK(read_reference("OIL0-1l1i") == "0110-1111");
  CHECK(read_reference("0123456789ABCDEF") == "0123456789abcdef");
}

TEST_CASE("what is not a reference number") {
  for (const char* typed : {"", "7K2M-Q9X", "7K2M-Q9XDD", "7K2U-Q9XD", "7K2M_Q9XD", "ann@corp.test",
                            "0123456789ABCDEG"}) {
    CHECK_FALSE(read_reference(typed));
  }
}
