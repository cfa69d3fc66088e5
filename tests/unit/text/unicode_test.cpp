#include "text/unicode.h"

#include <catch2/catch.hpp>
#include <string>

using namespace anteroom::text;

TEST_CASE("names of people are plain text, whatever their script") {
  const char* name =
      GENERATE("", "Ann O'Neil-Smith", "Zoë Åström", "李小龍", "Ольга", "محمد", "नमस्ते", "𝒜 😀");
  CHECK(is_plain_text(name, Lines::one));
}

TEST_CASE("what changes how text reads is not plain") {
  const auto bad = GENERATE(as<std::string>(), "a\x01", "a\x7f", "a\nb", "a\tb", "a\xc2\x85",  // C1
                            "\xe2\x80\xae"
                            "evil",  // right-to-left override
                            "\xe2\x81\xa6"
                            "evil",  // isolate
                            "\xd8\x9c"
                            "x",  // Arabic letter mark
                            "a\xe2\x80\x8b"
                            "b",  // zero width space
                            "a\xe2\x80\x8d"
                            "b",  // joiner
                            "a\xc2\xad"
                            "b",  // soft hyphen
                            "\xef\xbb\xbf"
                            "a",  // byte-order mark
                            "a\xe2\x80\xa8"
                            "b",                  // line separator
                            "a\xf3\xa0\x81\xa1",  // tag
                            "\xef\xbf\xbe",       // noncharacter
                            "\xe3\x85\xa4");      // Hangul filler
  CHECK_FALSE(is_plain_text(bad, Lines::one));
}

TEST_CASE("joiners stand where scripts are written with them, and nowhere else") {
  for (const char* name : {"علی\u200cرضا", "ක්\u200dෂේම", "ശ്രീമന്\u200d", "क्\u200cष", "👩\u200d🔧 Ann",
                           "❤\ufe0f\u200d🔥", "ann علی\u200c"}) {
    CAPTURE(name);
    CHECK(is_plain_text(name, Lines::one));
    CHECK(only_plain(name, "?") == name);
  }
  for (const char* name :
       {"ad\u200dmin", "ad\u200cmin", "\u200cعلی", "\u200d", "علی\u200c\u200cرضا", "علی \u200cرضا",
        "علی\u200c\u200d", "a\ufe0f\u200db", "李\u200d龍", "م\u200b"}) {
    CAPTURE(name);
    CHECK_FALSE(is_plain_text(name, Lines::one));
    CHECK(only_plain(name, "?") != name);
  }
  CHECK_FALSE(is_plain_text("علی\n\u200cرضا", Lines::many));
  CHECK(only_plain("علی a\u200db\u200cم\u200cر", "?") == "علی a?b?م\u200cر");
}

TEST_CASE("what is not UTF-8 is not plain") {
  const auto bad = GENERATE(as<std::string>(), "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf",
                            "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff");
  CHECK_FALSE(is_plain_text(bad, Lines::one));
  CHECK_FALSE(is_plain_text(bad, Lines::many));
}

TEST_CASE("a note may have lines") {
  CHECK(is_plain_text("one\r\ntwo\n\tthree", Lines::many));
  CHECK_FALSE(is_plain_text("one\rtwo", Lines::many));
  CHECK_FALSE(is_plain_text("one\r\ntwo", Lines::one));
}

TEST_CASE("text is measured and cut in characters") {
  CHECK(characters("Zoë") == 3);
  CHECK(cut("Zoë", 3) == "Zo");
  CHECK(cut("Zoë", 4) == "Zoë");
  CHECK(cut("ë", 1).empty());
  CHECK(trimmed(" \ta b\r\n") == "a b");
  CHECK(trimmed(" \n").empty());
}

TEST_CASE("what is not UTF-8 is replaced before a database sees it") {
  CHECK(well_formed("Zoë \U0001f600") == "Zoë \U0001f600");
  CHECK(well_formed("a\xff"
                    "b\xc3",
                    "?") == "a?b?");
  CHECK(well_formed("\xed\xa0\x80", "?") == "???");
  CHECK(well_formed(std::string("a\0b", 3)) ==
        "a\ufffd"
        "b");
  CHECK(printable("Zo\xc3\xab", 3) == "Zo");
  CHECK(printable("a\xc2\x9b"
                  "31m\xe2\x80\xae"
                  "b",
                  99) == "a?31m?b");  // CSI, right-to-left override
  CHECK(printable("Zo\xc3\xab \xe6\x9d\x8e", 99) == "Zo\xc3\xab \xe6\x9d\x8e");
  CHECK(printable("\xc3\x01z\x7f", 9) == "??z?");
}
