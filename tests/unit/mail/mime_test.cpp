#include "mail/mime.h"

#include "fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("quoted-printable: what it may hold, and how long its lines are") {
  CHECK(mail::quoted_printable("plain\n") == "plain\r\n");
  CHECK(mail::quoted_printable("no line end") == "no line end\r\n");
  CHECK(mail::quoted_printable("a=b\n") == "a=3Db\r\n");
  CHECK(mail::quoted_printable("é\n") == "=C3=A9\r\n");
  CHECK(mail::quoted_printable("end \n") == "end=20\r\n");
  CHECK(mail::quoted_printable("tab\t\n") == "tab=09\r\n");
  CHECK(mail::quoted_printable("a b\n\nc\n") == "a b\r\n\r\nc\r\n");
  CHECK(mail::quoted_printable(std::string("\r\0", 2)) == "=0D=00\r\n");
  CHECK(mail::quoted_printable(std::string(76, 'x') + "\n") == std::string(76, 'x') + "\r\n");
  CHECK(mail::quoted_printable("").empty());
}

TEST_CASE("quoted-printable: long lines come back whole") {
  std::string text;
  for (int i = 0; i < 3000; ++i)
    text += i % 7 == 0 ? "=" : i % 5 == 0 ? "ñ" : i % 3 == 0 ? " " : "x";
  text += "\n";
  const std::string encoded = mail::quoted_printable(text);
  for (const std::string& line : lines(encoded)) CHECK(line.size() <= 76);
  std::string back = decoded(encoded);
  back.replace(back.find("\r\n"), 2, "\n");
  CHECK(back == text);
}

TEST_CASE("a header of plain text stays readable") {
  CHECK(mail::text_header("Subject", "You may sign in now") == "Subject: You may sign in now\r\n");
}

TEST_CASE("a header that is not plain is encoded words, each short and of whole characters") {
  CHECK(mail::text_header("Subject", "sesión") == "Subject: =?UTF-8?Q?sesi=C3=B3n?=\r\n");
  const std::string header = mail::text_header("Subject", [] {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "ñ€😀";
    return text;
  }());
  for (const std::string& line : lines(header)) {
    CHECK(line.size() <= 76);
    const std::string word = line.substr(line.find("=?"));
    CHECK_THAT(word, StartsWith("=?UTF-8?Q?"));
    const std::string inner = word.substr(10, word.size() - 12);
    const auto first = std::stoi(inner.substr(1, 2), nullptr, 16);
    CHECK((first & 0xc0) != 0x80);  // no character is torn
  }
}

TEST_CASE("no value of a header begins another one") {
  for (const std::string evil : {"a\r\nBcc: eve@evil.test", "a\nBcc: eve@evil.test",
                                 "a\rBcc: eve@evil.test", "a\r\n\r\nbody"}) {
    CHECK(lines(mail::text_header("Subject", evil)).size() == 1);
    CHECK(lines(mail::address_header("From", evil, "a@b.test")).size() == 2);  // folded once
    CHECK_THAT(mail::address_header("From", evil, "a@b.test"), !Contains("\nB"));
  }
}

TEST_CASE("what looks like an encoded word is encoded itself") {
  CHECK_THAT(mail::text_header("Subject", "=?UTF-8?Q?=0D=0ABcc:?="), !Contains("=0D=0ABcc"));
  CHECK_THAT(mail::text_header("Subject", "=?UTF-8?Q?=0D=0ABcc:?="), Contains("=3D=3FUTF"));
}

TEST_CASE("a display name is quoted, so that it is not an address") {
  CHECK(mail::address_header("From", "Eve \"x\" <eve@evil.test>, \\", "a@b.test") ==
        "From: \"Eve \\\"x\\\" <eve@evil.test>, \\\\\"\r\n <a@b.test>\r\n");
  CHECK(mail::address_header("From", "José", "a@b.test") ==
        "From: =?UTF-8?Q?Jos=C3=A9?=\r\n <a@b.test>\r\n");
  CHECK(mail::address_header("To", "", "a@b.test") == "To: <a@b.test>\r\n");
}

TEST_CASE("dates are RFC 5322's, in UTC") {
  CHECK(mail::date_time(Time(std::chrono::seconds(0))) == "Thu, 01 Jan 1970 00:00:00 +0000");
  CHECK(mail::date_time(Time(std::chrono::seconds(1'800'000'000))) ==
        "Fri, 15 Jan 2027 08:00:00 +0000");
}
