#include "text/person_text.h"

#include <catch2/catch.hpp>

using namespace anteroom::text;

TEST_CASE("names are one line of plain text, as long as a name may be") {
  CHECK(fault_of_name("") == TextFault::none);
  CHECK(fault_of_name("Zoë O'Neil-Łukasz 李") == TextFault::none);
  CHECK(fault_of_name("می\u200cخواهم") == TextFault::none);
  CHECK(fault_of_name("Ann\nArbor") == TextFault::not_plain);
  CHECK(fault_of_name("Ann\u202e") == TextFault::not_plain);
  CHECK(fault_of_name("A\u200cnn") == TextFault::not_plain);
  CHECK(fault_of_name(std::string("A\0nn", 4)) == TextFault::not_plain);
  std::string longest;
  for (std::size_t i = 0; i < kMaxName; ++i) longest += "ł";
  CHECK(fault_of_name(longest) == TextFault::none);
  CHECK(fault_of_name(longest + "x") == TextFault::too_long);
}

TEST_CASE("text in another encoding is not a name, as it is or read as UTF-8") {
  CHECK(fault_of_name("Ren\xe9") == TextFault::not_utf8);
  CHECK(fault_of_name("Ren\ufffd") == TextFault::not_utf8);
  CHECK(fault_of_note("Ren\xe9\nM\xfcller") == TextFault::not_utf8);
}

TEST_CASE("notes may have lines") {
  CHECK(fault_of_note("one\r\ntwo\tthree") == TextFault::none);
  CHECK(fault_of_note("one\rtwo") == TextFault::not_plain);
  CHECK(fault_of_note(std::string(kMaxNote, 'x')) == TextFault::none);
  CHECK(fault_of_note(std::string(kMaxNote + 1, 'x')) == TextFault::too_long);
}

TEST_CASE("a directory's names may be longer, and no odder") {
  CHECK(is_directory_name(std::string(kMaxDirectoryName, 'x')));
  CHECK_FALSE(is_directory_name(std::string(kMaxDirectoryName + 1, 'x')));
  CHECK_FALSE(is_directory_name("Ann\u202e"));
}

TEST_CASE("heads are read as people write them") {
  CHECK(column_name(" Email ") == "email");
  CHECK(column_name("LEVEL") == "level");
}
